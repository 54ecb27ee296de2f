"""A run that is killed at a random moment leaves nothing, and begun anew it gives the same JSON but for times.

``python -m conformance.tests.commands.test_killed_runs 30`` does it thirty times.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ..support import processes_with, start

_TIMES = ("date", "seconds")
_LONGEST = 8.0  # seconds until it is killed: a run takes about so long


def outcome(folder: Path) -> Any:
    """The JSON of a whole run, without times."""
    report = folder / "verdict.json"
    running = _started(folder)
    try:
        status, said = running.ended()
    finally:
        running.end()
    assert status == 0, said
    return _without_times(json.loads(report.read_text()))


def killed(folder: Path, after: float) -> None:
    """Kills a run so many seconds after its start, and waits until nothing of it is left."""
    running = _started(folder)
    time.sleep(after)
    running.end()  # SIGKILL
    until = time.monotonic() + 60
    while processes_with("TMPDIR", str(folder)):
        assert time.monotonic() < until, "a process outlives the run"
        time.sleep(0.05)
    left = [path.name for path in folder.iterdir() if path.name != "verdict.json"]
    assert not left, f"left behind: {left}"


def _started(folder: Path) -> Any:
    plug_in = "conformance.tests.support.planted_failures:Small"
    options = ("--implementation", plug_in, "--cases", "12", "--json", str(folder / "verdict.json"))
    return start("-m", "conformance", "run", *options, TMPDIR=str(folder))


def _without_times(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _without_times(value) for name, value in content.items() if name not in _TIMES}
    return [_without_times(value) for value in content] if isinstance(content, list) else content


def check_killed_runs(count: int, folder: Path) -> None:
    """Kills and repeats so many runs."""
    whole, moments = outcome(folder), random.Random(0)
    for _ in range(count):
        killed(folder, moments.uniform(0, _LONGEST))
        assert outcome(folder) == whole


def test_a_killed_run_leaves_nothing_and_its_repetition_is_the_same(tmp_path: Path) -> None:
    check_killed_runs(2, tmp_path)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        check_killed_runs(int(sys.argv[1]), Path(place))
    print(f"{sys.argv[1]} runs were killed and repeated: the same JSON but for times, and nothing left")
