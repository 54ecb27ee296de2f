"""Weights written by any layout and read by any other compute the same; where they cannot, the error knows a way."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument, SimpleRNN, forward, layouts
from ..layouts.converting import LAYOUTS

BIASES: list[dict[str, Any]] = [
    {"use_bias": one, "use_recurrent_bias": other} for one, other in product((True, False), repeat=2)
]
CELLS: list[Any] = [
    *(SimpleRNN(2, 3, **biases) for biases in BIASES),
    *(LSTM(2, 3, forget_bias=forget, **biases) for biases in BIASES for forget in (0.0, 1.0, 0.5)),
    *(LSTM(2, 3, proj_size=2, **biases) for biases in BIASES),
    *(LSTM(2, 3, peepholes=True, **biases) for biases in BIASES),
    *(GRU(2, 3, reset_after=after, **biases) for biases in BIASES for after in (True, False)),
]
NO_WAY = {
    "reset_after": "train the form that is wanted",
    "peepholes": "ONNX (P) and TensorFlow 1 (LSTMCell) have peepholes",
    "proj_size": "put a dense layer of hidden_size to proj_size behind",
    "SimpleRNN": "a cell of your own",
}
"""What makes other equations of a cell, so that no weights will do, and what the error then says."""


def drawn(cell: Any) -> tuple[dict[str, Any], Any, Any]:
    """Parameters, an input and the cell's answer."""
    rng = np.random.default_rng(3)
    params = {name: rng.standard_normal(shape) for name, shape in cell.parameter_shapes.items()}
    x = rng.standard_normal((4, 5, 2))
    return params, x, forward(cell, params, x).outputs


def refusal_of(call: Any, *arguments: Any) -> InvalidArgument | None:
    """What the call is refused with, if it is."""
    try:
        call(*arguments)
    except InvalidArgument as error:
        return error
    return None


@pytest.mark.parametrize("source", LAYOUTS)
def test_what_a_layout_writes_every_other_reads_or_refuses_for_equations_that_it_has_not(source: str) -> None:
    pairs = 0
    for cell in CELLS:
        params, x, expected = drawn(cell)
        if refusal_of(layouts.native, cell, source):
            continue
        own: Any = layouts.native(cell, source)
        converted = layouts.convert(params, from_=cell, to=source)
        written = LAYOUTS[source].load(own, LAYOUTS[source].dump(own, converted))
        for target, layout in LAYOUTS.items():
            if refusal := refusal_of(layouts.native, own, target):
                name = refusal.argument.removeprefix("cell.").replace("cell", type(own).__name__)
                assert NO_WAY[name] in str(refusal), f"{source} to {target}, {own}: {refusal}"
                continue
            to: Any = layouts.native(own, target)
            read = layout.load(to, layout.dump(to, layouts.convert(written, from_=own, to=target)))
            off = np.abs(forward(to, read, x).outputs - expected).max()
            assert off < 64 * 2.0**-52, f"{source} to {target}, {own}: off by {off}"
            pairs += 1
    assert pairs >= 12 * len(LAYOUTS), f"{source} to others: {pairs} pairs of cells"


@pytest.mark.parametrize("target", LAYOUTS)
def test_a_layout_that_refuses_biases_names_the_function_that_folds_or_splits_them(target: str) -> None:
    refused = 0
    for cell in CELLS:
        if refusal_of(layouts.native, cell, target):
            continue
        params, x, expected = drawn(cell)
        to: Any = layouts.native(cell, target)
        if refusal := refusal_of(LAYOUTS[target].dump, cell, params):
            assert "layouts.convert" in str(refusal), f"{target}, {cell}: {refusal}"
            refused += 1
        converted = layouts.convert(params, from_=cell, to=target)
        assert np.abs(forward(to, converted, x).outputs - expected).max() < 64 * 2.0**-52
    assert refused >= 8, f"{target} refuses {refused} of the cells"
