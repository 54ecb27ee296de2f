"""The commands ``certify`` and ``accuracy``, as a user calls them."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest

pytest.importorskip("flint", reason="python-flint is not installed: pip install 'rnn-conformance[exact]'")

from conformance.commands.main import main
from conformance.truth import corpus, corpus_certification, families

from ..support import processes_with, start

STORED = corpus.directory() / "hand_sized.json"


@pytest.fixture
def one_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose corpus is one family, not yet written."""
    drafts = tuple(f for f in families.all_families() if f.name == "hand_sized")
    shutil.copy(corpus.directory() / "schema.json", tmp_path)
    monkeypatch.setattr(corpus_certification, "all_families", lambda: drafts)
    monkeypatch.setattr(corpus, "directory", lambda: tmp_path)
    return tmp_path


def test_certify_writes_and_certify_check_agrees(one_family: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certify", "--jobs", "1"]) == 0
    assert (one_family / "hand_sized.json").read_bytes() == STORED.read_bytes()
    assert main(["certify", "--check", "--jobs", "1"]) == 0
    assert "6 cases, 226 numbers certified" in capsys.readouterr().out


def test_certify_check_fails_and_says_where(one_family: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certify", "--jobs", "1"]) == 0
    path = one_family / "hand_sized.json"
    path.write_text(path.read_text().replace("48.0, 45.0, 54.0", "48.0, 45.0, 55.0", 1))
    assert main(["certify", "--check", "--jobs", "1"]) == 1
    assert "wrong checksum" in capsys.readouterr().out
    corpus.write_manifest(one_family)
    assert main(["certify", "--check", "--jobs", "1"]) == 1
    assert "outputs[0, 2, 2]: stored 55.0, certified 54.0" in capsys.readouterr().out


WHOLE_CORPUS = """
import sys
from pathlib import Path
from conformance.commands.main import main
from conformance.truth import corpus

if __name__ == "__main__":
    corpus.directory = lambda: Path(sys.argv[1])
    sys.exit(main(["certify", "--jobs", "2"]))
"""


def test_certify_that_is_told_to_end_leaves_no_process_and_goes_on_later(tmp_path: Path) -> None:
    script, folder = tmp_path / "script.py", tmp_path / "corpus"
    script.write_text(WHOLE_CORPUS)
    folder.mkdir()
    shutil.copy(corpus.directory() / "schema.json", folder)
    running = start(str(script), str(folder), TMPDIR=str(tmp_path))
    try:
        until = time.monotonic() + 120
        while not list(folder.glob(".certify/*/*.json")):
            assert time.monotonic() < until, "no family was certified"
            time.sleep(0.05)
        running.process.send_signal(signal.SIGTERM)  # to this process alone
        status, said = running.ended()
    finally:
        running.end()
    assert (status, "Traceback" in said) == (130, False), said
    assert "interrupted: nothing changed; the same command goes on with the next family" in said
    assert sorted(path.name for path in folder.iterdir()) == [".certify", "schema.json"]
    while processes_with("TMPDIR", str(tmp_path)):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_accuracy_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["accuracy", "--implementation", "oracle", "--family", "hand_sized"]) == 0
    assert "distance from the certified truth" in capsys.readouterr().out
