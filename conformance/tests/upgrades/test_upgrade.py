"""What moves from one release to another, with a planted change and a uv that downloads nothing."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from conformance.commands.main import main

from ..support import HERE, start

PLANTED = ("--implementation", f"{HERE / 'planted_releases.py'}:Released")


def test_what_moved_is_told_and_both_records_are_kept(fake: Path, capsys: Any) -> None:
    kept, told = fake / "records", fake / "diff.json"
    arguments = ("keras==3.9.2", "keras==3.12.0", *PLANTED, "--keep", str(kept), "--json", str(told))
    assert main(["upgrade", *arguments]) == 1
    said = capsys.readouterr().out
    assert "keras 3.9.2 → 3.12.0" in said, said
    assert "BEHAVIOUR" in said, said
    assert {path.name for path in kept.glob("*.xz")} == {"keras==3.9.2.jsonl.xz", "keras==3.12.0.jsonl.xz"}
    assert json.loads(told.read_text())["differences"][0]["severity"] == "behaviour"


def test_where_nothing_moved_the_status_is_0(fake: Path, capsys: Any) -> None:
    assert main(["upgrade", "keras==3.9.1", "keras==3.9.2", *PLANTED]) == 0
    assert "BEHAVIOUR" not in capsys.readouterr().out


def test_an_implementation_that_could_not_be_recorded_is_no_success(fake: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("CANNOT_BE_IMPORTED", "3.9.2")
    small = ("--implementation", f"{HERE / 'planted_failures.py'}:Small")  # of which nothing moved
    assert main(["upgrade", "keras==3.9.1", "keras==3.9.2", *PLANTED, *small]) == 1
    said = capsys.readouterr().out
    assert "NOTHING" in said, said
    assert "numpy has no attribute 'bool'" in said, said


def test_a_release_that_cannot_be_installed_is_told_with_2(fake: Path, capsys: Any) -> None:
    assert main(["upgrade", "keras==3.9.9", "keras==3.15.1", *PLANTED]) == 2
    said = capsys.readouterr().out
    assert "keras==3.9.9 and what goes with it cannot be installed" in said, said
    assert "keras==3.9.9: not recorded" in said, said


@pytest.mark.parametrize(
    ("both", "complaint"),
    [
        (("keras==3.9.2", "torch==2.13.0"), "expected two releases of one package"),
        (("keras==3.15.1", "keras"), "both are keras==3.15.1"),
        (("keras==2.14.0", "keras"), "releases from 2.15 on are known"),
    ],
)
def test_two_that_cannot_be_compared_are_refused(
    both: tuple[str, str], complaint: str, fake: Path, capsys: Any
) -> None:
    assert main(["upgrade", *both]) == 2
    assert complaint in capsys.readouterr().out


def test_an_interrupted_upgrade_leaves_no_process(fake: Path) -> None:
    (fake / "slow").touch()
    command = ("-m", "conformance", "upgrade", "keras==3.9.1", "keras==3.9.2", *PLANTED)
    running = start(*command, PYTHONPATH=os.environ["PYTHONPATH"])
    try:
        limit = time.monotonic() + 60
        while not (fake / "calls").exists() or (fake / "calls").read_text().count("pip install") < 2:
            assert time.monotonic() < limit, "it did not begin"
            time.sleep(0.05)
        os.kill(running.process.pid, signal.SIGTERM)  # the command alone, not its processes
        status, said = running.ended()
    finally:
        running.end()
    assert (status, "interrupted: nothing was compared" in said) == (130, True), said
    with pytest.raises(ProcessLookupError):
        os.killpg(running.process.pid, 0)
