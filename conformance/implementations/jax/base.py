"""What the implementations on JAX's libraries share: precisions, versions, and how directions are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from refimpl.stack import Stack, named_cells

from ...contract import Case, Quantities
from ..one_bias import OneBias
from ..program import Program, narrowed

EITHER = (False, True)
ACTIVATIONS: Mapping[str, str] = {"linear": "identity"}
"""Our names to those in ``jax.nn``, where they differ."""


class JaxLibrary(OneBias):
    """A library on JAX. Subclasses say what is built and called.

    packages     whose versions it has
    """

    packages: Sequence[str]
    dtypes: Sequence[str] = ("float64", "float32", "float16", "bfloat16")
    expensive = True  # every shape is compiled anew
    threads = False  # whether JAX has float64 is set for the whole process, by each call
    program: Program

    def __init__(self) -> None:
        self.versions = {package: version(package) for package in (*self.packages, "jax")}

    def arguments(self, case: Case) -> dict[str, Any]:
        return self.named_arrays(case)

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "only outputs and final states are returned"}

    def from_native(self, case: Case, native: Quantities) -> dict[str, Any]:
        ours = super().from_native(case, native)
        return {name: narrowed(value, case.dtype) for name, value in ours.items()}


def directions_of(cell: Any) -> tuple[str, ...]:
    """What the names of each direction begin with: a single cell's with nothing."""
    return tuple(prefix for prefix, _ in named_cells(cell))


def merge_of(cell: Any) -> str:
    """How the directions' outputs become one."""
    return str(cell.layers[0].merge) if isinstance(cell, Stack) else "concat"
