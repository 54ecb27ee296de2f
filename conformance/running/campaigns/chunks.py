"""A campaign and its chunks. A chunk's identity is a digest of all that its result follows from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Found = Mapping[str, Any]
"""What a chunk gives: JSON, with no time in it and no number that is not finite."""


@dataclass(frozen=True)
class Chunk:
    """A piece of work that a worker does at one go.

    work         what does it, called with the parameters: a function of a module, which workers import
    parameters   the range of it by seed, options, names: JSON
    amount       how many cases it has
    """

    work: Callable[..., Found]
    parameters: Mapping[str, Any]
    amount: int

    @property
    def named(self) -> str:
        """The work and its parameters, in one line."""
        given = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.work.__module__.rpartition('.')[2]}.{self.work.__qualname__}({given})"

    def identity(self, environment: str) -> str:
        """The digest of the work, its parameters, and the environment, given by its own digest."""
        return digest_of(
            {
                "work": f"{self.work.__module__}:{self.work.__qualname__}",
                "parameters": self.parameters,
                "environment": environment,
            }
        )


@dataclass(frozen=True)
class Campaign:
    """Long work as a whole.

    chunks      in the order of the result
    unit        what `Chunk.amount` counts
    packages    whose versions the result depends on, beside NumPy: as they are imported
    plugin      the file of an implementation of one's own, whose content it depends on; empty: none
    schema      the JSON schema of each chunk's result
    merged      the results of chunks, in their order, put together
    show        prints on a console of rich what was merged
    passed      whether it is as it should be
    """

    name: str
    chunks: Sequence[Chunk]
    unit: str
    packages: tuple[str, ...]
    plugin: str
    schema: Mapping[str, Any]
    merged: Callable[[Sequence[tuple[Chunk, Found]]], Found]
    show: Callable[[Any, Found], None]
    passed: Callable[[Found], bool]


def of_part(chunks: Sequence[Chunk], part: int, parts: int) -> Sequence[Chunk]:
    """Every ``parts``-th chunk, from the one numbered ``part`` on: 1 is the first. For a matrix of jobs by index."""
    return chunks[part - 1 :: parts]


def canonical(content: Any) -> bytes:
    """JSON of which there is one form only. `ValueError` for what is not finite."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest_of(content: Any) -> str:
    """SHA-256 of the `canonical` form."""
    return hashlib.sha256(canonical(content)).hexdigest()
