"""numpy-ml's cells as they are timed: recurrent layers in NumPy, written for reading.

Its last release is of 2020. It looks for ``collections.Hashable``, which CPython 3.10 removed, and its class ``LSTM``
cannot be made (its base sets an attribute that is a property there); what the layers loop over is called here.
"""

from __future__ import annotations

import collections
import collections.abc
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

setattr(collections, "Hashable", collections.abc.Hashable)  # noqa: B010  # mypy knows that it is not there
from numpy_ml.neural_nets.layers import LSTMCell, RNNCell  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: E402

from refimpl.linear import blocks  # noqa: E402

from ...cases.workload import Work  # noqa: E402
from ...contract import NotRun  # noqa: E402
from ..timing import Call  # noqa: E402


class Timed:
    """``RNNCell`` and ``LSTMCell``, step by step."""

    versions: Mapping[str, str] = {"numpy-ml": version("numpy-ml")}

    def prepare(self, work: Work) -> Call:
        """The cell with its weights."""
        if work.cell not in ("SimpleRNN", "LSTM"):
            raise NotRun("it has no GRU")
        if work.dtype != "float64":
            raise NotRun("it computes in float64")
        case = work.case()
        cell = RNNCell(work.hidden) if work.cell == "SimpleRNN" else LSTMCell(work.hidden)
        cell.n_in = work.input
        steps = [np.ascontiguousarray(case.x[:, t]) for t in range(work.time)]

        cell._init_params()
        cell.parameters |= _weights(work.cell, case.params)
        derived = dict(cell.derived_variables)

        def forward() -> Any:
            cell.X = []
            cell.derived_variables = {key: [] if isinstance(value, list) else value for key, value in derived.items()}
            cell.gradients = {key: np.zeros_like(value) for key, value in cell.gradients.items()}
            found = [cell.forward(step) for step in steps]
            return np.stack([each[0] if work.cell == "LSTM" else each for each in found], axis=1)

        def gradients() -> tuple[Any, Any]:
            outputs, d_outputs = forward(), case.d_outputs
            assert d_outputs is not None
            d_x = [cell.backward(d_outputs[:, t]) for t in reversed(range(work.time))]
            return outputs, np.stack(d_x[::-1], axis=1)

        return gradients if work.gradients else lambda: (forward(), None)


def _weights(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The cell's parameters by its names."""
    if kind == "SimpleRNN":
        bias = params["bias"][:, None]
        return {"Wax": params["kernel"], "Waa": params["recurrent_kernel"], "bx": bias, "ba": np.zeros_like(bias)}
    joined = np.concatenate([params["recurrent_kernel"], params["kernel"]])  # it puts h before x
    gates = zip("ufco", blocks(joined, 4), blocks(params["bias"], 4), strict=True)
    found = [(f"W{name}", weights, f"b{name}", bias[None]) for name, weights, bias in gates]
    return {key: value for w, weights, b, bias in found for key, value in ((w, weights), (b, bias))}
