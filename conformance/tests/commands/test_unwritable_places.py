"""Where nothing can be written, a command works nevertheless or says so in one line."""

from __future__ import annotations

import errno
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest

from conformance.commands.main import main

from ..support import ROOT, python

SMALL = "conformance.tests.support.planted_failures:Small"
JOB = ("job", "elman", "--epochs", "1", "--rows", "64", "--steps", "9")


def test_a_run_needs_no_home_and_no_folder_of_its_own_for_temporary_files(tmp_path: Path) -> None:
    """A home that is a file is one that not even root writes into."""
    home = tmp_path / "home"
    home.write_text("")
    command = ("-m", "conformance", "run", "--implementation", SMALL, "--cases", "1")
    status, said = python(*command, HOME=str(home), TMPDIR=str(tmp_path / "missing"))
    assert (status, "Traceback" in said) == (0, False), said


def test_a_home_that_cannot_be_written_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    home.write_text("")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert main(JOB) == 2
    assert capsys.readouterr().err == f"{home}/.cache/rnn-conformance: cannot be written: Not a directory\n"


def test_a_home_that_is_not_known_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unknown() -> NoReturn:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    assert main(JOB) == 1
    assert capsys.readouterr().out.startswith("no home folder is known")


def test_where_no_place_for_temporary_files_is_left_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "No usable temporary directory found in ['/tmp']"

    def full() -> NoReturn:
        raise FileNotFoundError(errno.ENOENT, said)

    monkeypatch.setattr(tempfile, "gettempdir", full)
    assert main(["job", "counting"]) == 2
    assert capsys.readouterr().err == f"{said}\n"


def test_a_folder_in_place_of_a_file_is_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--implementation", SMALL, "--json", str(tmp_path)])
    assert ended.value.code == 2
    assert f"argument --json: is a folder: {tmp_path}" in capsys.readouterr().err


def test_a_reader_that_has_read_enough_ends_a_command_without_a_traceback() -> None:
    """As ``| head -1`` does."""
    command = [sys.executable, "-m", "conformance", "divergences"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    complaint = running.stderr.read()
    running.stderr.close()
    assert (running.wait(60), complaint) == (141, b"")
