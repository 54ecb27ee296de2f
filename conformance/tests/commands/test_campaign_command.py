"""``python -m conformance campaign``: it ends in good order, goes on where it stopped, and reports at any moment."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.commands.main import main
from conformance.commands.power.campaign import _told

from ..support import processes_with, python, start

pytest.importorskip("distributed", reason="Dask is not installed")

SMALL = "conformance.tests.support.planted_failures:Small"
WALK = ("-m", "conformance", "campaign", "walk", "--implementation", SMALL, "--dtype", "float64", "--workers", "2")


def results(folder: Path) -> list[Path]:
    """The files of chunks that are done: beside them lies what they were done with."""
    return [path for path in folder.glob("results/*/*.json") if len(path.stem) == 64]


def test_interrupts_end_it_and_the_same_command_goes_on(tmp_path: Path) -> None:
    chunks, report = tmp_path / "chunks", tmp_path / "walk.json"
    asked = (*WALK, "--cases", "160", "--chunk", "4", "--folder", str(chunks), "--json", str(report))
    done = 0
    for number in (signal.SIGINT, signal.SIGTERM):
        interrupted(asked, number, tmp_path, done)
        assert not report.exists()
        done, before = len(results(chunks)), done
        assert before < done < 40

    status, partly = python(*asked, "--report")
    assert status == 1
    assert "of 40 chunks" in partly
    status, said = python(*asked)
    assert status == 0, said
    assert f"walk: {done} of 40 chunks are done already" in said
    found = json.loads(report.read_bytes())
    assert (found["done"], found["merged"]["cases"], found["merged"]["alarms"]) == (40, 160, [])


def interrupted(asked: Sequence[str], number: signal.Signals, place: Path, done: int) -> None:
    """Interrupts the command when it has done four chunks more; it ends in good order and leaves nothing."""
    running = start(*asked, TMPDIR=str(place))
    try:
        until = time.monotonic() + 200
        while len(results(place / "chunks")) < done + 4:
            assert time.monotonic() < until, "nothing is done"
            time.sleep(0.05)
        os.killpg(running.process.pid, number)  # as a terminal does
        status, said = running.ended()
    finally:
        running.end()
    assert status == 128 + number, said
    assert said.splitlines()[-1] == "interrupted: what is done is kept, and the same command goes on from there"
    assert "dashboard: http://127.0.0.1:" in said
    assert "Traceback" not in said
    while processes_with("TMPDIR", str(place)):  # what Python keeps for shared resources ends when all others have
        assert time.monotonic() < until
        time.sleep(0.05)
    assert not [path for path in place.rglob("*") if path.name.endswith(".unfinished") or "campaign" in path.name]


@pytest.mark.usefixtures("forked_workers")
def test_a_damaged_result_is_told_and_done_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [*WALK[2:], "--cases", "12", "--chunk", "4", "--folder", str(tmp_path)]

    def campaign(*more: str) -> tuple[int, str]:
        status = main([*asked, *more])
        return status, capsys.readouterr().out

    status, whole = campaign()
    assert status == 0, whole
    path = results(tmp_path)[0]
    before = path.read_bytes()
    path.write_bytes(before.replace(b'"cases":4', b'"cases":5'))
    status, said = campaign("--report")
    assert status == 1
    assert f"damaged: {path}: is not what its checksum was made of" in said
    status, said = campaign()
    assert status == 0, said
    assert f"removed, and done again: {path}: is not what its checksum was made of" in said
    assert "walk: 2 of 3 chunks are done already" in said
    assert path.read_bytes() == before
    assert said.splitlines()[-1] == whole.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("walk", "--part", "3/2"), "a part is needed, as 3/20"),
        (("walk", "--implementation", "tensorfow"), "expected one of"),
        (("walk", "--json", "/no/such/folder/walk.json"), "no such folder"),
        (("certification", "--family", "none"), "no family none"),
    ],
)
def test_a_bad_argument_is_refused(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status: object = main(["campaign", *arguments])
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert complaint in capsys.readouterr().err


def test_times_are_told_in_their_own_units() -> None:
    assert [_told(seconds) for seconds in (0.4, 59.6, 3599, 36_000)] == [
        "0 s",
        "1 min 0 s",
        "59 min 59 s",
        "10 h 0 min",
    ]
