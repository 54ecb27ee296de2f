"""Frameworks as the benchmarks call them: what is built, compiled and handed over once is not in a call's time.

Each module has a class ``Timed`` with ``versions`` and ``prepare(work)``, which returns a function without arguments.
That does the work and returns the outputs, ``(batch, time, hidden)``, and the cotangent of the input, or None where no
gradients are asked for; both as something that `numpy.asarray` takes. `NotRun` says why it cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..cases.workload import Work
from .finding import Source, offered, source_of

Call = Callable[[], tuple[Any, Any]]
ORACLE = "oracle"
TIMED = offered("timed")
PRODUCT = f"{__package__}.oracle.timed:Product"
"""A large matrix product of NumPy's: what the machine can do."""


class Timed(Protocol):
    """What the benchmarks ask of a framework."""

    @property
    def versions(self) -> Mapping[str, str]: ...

    def prepare(self, work: Work) -> Call: ...


def contestant(name: str) -> Source:
    """One of `TIMED`, or anyone's own; as in `source_of`."""
    return source_of(name, TIMED)
