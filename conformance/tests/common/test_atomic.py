"""Files appear whole or not at all, and what cannot be replaced is written through."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from conformance.commands.main import main
from conformance.common.atomic import write_atomically
from conformance.running.run_records import write_run_record
from conformance.tests.support import python

_WRITE = "import sys; from pathlib import Path; from conformance.common.atomic import write_atomically as w; "


def full(*_: object) -> None:
    raise OSError(28, "No space left on device", "file")


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real" / "file")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "file").read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "link", "real"]


def test_a_fifo_is_written_through(tmp_path: Path) -> None:
    fifo, found = tmp_path / "fifo", list[str]()
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: found.append(fifo.read_text()), daemon=True)
    reader.start()
    write_atomically(fifo, "through")
    reader.join(10)
    assert found == ["through"]
    assert fifo.is_fifo()


def test_what_goes_to_standard_output_keeps_its_place_among_what_is_printed() -> None:
    status, said = python("-c", _WRITE + "print('a'); w(Path('/dev/stdout'), 'b\\n'); print('c')")
    assert (status, said) == (0, "a\nb\nc\n")


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "file", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_a_full_disk_is_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("conformance.judging.divergences.as_markdown", full)
    assert main(["divergences"]) == 2
    assert capsys.readouterr().err == "file: cannot be written: No space left on device\n"


def test_two_writers_of_run_records_lose_none(tmp_path: Path) -> None:
    def write(who: int) -> None:
        for number in range(100):
            write_run_record(tmp_path, {"plan": {"device": "cpu"}, "date": "2026-11-29", "who": [who, number]})

    writers = [threading.Thread(target=write, args=(who,)) for who in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    kept = [tuple(json.loads(path.read_text())["who"]) for path in tmp_path.iterdir()]
    assert sorted(kept) == [(who, number) for who in range(2) for number in range(100)]


def test_a_closed_or_ascii_standard_output_ends_no_command() -> None:
    status, said = python("-m", "conformance", "divergences", PYTHONIOENCODING="ascii")
    assert status == 0, said
    closed = "import os, sys; os.close(1); sys.stdout = None; from conformance.commands.main import main; "
    status, said = python("-c", closed + "sys.exit(main(['divergences']))")
    assert (status, said) == (0, "")


def test_what_a_killed_writer_has_left_is_removed_later_and_what_another_writes_is_not(tmp_path: Path) -> None:
    left, other = tmp_path / ".x.json.abcd1234.unfinished", tmp_path / ".x.json.efgh5678.unfinished"
    foreign = [tmp_path / ".y.json.abcd1234.unfinished", tmp_path / ".x.json.original"]
    for path in (left, other, *foreign):
        path.write_text("{")
        os.utime(path, (0, 0))
    os.utime(other)
    write_atomically(tmp_path / "x.json", "{}")
    assert sorted(tmp_path.iterdir()) == sorted([other, *foreign, tmp_path / "x.json"])


def test_what_is_left_is_called_as_what_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)  # as of a process that is killed
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "x.json", "{}")
    monkeypatch.undo()
    (left,) = tmp_path.iterdir()
    os.utime(left, (0, 0))
    write_atomically(tmp_path / "x.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]
