"""PyTorch: what a module computes, from the names and shapes of its tensors.

======================  =================================================================================
what                    where it is written
======================  =================================================================================
kind                    ``weight_ih`` has 4 rows a hidden unit (LSTM), 3 (GRU) or 1 (RNN)
sizes, layers           shapes; ``_l{k}`` counts the layers, ``_reverse`` marks the backward direction
``bias``, ``proj_size`` whether ``bias_ih``, ``weight_hr`` are there
``nonlinearity``        nowhere: tanh or relu must be said of an RNN; a module says it itself
======================  =================================================================================

Source: torch/nn/modules/rnn.py, PyTorch 2.13.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import checks
from ..errors import InvalidArgument
from ..gru import GRU
from ..lstm import LSTM
from ..parameters import Cell
from ..simple_rnn import SimpleRNN
from ..stack import Layer, Stack

_ACTIVATIONS = ("tanh", "relu")
_DTYPES = ("float64", "float32", "float16", "bfloat16")
_NAME = re.compile(r"(weight|bias)_(ih|hh|hr)(?:_l(\d+)(_reverse)?)?")


def cell_of(module: Any, prefix: str = "", activation: str | None = None) -> tuple[Cell | Stack, bool]:
    """What a module computes: a cell, or a `Stack` where it has layers or both directions; never in reverse.

    module       a ``state_dict``, a mapping from name to array or tensor; or a module, anything with ``state_dict()``
    prefix       what its tensors' names begin with in the mapping, such as ``encoder.lstm.``
    activation   "tanh" or "relu" of an RNN; None: the module's ``nonlinearity``, else tanh

    Raises `InvalidArgument` where the names and shapes are no recurrent module's.
    """
    prefix = checks.text("prefix", prefix)
    if not isinstance(module, type) and callable(getattr(module, "state_dict", None)):
        activation = getattr(module, "nonlinearity", None) if activation is None else activation
        module = module.state_dict()
    if activation is not None:
        activation = checks.one_of("activation", activation, _ACTIVATIONS)
    checks.instance("module", module, Mapping, "a state_dict, or a module that has one")
    shapes = {
        name.removeprefix(prefix): _shape(f"module[{name!r}]", value)
        for name, value in module.items()
        if isinstance(name, str) and name.startswith(prefix) and _NAME.fullmatch(name.removeprefix(prefix))
    }
    suffixes = [name.removeprefix("weight_ih") for name in shapes if name.startswith("weight_ih")]
    if not suffixes:
        raise InvalidArgument("module", expected=f"a tensor {prefix}weight_ih_l0 or {prefix}weight_ih", got=str(shapes))
    if suffixes == [""] or suffixes == ["_l0"]:
        return _cell(shapes, suffixes[0], prefix, activation), False
    both, count = "_l0_reverse" in suffixes, len([each for each in suffixes if not each.endswith("_reverse")])
    expected = [f"_l{k}{way}" for k in range(count) for way in (("", "_reverse") if both else ("",))]
    if sorted(suffixes) != sorted(expected):
        raise InvalidArgument("module", expected=f"weight_ih with the suffixes {expected}", got=str(suffixes))
    return Stack(
        tuple(
            Layer(
                _cell(shapes, f"_l{k}", prefix, activation),
                _cell(shapes, f"_l{k}_reverse", prefix, activation) if both else None,
            )
            for k in range(count)
        )
    ), False


def prefixes(names: Any) -> list[str]:
    """The prefixes of the recurrent modules among a model's tensors, in their order."""
    given = names if isinstance(names, Mapping) else checks.sequence("names", names, "the tensors' names")
    found = []
    for name in [checks.text("names", each) for each in given]:
        where, _, own = name.rpartition(".")
        prefix = f"{where}." if where else ""
        if re.fullmatch(r"weight_ih(_l0)?", own) and prefix not in found:
            found.append(prefix)
    return found


def _shape(name: str, value: Any) -> tuple[int, ...]:
    """Of an array, or of a tensor that NumPy may be unable to read, such as one in bfloat16 or on another device."""
    foreign = not isinstance(value, np.ndarray | np.generic) and hasattr(value, "shape")
    if not foreign or checks.carries_its_own_arithmetic(value):
        return tuple(checks.weights(name, value).shape)
    dtype = str(getattr(value, "dtype", None)).rpartition(".")[2]
    if dtype not in _DTYPES:
        raise InvalidArgument(name, expected=f"an array or tensor of {', '.join(_DTYPES)}", got=checks.described(value))
    return tuple(int(size) for size in value.shape)


def _cell(shapes: Mapping[str, tuple[int, ...]], suffix: str, prefix: str, activation: str | None) -> Cell:
    for name in ("weight_ih", "weight_hh"):
        if len(shapes.get(name + suffix, ())) != 2:
            got = shapes.get(name + suffix, "none")
            raise InvalidArgument(f"module[{prefix + name + suffix!r}]", expected="a matrix", got=str(got))
    (rows, size), (recurrent_rows, output) = shapes["weight_ih" + suffix], shapes["weight_hh" + suffix]
    projection = shapes.get("weight_hr" + suffix)
    if projection is not None and len(projection) != 2:
        name = f"module[{prefix + 'weight_hr' + suffix!r}]"
        raise InvalidArgument(name, expected="a matrix", got=f"shape {projection}")
    hidden = projection[1] if projection else output
    gates = {4: "LSTM", 3: "GRU", 1: "RNN"}.get(rows // hidden if hidden and rows % hidden == 0 else 0)
    if gates is None or recurrent_rows != rows or (projection and (gates != "LSTM" or projection[0] != output)):
        expected = f"4, 3 or 1 times {hidden} rows in weight_ih and weight_hh alike (LSTM, GRU, RNN)"
        raise InvalidArgument(
            f"module[{prefix + 'weight_ih' + suffix!r}]", expected=expected, got=f"{rows} and {recurrent_rows}"
        )
    biases = ["bias_ih" + suffix in shapes, "bias_hh" + suffix in shapes]
    if biases[0] != biases[1]:
        raise InvalidArgument(
            f"module[{prefix + 'bias_hh' + suffix!r}]", expected="both biases or none", got=str(biases)
        )
    for name in ("bias_ih", "bias_hh"):
        if shapes.get(name + suffix, (rows,)) != (rows,):
            got = f"shape {shapes[name + suffix]}"
            raise InvalidArgument(f"module[{prefix + name + suffix!r}]", expected=f"shape ({rows},)", got=got)
    bias: dict[str, Any] = {"use_bias": biases[0], "use_recurrent_bias": biases[0]}
    if gates == "LSTM":
        return LSTM(size, hidden, proj_size=output if projection else 0, **bias)
    if gates == "GRU":
        return GRU(size, hidden, **bias)
    return SimpleRNN(size, hidden, activation=activation or "tanh", **bias)
