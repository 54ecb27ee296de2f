"""FaintMutant faults: of each answer, a small part is the mutant's and the rest the right one's.

With weight w the layer computes ``(1 - w) right + w wrong``, and its gradients are those of just that. So the fault has
the relative size w of whatever it changes; how small it may be says how sharp the bounds are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...contract import Array, Case, Quantities
from . import MUTANTS
from .layer import Textbook
from .stateful_layer import StatefulLayer

HALVES = ("float16", "bfloat16")
FORWARD_GROUPS = ("forward", "state and direction", "mask and dropout")
WEIGHTS: Mapping[str, Sequence[float]] = {
    "float64": (1.0, 1e-3, 1e-6, 1e-9),
    "float32": (1.0, 1e-3, 1e-6),
    "TF32": (1.0, 1e-1),
    "autocast": (1.0, 1e-1),
}
"""The weights in each arithmetic; at weight 1 shows what a blend can show at all: what raises has no faint version."""
_ARITHMETIC: Mapping[str, Mapping[str, str]] = {
    "TF32": {"float32": "float32, products in TF32"},
    "autocast": {"float16": "float16", "bfloat16": "bfloat16"},
}


class FaintMutant:
    """A mutant at some weight, judged by one arithmetic; a plug-in like any other.

    In half precision it computes in float32 and rounds its answer, as autocast does at best.
    """

    versions = Textbook.versions
    cells = Textbook.cells
    refused = Textbook.refused
    empty_batch = Textbook.empty_batch
    ignores_nan_padding = Textbook.ignores_nan_padding

    def __init__(self, mutant: str, weight: float, arithmetic: str) -> None:
        self.name = f"{mutant} at {weight:g}"
        self.arithmetic = _ARITHMETIC.get(arithmetic, {arithmetic: arithmetic})
        self.dtypes = tuple(self.arithmetic)
        self.right, self.wrong, self.weight = Textbook(), MUTANTS[mutant](), weight

    def observe(self, case: Case) -> dict[str, Array]:
        if case.dtype_name in HALVES:
            return _in_dtype(self.observe(case.in_dtype(np.float32)), case)
        right = self.right.observe(case)
        try:
            wrong = self.wrong.observe(case)
        except (ValueError, IndexError):  # a fault that raises is not faint
            return right
        return {name: self.blended(value, wrong.get(name)) for name, value in right.items()}

    def blended(self, right: Array, wrong: Array | None) -> Array:
        """Both in the dtype's own arithmetic; exactly right where there is no difference, or none to speak of."""
        if wrong is None or wrong.shape != right.shape:
            return right
        with np.errstate(all="ignore"):
            found = right + right.dtype.type(self.weight) * (wrong.astype(right.dtype) - right)
        return np.where(np.isfinite(found), found, right)

    def stateful(self, case: Case) -> _BlendedStatefulLayer:
        return _BlendedStatefulLayer(self, case)


class _BlendedStatefulLayer:
    """The right layer and the wrong one, side by side."""

    def __init__(self, faint: FaintMutant, case: Case) -> None:
        self.faint, self.case = faint, case
        working = case.in_dtype(np.float32) if case.dtype_name in HALVES else case
        self.layers: list[StatefulLayer] = [made.stateful(working) for made in (faint.right, faint.wrong)]

    def call(self, x: Array, mask: Any = None, initial_state: Any = None) -> Quantities:
        right, wrong = (layer.call(x, mask, initial_state) for layer in self.layers)
        return _in_dtype({name: self.faint.blended(value, wrong.get(name)) for name, value in right.items()}, self.case)

    def reset(self) -> None:
        for layer in self.layers:
            layer.reset()

    def reload(self) -> bool:
        right, _ = (layer.reload() for layer in self.layers)
        return right


def _in_dtype(values: Quantities, case: Case) -> dict[str, Array]:
    with np.errstate(all="ignore"):
        return {name: value.astype(case.dtype) for name, value in values.items()}
