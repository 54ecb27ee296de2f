"""Parameters of one cell as those of another with the same equations: biases folded into one, or split into two.

``h U + β`` and ``x W + b`` are added in every gate but one, so ``β`` may be added to ``b`` and set to zero, and the
other way round. The exception is the candidate of a GRU that resets after, ``x W_n + b_n + r ⊙ (h U_n + β_n)``. A
forget bias that is added at run time (TensorFlow 1) is one more term of the forget gate's bias.

`native` is the cell of the same equations whose biases are as a layout has them, `convert` the parameters for it::

    to = layouts.native(cell, "keras")
    weights = layouts.keras.dump(to, layouts.convert(params, from_=cell, to=to))

Nothing but biases changes. A sum of two biases is rounded once, everything else is exact.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import Array
from ..checks import described, mapping
from ..errors import InvalidArgument
from ..gru import GRU
from ..lstm import LSTM
from ..parameters import Cell, Parameters
from ..simple_rnn import SimpleRNN
from ..stack import Layer, Stack, is_cell, named_cells
from . import equinox, flax, fused, gates, haiku, keras, mlx, ncnn, onnx, onnx_node, paddle, pytorch

LAYOUTS: dict[str, Any] = {
    "keras": keras,
    "pytorch": pytorch,
    "onnx": onnx,
    "fused": fused,
    "flax": flax,
    "equinox": equinox,
    "mlx": mlx,
    "haiku": haiku,
    "paddle": paddle,
    "ncnn": ncnn,
}
_ONE_BIAS = ("flax", "equinox", "mlx", "ncnn")
"""Those that have a recurrent bias inside the reset product alone."""
_TWO_FUNCTIONS = {
    "pytorch": ("tanh", "relu"),
    "paddle": ("tanh", "relu"),
    "ncnn": ("tanh",),
    "equinox": ("tanh",),
    "mlx": None,
}
"""Those whose gates are sigmoids and whose LSTM and GRU have tanh, and what a SimpleRNN may have; None: anything."""
_BIASES = ("use_bias", "use_recurrent_bias", "forget_bias")
_REMEDIES = {
    "reset_after": "the reset form is no matter of layout: Keras and ONNX have both, PyTorch only reset_after=True, "
    "as PaddlePaddle, ncnn, Flax, Equinox and MLX, TensorFlow 1 only False, as Haiku; train the form that is wanted",
    "peepholes": "ONNX (P) and TensorFlow 1 (LSTMCell) have peepholes",
    "proj_size": "PyTorch, PaddlePaddle (proj_size), ncnn and TensorFlow 1 (LSTMCell) have a projection; else put a "
    "dense layer of hidden_size to proj_size behind an LSTM whose recurrent kernel is projection @ recurrent_kernel",
    "input_forget": "ONNX alone couples the gates",
    "clip": "ONNX alone clips arguments",
    "activation": "Keras and ONNX let it be chosen; else go over the steps with a cell of your own",
    "output_activation": "ONNX alone has an activation of its own for the cell state",
}


def native(cell: Cell | Stack, layout: str) -> Cell | Stack:
    """The same equations with biases as ``layout``, a name in `LAYOUTS`, has them.

    Raises `InvalidArgument`, which says where it can go instead, where that layout has no such cell.
    """
    return _native_of(cell, layout, "cell", "layout")


def _native_of(cell: Any, layout: Any, its_name: str, layouts_name: str) -> Cell | Stack:
    """`native`, whose refusals name its arguments as its caller does."""
    _check_is_cell(its_name, cell)
    if not isinstance(layout, str) or layout not in LAYOUTS:
        raise InvalidArgument(layouts_name, expected=f"one of {', '.join(LAYOUTS)}", got=described(layout))
    if isinstance(cell, Stack):
        found: Any = Stack(tuple(_native_layer(each, layout) for each in cell.layers))
    else:
        found = _native(cell, layout)
    try:
        for _, part in named_cells(found):
            _check_activations(part, layout)
        LAYOUTS[layout].dump(found, {name: np.zeros(shape) for name, shape in found.parameter_shapes.items()})
    except InvalidArgument as error:
        option = error.argument.removeprefix("cell.").removeprefix("recurrent_")
        remedy = f" ({_REMEDIES[option]})" if option in _REMEDIES else ""
        argument = its_name + error.argument.removeprefix("cell")
        raise InvalidArgument(argument, expected=f"{error.expected}{remedy}", got=error.got) from None
    ready: Cell | Stack = found
    return ready


def convert(params: Mapping[str, Any], *, from_: Cell | Stack, to: Cell | Stack | str) -> Parameters:
    """The parameters of ``to`` that make it compute what ``from_`` computes with ``params``.

    from_   the cell, or stack, that the parameters belong to
    to      one that differs in its biases alone; or a layout's name, for `native` of ``from_`` in it. Flax, Equinox,
            MLX and ncnn have the candidate's recurrent bias alone, so into them the others are folded

    Raises `InvalidArgument`, which says what would help, where no biases of ``to`` do.
    """
    _check_is_cell("from_", from_)
    target = _native_of(from_, to, "from_", "to") if isinstance(to, str) else to
    _check_is_cell("to", target)
    params = mapping("params", params, from_.parameter_shapes)
    parts, targets = named_cells(from_), named_cells(target)
    if [prefix for prefix, _ in parts] != [prefix for prefix, _ in targets]:
        expected = f"the layers and directions of from_, {[prefix for prefix, _ in parts]}"
        raise InvalidArgument("to", expected=expected, got=str([prefix for prefix, _ in targets]))
    found: Parameters = {}
    for (prefix, source), (_, one) in zip(parts, targets, strict=True):
        _check_alike(prefix, source, one)
        own = {
            name: gates.checked(f"params[{prefix + name!r}]", params[prefix + name], shape)
            for name, shape in source.parameter_shapes.items()
        }
        found |= {
            prefix + name: value for name, value in _with_biases(prefix, own, source, one, to in _ONE_BIAS).items()
        }
    return found


def folded(cell: Cell, params: Mapping[str, Any]) -> Array:
    """One bias that stands for both, and for the forget bias, ``(gates * hidden,)``; without the recurrent bias of a
    reset product, for which it cannot stand."""
    width = len(cell.gate_order) * cell.hidden_size
    like = params["kernel"]
    total = np.zeros(width, like.dtype) + params.get("bias", np.zeros(width, like.dtype))
    recurrent = np.array(params.get("recurrent_bias", np.zeros(width, like.dtype)))
    if _resets_after(cell):
        recurrent[-cell.hidden_size :] = 0
    total = total + recurrent
    if forget := getattr(cell, "forget_bias", 0.0):
        total[cell.hidden_size : 2 * cell.hidden_size] += forget
    return total


def _check_is_cell(name: str, cell: Any) -> None:
    """`InvalidArgument` for all but the oracle's own cells, which alone have the options that are changed here."""
    if not isinstance(cell, Stack) and not (is_cell(cell) and isinstance(cell, SimpleRNN | LSTM | GRU)):
        raise InvalidArgument(name, expected="SimpleRNN, LSTM, GRU or a Stack of layers", got=described(cell))


