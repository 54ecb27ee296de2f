"""Cases of real sizes, with numbers as training begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..contract import Array
from .building import CaseBuilder, SizeLimits
from .classes.sizes import least_sizes
from .numbers import rounded

_MOST = 2000  # of any size


class RealCaseBuilder(CaseBuilder):
    """Builds a case of the sizes that its chooser is given, with numbers as training begins with.

    All weights have the deviation that PyTorch gives them, of numbers that are uniform within ``±1 / √units``; all else
    is normal. Numbers may occur twice, as half precision has only few.
    """

    def _size_ranges(self, limits: SizeLimits) -> dict[str, tuple[int, int]]:
        least = least_sizes(self.options)
        return {"hidden" if name == "units" else name: (low, max(low, _MOST)) for name, low in least.items()}

    def array(self, shape: Sequence[int], scales: Sequence[float], label: str) -> Array:
        return self._normal(shape, 1.0)

    def inputs(self, shape: Sequence[int]) -> Array:
        return self._normal(shape, 1.0)

    def parameter(self, cell: Any, name: str, shape: Sequence[int]) -> Array:
        return self._normal(shape, (3 * self.sizes["hidden"]) ** -0.5)

    def _normal(self, shape: Sequence[int], scale: float) -> Array:
        return rounded(scale * self.rng.normal(size=tuple(shape)), self.options["dtype"])
