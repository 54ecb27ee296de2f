"""Frameworks as the benchmarks call them: what is built, compiled and handed over once is not in a call's time.

Each module has a class ``Timed`` with ``versions`` and ``prepare(work)``, which returns a function without arguments.
That does the work and returns the outputs, ``(batch, time, hidden)``, and the cotangent of the input, or None where no
gradients are asked for; both as something that `numpy.asarray` takes. `NotRun` says why it cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from .. import Source

if TYPE_CHECKING:
    from ...bench.work import Work

Call = Callable[[], tuple[Any, Any]]


class Timed(Protocol):
    """What the benchmarks ask of a framework."""

    @property
    def versions(self) -> Mapping[str, str]: ...

    def prepare(self, work: Work) -> Call: ...


def _keras(backend: str) -> Source:
    target = "conformance.implementations.timed.keras:Timed"
    variables = {"KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1"}  # both are read at import
    return Source(target, variables, f"keras-{backend}", ("keras", backend))


def _other(name: str, *packages: str, extra: str = "") -> Source:
    return Source(f"conformance.implementations.timed.{name}:Timed", extra=extra, packages=packages)


TIMED = {
    "oracle": _other("oracle"),
    "torch": _other("pytorch", "torch", extra="torch"),
    "keras-tensorflow": _keras("tensorflow"),
    "keras-jax": _keras("jax"),
    "onnx-reference": _other("onnx", "onnx", extra="onnx"),
    "numpy-ml": _other("numpy_ml", "numpy_ml", "scipy", extra="numpy-ml"),
}
PRODUCT = "conformance.implementations.timed.oracle:Product"
"""A large matrix product of NumPy's: what the machine can do."""


def source_of(name: str) -> Source:
    """One of `TIMED`, or what ``package.module:Class`` or ``file.py:Class`` names; `ValueError` for anything else."""
    if name in TIMED:
        return TIMED[name]
    if ":" not in name:
        raise ValueError(f"expected one of {', '.join(TIMED)}, package.module:Class or file.py:Class, got {name!r}")
    return Source(name)