def _native_layer(layer: Layer, layout: str) -> Layer:
    ahead, back = (one and _native(one, layout) for one in (layer.forward, layer.backward))
    return Layer(ahead, back, layer.merge)


def _native(cell: Any, layout: str) -> Any:
    any_bias = cell.use_bias or cell.use_recurrent_bias or bool(getattr(cell, "forget_bias", 0.0))
    both = {"use_bias": any_bias, "use_recurrent_bias": any_bias}
    if layout == "keras":
        both["use_recurrent_bias"] = any_bias and _resets_after(cell)
    if layout in _ONE_BIAS:
        has_one = any_bias or layout in ("flax", "ncnn")
        both = {"use_bias": has_one, "use_recurrent_bias": has_one and _resets_after(cell)}
    if layout == "fused":
        return dataclasses.replace(cell, use_bias=True, use_recurrent_bias=False)
    if layout == "haiku":
        both = {"use_bias": True, "use_recurrent_bias": cell.use_recurrent_bias and isinstance(cell, SimpleRNN)}
        forget = {"forget_bias": haiku.FORGET_BIAS} if isinstance(cell, LSTM) else {}
        return dataclasses.replace(cell, **both, **forget)
    return dataclasses.replace(cell, **both, **({"forget_bias": 0.0} if hasattr(cell, "forget_bias") else {}))


