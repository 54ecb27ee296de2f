"""Every layout in one table, made from what the layouts' own code does with a cell.

`as_markdown` dumps a cell whose sizes are all different through each layout and reads the shapes off. I is input,
H hidden, P projected size, D directions. So the table cannot say what the code does not do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from ..gru import GRU
from ..lstm import LSTM
from ..simple_rnn import SimpleRNN
from . import equinox, flax, fused, haiku, keras, mlx, ncnn, onnx, paddle, pytorch

_INPUT, _HIDDEN, _PROJECTED = 101, 11, 7  # so that each size of an array comes from one sum of them only
_ONE_BIAS = {"use_bias": True, "use_recurrent_bias": False}
_TWO_BIASES = {"use_bias": True, "use_recurrent_bias": True}


@dataclass(frozen=True)
class Row:
    """One line of the table: a framework's layer as a cell of ours.

    layer     the framework's name
    layout    what dumps it
    make      the cell's class
    options   its options; those of its biases and reset form are what the framework has
    letters   the framework's letters where they differ from ours, ours to theirs
    form      what the layout is told besides
    """

    layer: str
    layout: Any
    make: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)
    letters: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)


_PROJECTION = {"proj_size": _PROJECTED}
_KERAS = {"g": "c", "n": "h"}
_ONNX = {"g": "c", "n": "h"}
_NNX = {"form": "nnx"}
_FUSED = {"g": "j", "z": "u", "n": "candidate"}

ROWS = (
    Row("Keras `SimpleRNN`", keras, SimpleRNN, _ONE_BIAS),
    Row("Keras `LSTM`", keras, LSTM, _ONE_BIAS, _KERAS),
    Row("Keras `GRU(reset_after=True)`", keras, GRU, _TWO_BIASES | {"reset_after": True}, _KERAS),
    Row("Keras `GRU(reset_after=False)`", keras, GRU, _ONE_BIAS | {"reset_after": False}, _KERAS),
    Row("PyTorch `RNN`", pytorch, SimpleRNN, _TWO_BIASES),
    Row("PyTorch `LSTM`", pytorch, LSTM, _TWO_BIASES),
    Row("PyTorch `LSTM(proj_size=P)`", pytorch, LSTM, _TWO_BIASES | _PROJECTION),
    Row("PyTorch `GRU`", pytorch, GRU, _TWO_BIASES | {"reset_after": True}),
    Row("PaddlePaddle `SimpleRNN`", paddle, SimpleRNN, _TWO_BIASES),
    Row("PaddlePaddle `LSTM`", paddle, LSTM, _TWO_BIASES),
    Row("PaddlePaddle `LSTM(proj_size=P)`", paddle, LSTM, _TWO_BIASES | _PROJECTION),
    Row("PaddlePaddle `GRU`", paddle, GRU, _TWO_BIASES | {"reset_after": True}),
    Row("ONNX `RNN`", onnx, SimpleRNN, _TWO_BIASES),
    Row("ONNX `LSTM`", onnx, LSTM, _TWO_BIASES | {"peepholes": True}, _ONNX),
    Row("ONNX `GRU(linear_before_reset=0)`", onnx, GRU, _TWO_BIASES | {"reset_after": False}, _ONNX),
    Row("ONNX `GRU(linear_before_reset=1)`", onnx, GRU, _TWO_BIASES | {"reset_after": True}, _ONNX),
    Row("TensorFlow 1 `BasicRNNCell`", fused, SimpleRNN, _ONE_BIAS),
    Row("TensorFlow 1 `BasicLSTMCell`", fused, LSTM, _ONE_BIAS | {"forget_bias": 1.0}, _FUSED),
    Row("TensorFlow 1 `LSTMCell`", fused, LSTM, _ONE_BIAS | _PROJECTION | {"peepholes": True}, _FUSED),
    Row("TensorFlow 1 `GRUCell`", fused, GRU, _ONE_BIAS | {"reset_after": False}, _FUSED),
    Row("ncnn `RNN`", ncnn, SimpleRNN, _ONE_BIAS),
    Row("ncnn `LSTM`", ncnn, LSTM, _ONE_BIAS),
    Row("ncnn `LSTM` of two sizes", ncnn, LSTM, _ONE_BIAS | _PROJECTION),
    Row("ncnn `GRU`", ncnn, GRU, _TWO_BIASES | {"reset_after": True}),
    Row("Flax linen `SimpleCell`", flax, SimpleRNN, _ONE_BIAS),
    Row("Flax linen `LSTMCell`", flax, LSTM, _ONE_BIAS),
    Row("Flax linen `GRUCell`", flax, GRU, _TWO_BIASES | {"reset_after": True}),
    Row("Flax nnx `SimpleCell`", flax, SimpleRNN, _ONE_BIAS, form=_NNX),
    Row("Flax nnx `OptimizedLSTMCell`", flax, LSTM, _ONE_BIAS, form=_NNX),
    Row("Flax nnx `GRUCell`", flax, GRU, _ONE_BIAS | {"reset_after": True}, form=_NNX),
    Row("Equinox `LSTMCell`", equinox, LSTM, _ONE_BIAS),
    Row("Equinox `GRUCell`", equinox, GRU, _TWO_BIASES | {"reset_after": True}),
    Row("MLX `RNN`", mlx, SimpleRNN, _ONE_BIAS),
    Row("MLX `LSTM`", mlx, LSTM, _ONE_BIAS),
    Row("MLX `GRU`", mlx, GRU, _TWO_BIASES | {"reset_after": True}),
    Row("Haiku `VanillaRNN`", haiku, SimpleRNN, _TWO_BIASES),
    Row("Haiku `LSTM`", haiku, LSTM, _ONE_BIAS | {"forget_bias": haiku.FORGET_BIAS}),
    Row("Haiku `GRU`", haiku, GRU, _ONE_BIAS | {"reset_after": False}, {"n": "a"}),
)


def as_markdown() -> str:
    """The table; gates in the framework's order and letters, with ours where they differ."""
    lines = ["| layer | gates, in their order | arrays | biases |", "| --- | --- | --- | --- |"]
    for row in ROWS:
        cell = row.make(_INPUT, _HIDDEN, **row.options)
        runs = groupby(_arrays(row, cell), key=lambda pair: pair[1])
        arrays = ", ".join(_named([name for name, _ in run], _shape(row, shape)) for shape, run in runs)
        lines.append(f"| {row.layer} | {_gates(row, cell)} | {arrays} | {_biases(row, cell)} |")
    return "\n".join(lines)


