"""What is timed: the grid of sizes, every combination of it, and whether an answer is worth timing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ...cases.workload import Size, Work
from ...contract import Observed
from ...judging.expected import expect
from ...judging.verdict import judge

SIZES: tuple[Size, ...] = (
    (1, 1, 4, 4),
    (10, 1, 4, 8),
    (20, 4, 16, 16),
    (50, 32, 32, 32),
    (250, 128, 32, 32),
    (100, 1, 64, 128),
    (50, 32, 128, 128),
    (20, 64, 512, 512),
    (200, 128, 64, 512),
)
"""Sizes as (time, batch, input, hidden)."""
SCALING: Mapping[str, tuple[Size, ...]] = {
    "time": tuple((t, 32, 64, 64) for t in (25, 50, 100, 200, 400)),
    "batch": tuple((50, b, 64, 64) for b in (16, 32, 64, 128, 256)),
    "input": tuple((50, 32, i, 64) for i in (16, 32, 64, 128, 256)),
    "hidden": tuple((50, 32, 64, h) for h in (16, 32, 64, 128, 256)),
}
"""What grows alone, the rest held fixed."""


def disagreements_of_first_row(work: Work, outputs: Any, d_x: Any) -> list[str]:
    """What of the first row is out of its bounds: rows do not depend on each other."""
    whole = work.case()
    state = tuple(part[:1] for part in whole.initial_state_or_zeros())
    d_outputs = None if whole.d_outputs is None else whole.d_outputs[:1]
    row = whole.replace(x=whole.x[:1], initial_state=state, d_outputs=d_outputs)
    found = {"outputs": np.asarray(outputs)[:1]} | ({} if d_x is None else {"d_x": np.asarray(d_x)[:1]})
    missing = dict.fromkeys(("state", "gates", "gradients"), "not compared here")
    return [str(one) for one in judge(expect(row), Observed(found, missing)).disagreements]


def workloads(
    cells: Iterable[str], dtypes: Iterable[str], sizes: Iterable[Size], passes: Iterable[str]
) -> Iterator[Work]:
    """Every combination."""
    for dtype in dtypes:
        for pass_ in passes:
            for cell in cells:
                for time, batch, input_, hidden in sizes:
                    yield Work(cell, dtype, time, batch, input_, hidden, pass_ == "gradients")
