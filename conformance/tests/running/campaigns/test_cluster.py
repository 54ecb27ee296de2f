"""A campaign on a cluster that Dask's own commands have started, and one where the project is not everywhere."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.commands.main import main

from ...support import Running, start
from ...support.disturbed_campaign import files

pytest.importorskip("distributed", reason="Dask is not installed")

WALK = ("campaign", "walk", "--cases", "4", "--chunk", "2")
LACKING = "import sys\nsys.modules['conformance'] = None\n"
Begin = Callable[..., Running]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Starts a command of Dask, for which the project may be not there."""
    (tmp_path / "sitecustomize.py").write_text(LACKING)
    running: list[Running] = []

    def begin_one(command: str, *options: str, lacking: bool = False) -> Running:
        changes = {"PYTHONPATH": str(tmp_path)} if lacking else {}
        module = f"distributed.cli.dask_{command}"
        running.append(start("-m", module, *options, "--dashboard-address", "127.0.0.1:0", cwd=tmp_path, **changes))
        return running[-1]

    yield begin_one
    for one in reversed(running):
        one.end()


def scheduler(begin: Begin, folder: Path, lacking: bool = False) -> str:
    """The address of a scheduler that is started."""
    file = folder / "scheduler.json"
    process = begin("scheduler", "--port", "0", "--scheduler-file", str(file), lacking=lacking)
    while process.process.poll() is None:
        if file.is_file() and (content := file.read_text()):
            return str(json.loads(content)["address"])
        time.sleep(0.05)
    raise AssertionError(process.ended()[1])


def test_its_workers_do_the_campaign_and_one_without_the_project_is_named(
    begin: Begin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address, folder = scheduler(begin, tmp_path), tmp_path / "found"
    command = [*WALK, "--scheduler", address, "--folder", str(folder)]
    begin("worker", address, "--nthreads", "1")
    assert main(command) == 0, capsys.readouterr().err
    assert "4 of 4 cases" in capsys.readouterr().out
    assert main([*WALK, "--workers", "1", "--folder", str(tmp_path / "here")]) == 0
    assert files(folder).items() == files(tmp_path / "here").items()
    begin("worker", address, "--nthreads", "1", lacking=True)
    capsys.readouterr()
    until = time.monotonic() + 60
    while main(command) == 0:
        assert time.monotonic() < until, "the other worker does not come"
    said = capsys.readouterr().err
    assert "campaign: a worker of 2, tcp://" in said, said
    assert "conformance" in said.partition("cannot do this work: ")[2], said


def test_a_scheduler_without_the_project_is_told_before_anything_is_begun(
    begin: Begin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = scheduler(begin, tmp_path, lacking=True)
    assert main([*WALK, "--scheduler", address, "--folder", str(tmp_path / "found")]) == 1
    said = capsys.readouterr().err
    assert f"campaign: the scheduler at {address} needs this project, as its workers do: " in said, said