def _named(names: list[str], shape: str) -> str:
    """Arrays of one shape; where a framework keeps each gate's apart, all of them at once."""
    if len(names) > 2:
        return f"{' '.join(f'`{name}`' for name in names)} {shape} each"
    return ", ".join(f"`{name}` {shape}" for name in names)


def _arrays(row: Row, cell: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name, or place in the list, and shape of each array that the layout makes of the cell's parameters."""
    dumped = row.layout.dump(cell, {name: np.zeros(shape) for name, shape in cell.parameter_shapes.items()}, **row.form)
    for name, array in dumped.items() if isinstance(dumped, dict) else enumerate(dumped):
        yield str(name).removesuffix("_l0"), array.shape


def _gates(row: Row, cell: Any) -> str:
    order = row.layout.GATE_ORDER[row.make.__name__]
    if len(order) == 1:
        return ""
    theirs = [row.letters.get(gate, gate) for gate in order]
    differ = [f"{row.letters[gate]} is our {gate}" for gate in order if row.letters.get(gate, gate) != gate]
    return " ".join(theirs) + (f" ({', '.join(differ)})" if differ else "")


def _biases(row: Row, cell: Any) -> str:
    if row.layout in (flax, equinox, mlx, ncnn) and cell.use_recurrent_bias:
        return "one, and the candidate's"
    return {1: "one", 2: "two"}[cell.use_bias + cell.use_recurrent_bias]


def _shape(row: Row, shape: tuple[int, ...]) -> str:
    """A shape in symbols. A leading 1 is the axis of directions of ONNX and ncnn."""
    begins, sizes = ("D, ", shape[1:]) if row.layout in (onnx, ncnn) else ("", shape)
    written = begins + ", ".join(_symbol(size) for size in sizes)
    return f"({written})"


def _symbol(size: int) -> str:
    for symbol, unit in (("I", _INPUT), ("", 0)):
        for hidden in range(9):
            for projected in range(2):
                if size == unit + hidden * _HIDDEN + projected * _PROJECTED and size:
                    terms = [symbol, f"{hidden if hidden > 1 else ''}H" * (hidden > 0), "P" * projected]
                    return "+".join(term for term in terms if term)
    return str(size)
