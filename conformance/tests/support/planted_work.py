"""Work of campaigns that says when it is done, raises, or ends its worker."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.running.campaigns.chunks import Campaign, Chunk, Found

SCHEMA = {"type": "object", "required": ["square"], "properties": {"square": {"type": "number"}}}


def squared(number: int, calls: str) -> Found:
    """The square; each call leaves a line."""
    with Path(calls).open("a") as lines:
        lines.write(f"{number}\n")
    return {"square": number**2}


def raises(number: int) -> Found:
    """It cannot be done."""
    raise ArithmeticError(f"no square of {number}\nand more of that")


def ends(number: int) -> Found:
    """It ends the worker, whichever it is."""
    os._exit(number)


def nonsense(number: int) -> Found:
    """No result of this work."""
    return {"cube": number**3}


def campaign(chunks: Sequence[Chunk]) -> Campaign:
    """A campaign of these chunks."""

    def merged(results: Sequence[tuple[Chunk, Found]]) -> dict[str, Any]:
        return {"sum": sum(found["square"] for _, found in results)}

    return Campaign("squares", chunks, "squares", (), "", SCHEMA, merged, lambda *_: None, bool)


def squares(calls: Path, count: int) -> list[Chunk]:
    """The first squares."""
    return [Chunk(squared, {"number": number, "calls": str(calls)}, 1) for number in range(count)]
