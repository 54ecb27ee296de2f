"""The process of one contestant: it reads requests as lines of JSON, and answers each by a line.

``{"prepare": work}`` builds and compiles, does the work once, checks the result against the oracle's bounds, and
answers with the seconds of a call. ``{"measure": calls}`` answers with the seconds of one of so many calls, after a
warm-up.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from ...cases.workload import Work
from ...contract import NotRun
from ...implementations.finding import imported, not_installed
from ...implementations.timing import PRODUCT, Call, contestant
from .workloads import disagreements_of_first_row

_SELF = Path("/proc/self")


def main(arguments: Sequence[str]) -> int:
    """Serves until its input ends."""
    name, threads = arguments
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # frameworks print where they like
    if sys.platform == "linux":
        _stay_with_the_parent(int(threads))
    timed, call = None, None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if timed is None:
                timed = _made(name)
            if "measure" in request:
                assert call is not None
                found: dict[str, Any] = {"seconds": _seconds(call, request["measure"])}
            else:
                work = Work(**request["prepare"])
                call = None  # what it holds is freed before the next is made
                call = timed.prepare(work)
                found = _prepared(call, work, checked=name != PRODUCT) | {"versions": dict(timed.versions)}
        except NotRun as reason:
            found = {"not run": str(reason)}
        except Exception as error:  # one contestant's fault is reported, and ends nothing
            found = {"not run": f"{type(error).__name__}: {error}"}
        print(json.dumps(found), file=answers, flush=True)
    return 0


def _stay_with_the_parent(threads: int) -> None:
    """Ends with it, since a stopped process sees no end of its input; and keeps to so many of its processors.

    Some make a thread for each processor that they may run on; NumPy has made its own already.
    """
    to_end_with_the_parent = 1
    ctypes.CDLL(None).prctl(to_end_with_the_parent, signal.SIGKILL)
    for thread in (_SELF / "task").iterdir():
        os.sched_setaffinity(int(thread.name), sorted(os.sched_getaffinity(0))[:threads])


def _made(name: str) -> Any:
    source = contestant(name)
    try:
        return imported(source.target)()
    except ModuleNotFoundError as error:
        if error.name not in source.packages:
            raise
        raise not_installed(source, error) from error


def _prepared(call: Call, work: Work, *, checked: bool) -> dict[str, Any]:
    answer = call()
    faults = disagreements_of_first_row(work, *answer) if checked else []
    if faults:
        raise NotRun(f"it computes something else: {faults[0]}")
    del answer
    start = perf_counter()
    call()
    return {"seconds": perf_counter() - start, "peak": _peak(call)}


def _seconds(call: Call, calls: int) -> float:
    call()  # wakes its threads, and fills the caches that the others had
    start = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - start) / calls


def _peak(call: Call) -> int | None:
    """By how many bytes a call makes the process grow at most; None where the system does not tell."""
    try:
        (_SELF / "clear_refs").write_text("5")  # from here on the highest is counted anew
        before = _memory("VmRSS")
        call()
        return max(0, _memory("VmHWM") - before)
    except (OSError, StopIteration):
        return None


def _memory(field: str) -> int:
    lines = (_SELF / "status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
