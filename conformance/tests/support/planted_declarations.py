"""An implementation without a fault that declares an arithmetic far coarser than its own."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.tests.support.planted_faults import Sound


class Coarse(Sound):
    """Computes in float32 and says that it is bfloat16."""

    name = "coarse"
    dtypes = ("float32",)  # type: ignore[assignment]  # one less than what it derives from
    arithmetic: Mapping[str, str] = {"float32": "bfloat16"}
