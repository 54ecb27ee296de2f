"""A command that is killed at a random moment leaves nothing, and given again it gives the same as one that was not.

``python -m conformance.tests.commands.test_killed_runs 30`` kills each thirty times, and one more that the suite leaves
out: a job with its framework.
"""

from __future__ import annotations

import json
import lzma
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.common.fixtures import directory

from ..support import Running, processes_with, start

_TIMES = ("date", "recorded", "seconds", "speed")
_SUPPORT = "conformance.tests.support"
_CERTIFIES = """
import sys
from pathlib import Path
from conformance.truth import corpus_certification, families

if __name__ == "__main__":
    drafts = tuple(family for family in families.all_families() if family.name in ("hand_sized", "tiny"))
    corpus_certification.all_families = lambda: drafts
    corpus_certification.certify_corpus(Path("work"), jobs=2)
"""
_WITHOUT_FRAMEWORK = """
import sys
from conformance.commands.main import main
from conformance.contract import NotRun
from conformance.models.jobs import elman

def ask(*_):
    raise NotRun("left out")

elman.ask = ask
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Command:
    """A command that is killed; it writes into the folder ``work`` of where it is started.

    arguments   Python's
    content     what a file that it has written there holds, without times
    script      a file that it runs, as each process of a pool imports it
    status      its exit status
    goes_on     what a killed one may leave in the folder, since the next one goes on from there
    """

    arguments: tuple[str, ...]
    content: Callable[[Path], Any]
    script: str = ""
    status: int = 0
    goes_on: str = ""


def _lines(path: Path) -> Any:
    return [_without_times(json.loads(line)) for line in lzma.decompress(path.read_bytes()).splitlines()]


def _arrays(path: Path) -> Any:
    with np.load(path) as stored:  # "about" says how long each epoch took, and the checksum is of that too
        return {name: stored[name].tobytes() for name in stored.files if name not in ("about", "sha256")}


def _without_times(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _without_times(value) for name, value in content.items() if name not in _TIMES}
    return [_without_times(value) for value in content] if isinstance(content, list) else content


_RUN = ("run", "--implementation", f"{_SUPPORT}.planted_failures:Small", "--cases", "12", "--json", "work/run.json")
_RECORD = ("record", "--implementation", f"{_SUPPORT}.planted_changes:Small", "work/small.jsonl.xz")
_JOB = ("job", "elman", "--epochs", "60", "--rows", "64", "--steps", "9", "--keep", "--folder", "work")
_CAMPAIGN = ("campaign", "walk", "--implementation", f"{_SUPPORT}.planted_failures:Small", "--dtype", "float64")
_IN_CHUNKS = ("--cases", "48", "--chunk", "6", "--workers", "2", "--folder", "work/chunks", "--json", "work/walk.json")
COMMANDS = {
    "run": Command(("-m", "conformance", *_RUN), lambda path: _without_times(json.loads(path.read_text()))),
    "record": Command(("-m", "conformance", *_RECORD), _lines),
    "certify": Command(("certifies.py",), Path.read_bytes, script=_CERTIFIES, goes_on=".certify"),
    "campaign": Command(("-m", "conformance", *_CAMPAIGN, *_IN_CHUNKS), Path.read_bytes, goes_on="chunks"),
    "job": Command(("-c", _WITHOUT_FRAMEWORK, *_JOB), _arrays, status=1, goes_on="elman-*.npz"),
}
WITH_A_FRAMEWORK = Command(("-m", "conformance", *_JOB), _arrays, goes_on="elman-*.npz")


def _started(command: Command, place: Path) -> Running:
    for name in ("work", "scratch"):
        (place / name).mkdir(parents=True, exist_ok=True)
    (place / "certifies.py").write_text(command.script)
    shutil.copy(directory() / "schema.json", place / "work")  # a corpus has it
    return start(*command.arguments, cwd=place, TMPDIR=str(place / "scratch"))


def written(command: Command, place: Path, but: str = "schema.json") -> dict[str, Any]:
    """The content of each file but those of that name; what is no file, or is somewhere else, is told by its name."""
    found = [path for name in ("work", "scratch") for path in (place / name).iterdir() if not fnmatch(path.name, but)]
    return {
        path.name: command.content(path) if path.is_file() and path.parent.name == "work" else "left behind"
        for path in found
        if path.name != "schema.json"
    }


def whole(command: Command, place: Path) -> dict[str, Any]:
    """What there is after one that was not killed."""
    running = _started(command, place)
    try:
        status, said = running.ended()
    finally:
        running.end()
    assert status == command.status, said
    return written(command, place)


def killed(command: Command, place: Path, after: float) -> dict[str, Any]:
    """Kills one so many seconds after its start; what there is then, but for what the next one goes on from."""
    running = _started(command, place)
    time.sleep(after)
    running.end()  # SIGKILL
    until = time.monotonic() + 60
    while processes_with("TMPDIR", str(place / "scratch")):
        assert time.monotonic() < until, "a process outlives it"
        time.sleep(0.05)
    return written(command, place, command.goes_on)


def check_killed(command: Command, count: int, place: Path, seed: int = 0) -> None:
    """Kills and repeats it so many times. What it has written by then is whole."""
    began = time.monotonic()
    expected = whole(command, place / "whole")
    moments, took = random.Random(seed), time.monotonic() - began
    for k in range(count):
        assert killed(command, place / str(k), moments.uniform(0, took)).items() <= expected.items()
        assert whole(command, place / str(k)) == expected


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_leaves_nothing_and_its_repetition_is_the_same(name: str, tmp_path: Path) -> None:
    check_killed(COMMANDS[name], 1, tmp_path)


def main(count: int, names: list[str]) -> None:
    """Kills each of the commands so many times, or those of these names."""
    for name, command in {**COMMANDS, "job with a framework": WITH_A_FRAMEWORK}.items():
        if names and name not in names:
            continue
        with tempfile.TemporaryDirectory() as place:
            check_killed(command, count, Path(place), seed=int(time.time()))
        print(f"{name}: killed and repeated {count} times: the same but for times, and nothing left", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
