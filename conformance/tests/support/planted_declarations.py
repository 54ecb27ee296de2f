"""An implementation without a fault that declares an arithmetic far coarser than its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conformance.tests.support.planted_faults import Sound


class Coarse(Sound):
    """Computes in float32 and says that it is bfloat16."""

    name = "coarse"
    dtypes: Sequence[str] = ("float32",)
    arithmetic: Mapping[str, str] = {"float32": "bfloat16"}
