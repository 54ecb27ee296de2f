"""What a run keeps, and the pieces in which it goes through its steps: neither changes what is computed."""

from __future__ import annotations

import platform
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .. import backward, forward, trace
from ..errors import InvalidArgument
from ..lstm import LSTM
from ..parameters import Cell
from ..rounding import bounds
from ..stack import Stack
from .support import each_direction, each_shape, each_stack

BATCH, TIME = 3, 7


def given(cell: Cell | Stack, time: int = TIME) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return cell.init(rng), rng.normal(size=(BATCH, time, cell.input_size))


def a_mask() -> Any:
    return np.random.default_rng(1).random((BATCH, TIME)) < 0.7


def same_without_keeping(cell: Cell | Stack, **options: Any) -> None:
    kept, not_kept = (forward(cell, *given(cell), **options, keep=keep) for keep in (True, False))
    assert np.array_equal(kept.outputs, not_kept.outputs)
    assert all(map(np.array_equal, kept.state, not_kept.state))
    assert kept.gates
    assert not not_kept.gates
    with pytest.raises(InvalidArgument, match="run: expected one that keeps what the adjoint needs, got one of keep=F"):
        backward(not_kept)


@each_shape
@each_direction
@pytest.mark.parametrize("mask", [None, a_mask()], ids=["", "mask"])
@pytest.mark.parametrize("return_sequences", [True, False])
def test_a_run_that_keeps_nothing_has_the_same_outputs_and_cannot_be_differentiated(
    cell: Cell, reverse: bool, mask: Any, return_sequences: bool
) -> None:
    same_without_keeping(cell, reverse=reverse, mask=mask, return_sequences=return_sequences)


@each_stack
def test_so_does_a_stack(stack: Stack) -> None:
    same_without_keeping(stack)


@each_shape
@each_direction
@pytest.mark.parametrize("mask", [None, a_mask()], ids=["", "mask"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_pieces_of_any_length_give_the_same(
    cell: Cell, reverse: bool, mask: Any, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (params, x), d_outputs = given(cell), np.random.default_rng(2).normal(size=(BATCH, TIME, cell.output_size))
    whole = forward(cell, params, x, reverse=reverse, mask=mask)
    expected, (of_run, of_gradients) = backward(whole, d_outputs), bounds(whole, np.float64, d_outputs)
    monkeypatch.setattr(trace, "_CACHED", 0)
    monkeypatch.setattr(trace, "_ROWS", steps * BATCH)
    assert len(trace.pieces(cell, x)) == -(-TIME // steps)
    run = forward(cell, params, x, reverse=reverse, mask=mask)
    found = backward(run, d_outputs)
    assert (np.abs(run.outputs - whole.outputs) <= 2 * of_run.outputs).all()
    assert (np.abs(found.x - expected.x) <= 2 * of_gradients.x).all()
    for name, bound in of_gradients.params.items():
        assert (np.abs(found.params[name] - expected.params[name]) <= 2 * bound).all(), name


def memory_of(call: Any) -> tuple[int, Any]:
    """The most bytes that were in use at a time while it was called, and what it returned."""
    tracemalloc.start()
    try:
        found = call()
        return tracemalloc.get_traced_memory()[1], found
    finally:
        tracemalloc.stop()


def test_memory_is_little_more_than_what_the_adjoint_needs() -> None:
    cell, time = LSTM(4, 32), 2000
    params, x = given(cell, time)
    one = BATCH * time * cell.hidden_size * x.itemsize
    most, run = memory_of(lambda: forward(cell, params, x))
    assert most < 1.3 * 6 * one, "i, f, g, o, c and h of each step, and one piece of x W"
    most, _ = memory_of(lambda: backward(run))
    assert most < 4 * one, "the cotangents of outputs, zeros here, that of x, and what a piece needs"


def test_a_run_that_keeps_nothing_holds_its_outputs_alone() -> None:
    cell, time = LSTM(4, 32), 4000
    params, x = given(cell, time)
    one = BATCH * time * cell.hidden_size * x.itemsize
    most, _ = memory_of(lambda: forward(cell, params, x, keep=False))
    assert most < 1.5 * one
    most, _ = memory_of(lambda: forward(cell, params, x, keep=False, return_sequences=False))
    assert most < 0.5 * one


_FAULTS_A_CALL = """
import resource
import numpy as np
import {package} as ri

rng = np.random.default_rng(0)
cell = ri.LSTM(32, 32)
params, x = cell.init(rng), rng.normal(size=(32, 50, 32))
faults = []
for _ in range(8):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    ri.backward(ri.forward(cell, params, x), x)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(min(faults[4:]))
"""

if platform.libc_ver()[0] == "glibc":

    def test_a_call_gets_the_memory_that_the_last_one_freed() -> None:
        package = Path(__file__).parents[1]
        script = _FAULTS_A_CALL.format(package=package.name)
        done = subprocess.run([sys.executable, "-c", script], cwd=package.parent, capture_output=True, text=True)
        assert int(done.stdout) < 100, f"pages that a call got anew; without `trace._expect` 1500: {done.stderr}"
