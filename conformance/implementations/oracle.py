"""The oracle itself as an implementation: in float32, and as a check of the suite that needs no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import refimpl as ri

from ..cases import Case, Observed, quantities, run_oracle

_ACTIVATIONS = ri.activations.NAMES
_GATED = {
    "activation": _ACTIVATIONS,
    "recurrent_activation": _ACTIVATIONS,
    "use_bias": (True, False),
    "use_recurrent_bias": (True, False),
}


class Oracle:
    """`refimpl`, computing in the case's own dtype."""

    name = "oracle"
    versions: Mapping[str, str] = {"numpy": np.__version__}
    dtypes = ("float64", "float32")
    cells: Sequence[Mapping[str, Any]] = [
        {"kind": "SimpleRNN", **{k: v for k, v in _GATED.items() if k != "recurrent_activation"}},
        {"kind": "LSTM", **_GATED},
        {"kind": "GRU", "reset_after": (True, False), **_GATED},
    ]

    def observe(self, case: Case) -> Observed:
        run = run_oracle(case)
        wanted = case.wants_gradients
        gradients = ri.backward(run, case.d_outputs, case.d_state) if wanted else None
        return Observed(quantities(run, gradients, case.state_names), path="NumPy")