def _check_activations(cell: Any, layout: str) -> None:
    """`InvalidArgument` where the framework's layer computes another function than the cell has."""
    if layout == "onnx":
        for name in ("activation", "recurrent_activation"):
            try:
                onnx_node.to_onnx(getattr(cell, name, "tanh"))
            except InvalidArgument as error:
                raise InvalidArgument(f"cell.{name}", expected=error.expected, got=error.got) from None
    if layout not in _TWO_FUNCTIONS:
        return
    gated = not isinstance(cell, SimpleRNN)
    some = ("tanh",) if gated else _TWO_FUNCTIONS[layout]
    allowed = {"activation": some, "recurrent_activation": ("sigmoid",) if gated else None}
    for name, functions in allowed.items():
        if functions is not None and (own := getattr(cell, name)) not in functions:
            raise InvalidArgument(f"cell.{name}", expected=f"{' or '.join(functions)} (as {layout} has it)", got=own)


def _check_alike(prefix: str, source: Any, target: Any) -> None:
    """`InvalidArgument` where the cells differ in more than their biases."""
    if type(source) is not type(target):
        raise InvalidArgument("to", expected=f"a {type(source).__name__}, as from_ is", got=type(target).__name__)
    for field in dataclasses.fields(source):
        ours, theirs = getattr(source, field.name), getattr(target, field.name)
        if field.name not in _BIASES and ours != theirs:
            remedy = f" ({_REMEDIES[field.name]})" if field.name in _REMEDIES else ""
            raise InvalidArgument(
                f"to: {prefix}{field.name}", expected=f"{ours!r}, as from_ has it{remedy}", got=repr(theirs)
            )


def _with_biases(prefix: str, params: Parameters, source: Any, target: Any, fold: bool) -> Parameters:
    hidden = source.hidden_size
    rest = {name: value for name, value in params.items() if name not in ("bias", "recurrent_bias")}
    one = folded(source, params)
    if forget := getattr(target, "forget_bias", 0.0):
        one[hidden : 2 * hidden] -= forget
    zeros = np.zeros_like(one)
    inside = zeros.copy()  # what stands in the reset product, and can go nowhere else
    if _resets_after(source) and source.use_recurrent_bias:
        inside[-hidden:] = params["recurrent_bias"][-hidden:]
    found: dict[str, Array] = {}
    if target.use_bias and target.use_recurrent_bias:
        keeps = source.use_bias and source.use_recurrent_bias and source == target and not fold
        found = {"bias": params["bias"], "recurrent_bias": params["recurrent_bias"]} if keeps else _split(one, inside)
    elif target.use_bias:
        _needs_none(
            f"{prefix}recurrent_bias", inside, "use_recurrent_bias=True in `to`: it stands inside the reset product"
        )
        found = {"bias": one}
    elif target.use_recurrent_bias:
        outside = one[-hidden:] if _resets_after(source) else zeros
        _needs_none(
            f"{prefix}bias", outside, "use_bias=True in `to`: the candidate's bias stands outside the reset product"
        )
        found = {"recurrent_bias": one + inside}
    else:
        _needs_none(f"{prefix}bias", one + inside, "use_bias=True in `to`")
    return {name: (rest | found)[name] for name in target.parameter_shapes}


def _split(one: Array, inside: Array) -> dict[str, Array]:
    return {"bias": one, "recurrent_bias": inside}


def _needs_none(name: str, bias: Array, remedy: str) -> None:
    if np.any(bias != 0):
        raise InvalidArgument(
            f"params[{name!r}]", expected=f"zeros, or {remedy}", got=f"{np.count_nonzero(bias)} others"
        )


def _resets_after(cell: Any) -> bool:
    return bool(getattr(cell, "reset_after", False))
