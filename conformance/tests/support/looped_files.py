"""Recurrent layers as ONNX loops, in the form in which tf2onnx writes TensorFlow's ``while``: a cell step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper, numpy_helper

SIZE, UNITS = 3, 4
CELLS = ("RNN", "LSTM", "after", "before")
"""The GRUs are called by where their reset comes."""
STEPS = {
    "RNN": "MatMul(x,W)=xw Add(xw,b)=xb MatMul(h,U)=hu Add(xb,hu)=s Tanh(s)=H",
    "LSTM": "MatMul(x,W)=xw MatMul(h,U)=hu Add(xw,hu)=s Add(s,b)=a Split(a)=i,f,g,o Sigmoid(i)=si Sigmoid(f)=sf "
    "Tanh(g)=tg Sigmoid(o)=so Mul(sf,c)=fc Mul(si,tg)=ig Add(fc,ig)=C Tanh(C)=tc Mul(so,tc)=H",
    "after": "MatMul(x,W)=xw Add(xw,b)=xb MatMul(h,U)=hu Add(hu,rb)=hb Split(xb)=xz,xr,xn Split(hb)=hz,hr,hn "
    "Add(xz,hz)=az Sigmoid(az)=z Add(xr,hr)=ar Sigmoid(ar)=r Mul(r,hn)=rn Add(xn,rn)=an Tanh(an)=n "
    "Mul(z,h)=zh Sub(one,z)=y Mul(y,n)=yn Add(zh,yn)=H",
    "before": "MatMul(x,W)=xw Add(xw,b)=xb Split(xb)=xz,xr,xn Split(U)=Uz,Ur,Un MatMul(h,Uz)=hz MatMul(h,Ur)=hr "
    "Add(xz,hz)=az Sigmoid(az)=z Add(xr,hr)=ar Sigmoid(ar)=r Mul(r,h)=rh MatMul(rh,Un)=hn Add(xn,hn)=an Tanh(an)=n "
    "Mul(z,h)=zh Sub(one,z)=y Mul(y,n)=yn Add(zh,yn)=H",
}
HARD = {
    squash: f"Add({argument},three)={argument}3 Clip({argument}3,nil,six)={argument}6 Mul({argument}6,sixth)={made}"
    for argument, made, squash in (
        ("i", "si", "Sigmoid(i)=si"),
        ("f", "sf", "Sigmoid(f)=sf"),
        ("o", "so", "Sigmoid(o)=so"),
    )
}
"""By an LSTM's sigmoid, Keras 3's hard_sigmoid in its place."""
_CHOSEN = " Mul({new},mf)={out}m Mul({old},of)={out}o Add({out}m,{out}o)={out}"
_ATTRIBUTES: dict[str, dict[str, Any]] = {"Split": {"axis": -1}, "Cast": {"to": 1}, "Gather": {"axis": 0}}


def looped(cell: str, *, masked: bool = False, backwards: bool = False, step: str = "", before: float = 0.0) -> Any:
    """A model of one layer.

    step     another step than that of the cell, in the same words
    before   what counts as the output before the first step, where that is masked
    """
    states = ["h", "c"] if cell == "LSTM" else ["h"]
    words, carried, output = step or STEPS[cell], [(name, name.upper()) for name in states], "H"
    if masked:
        words += " Not(m)=off Cast(m)=mf Cast(off)=of"
        words += "".join(_CHOSEN.format(new=new, old=old, out=f"{old}_next") for old, new in carried)
        words += _CHOSEN.format(new="H", old="p", out="p_next")
        carried, output = [(name, f"{name}_next") for name in (*states, "p")], "p_next"
    words = "Gather(seq,k)=x Add(k,1)=K Identity(on)=On " + ("Gather(seq_m,k)=m " if masked else "") + words
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        _nodes(f"{words} Identity({output})=kept"),
        "body",
        [value("at", 7, []), value("on", 9, []), value("k", 7, []), *(_rows(name) for name, _ in carried)],
        [value("On", 9, []), value("K", 7, []), *(_rows(name) for _, name in carried), _rows("kept")],
    )
    begins, ends = [f"{name}_start" for name, _ in carried], [f"{name}_end" for name, _ in carried]
    outer = _nodes("Shape(in)=shape Gather(shape,1)=length")
    if masked:
        outer += _nodes("Shape(h_start)=sizes ConstantOfShape(sizes)=zeros Add(zeros,before)=p_start")
        outer = outer if before else [*outer[:-1], helper.make_node("Identity", ["zeros"], ["p_start"])]
    for source, target in (("in", "seq"), ("mask", "seq_m"))[: 1 + masked]:
        outer.append(helper.make_node("Transpose", [source], [f"{target}_ahead"], perm=[1, 0, 2]))
        turned = f"Slice({target}_ahead,-1,-all,0,-1)={target}" if backwards else f"Identity({target}_ahead)={target}"
        outer += _nodes(turned)
    loop = ["length", "true", "0_", *begins], ["K_end", *ends, "out"]
    outer.append(helper.make_node("Loop", *loop, name="while", body=body))
    outer.append(helper.make_node("Transpose", ["out"], ["y"], perm=[1, 0, 2]))
    asked = [value("in", 1, ["batch", "time", SIZE]), *([value("mask", 9, ["batch", "time", 1])] if masked else [])]
    returned = [value("y", 1, ["batch", "time", UNITS]), _rows("h_end")]
    graph = helper.make_graph(
        outer, "g", [*asked, *map(_rows, begins[: len(states)])], returned, _tensors(cell, before)
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _rows(name: str) -> Any:
    return helper.make_tensor_value_info(name, 1, ["batch", UNITS])


def _nodes(words: str) -> list[Any]:
    """``Add(a,b)=c`` as a node."""
    found = []
    for each in words.split():
        call, _, outputs = each.rpartition("=")
        operator, _, inputs = call.rstrip(")").partition("(")
        found.append(helper.make_node(operator, inputs.split(","), outputs.split(","), **_ATTRIBUTES.get(operator, {})))
    return found


def _tensors(cell: str, before: float) -> list[Any]:
    rng, gates = np.random.default_rng(5), {"RNN": 1, "LSTM": 4}.get(cell, 3)
    shapes = {"W": (SIZE, gates * UNITS), "U": (UNITS, gates * UNITS), "b": (gates * UNITS,), "rb": (gates * UNITS,)}
    found = [numpy_helper.from_array(rng.normal(0, 0.6, s).astype(np.float32), name) for name, s in shapes.items()]
    plain: dict[str, Any] = {"one": np.float32(1), "before": np.float32(before), "true": True, "1": 1, "0_": 0}
    plain |= {"nil": np.float32(0), "three": np.float32(3), "six": np.float32(6), "sixth": np.float32(1 / 6)}
    plain |= {"-1": [-1], "-all": [-(2**31)], "0": [0]}
    return found + [numpy_helper.from_array(np.array(value), name) for name, value in plain.items()]
