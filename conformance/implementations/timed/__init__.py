"""Frameworks as the benchmarks call them: what is built, compiled and handed over once is not in a call's time.

Each module has a class ``Timed`` with ``versions`` and ``prepare(work)``, which returns a function without arguments.
That does the work and returns the outputs, ``(batch, time, hidden)``, and the cotangent of the input, or None where no
gradients are asked for; both as something that `numpy.asarray` takes. `NotRun` says why it cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from .. import BUILT_IN, Source, source_of

if TYPE_CHECKING:
    from ...bench.work import Work

Call = Callable[[], tuple[Any, Any]]


class Timed(Protocol):
    """What the benchmarks ask of a framework."""

    @property
    def versions(self) -> Mapping[str, str]: ...

    def prepare(self, work: Work) -> Call: ...


def _here(module: str) -> str:
    return f"{__name__}.{module}:Timed"


def _keras(backend: str) -> Source:
    found = BUILT_IN[f"keras-{backend}"]
    return replace(found, target=_here("keras"), environment={**found.environment, "JAX_ENABLE_X64": "1"})


ORACLE = "oracle"
TIMED = {
    ORACLE: Source(_here("oracle")),
    "torch": replace(BUILT_IN["torch"], target=_here("pytorch")),
    "keras-tensorflow": _keras("tensorflow"),
    "keras-jax": _keras("jax"),
    "onnx-reference": replace(BUILT_IN["onnx-reference"], target=_here("onnx")),
    "numpy-ml": Source(_here("numpy_ml"), extra="numpy-ml", packages=("numpy_ml", "scipy")),
}
PRODUCT = f"{__name__}.oracle:Product"
"""A large matrix product of NumPy's: what the machine can do."""


def contestant(name: str) -> Source:
    """One of `TIMED`, or anyone's own; as in `source_of`."""
    return source_of(name, TIMED)
