"""The oracle, and a matrix product, as they are timed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import refimpl as ri

from ...cases.workload import Work
from ..timing import Call

_SIDE = 1024


class Timed:
    """`refimpl.forward`, and `refimpl.backward`."""

    versions: Mapping[str, str] = {"numpy": np.__version__}

    def prepare(self, work: Work) -> Call:
        """What does the work, all its checks of arguments included."""
        case = work.case()
        given = case.cell, case.params, case.x, case.initial_state

        def gradients() -> tuple[Any, Any]:
            run = ri.forward(*given)
            return run.outputs, ri.backward(run, case.d_outputs).x

        return gradients if work.gradients else lambda: (ri.forward(*given, keep=False).outputs, None)


class Product:
    """``A @ B``, square."""

    versions = Timed.versions
    operations = 2 * _SIDE**3

    def prepare(self, work: Work) -> Call:
        """The product in the work's dtype."""
        rng = np.random.default_rng(0)
        a, b = (rng.normal(size=(_SIDE, _SIDE)).astype(work.dtype) for _ in range(2))
        return lambda: (a @ b, None)
