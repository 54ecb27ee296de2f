"""The commands ``certify`` and ``accuracy``, as a user calls them."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest

pytest.importorskip("flint", reason="python-flint is not installed: pip install python-flint")

from conformance import corpus
from conformance.exact import commands, families, generate


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    commands.add_to(parser.add_subparsers(required=True))
    parsed = parser.parse_args(arguments)
    status: int = parsed.command(parsed)
    return status


@pytest.fixture
def one_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    drafts = tuple(f for f in families.all_families() if f.name == "hand_sized")
    monkeypatch.setattr(generate, "all_families", lambda: drafts)
    shutil.copy(corpus.directory() / "schema.json", tmp_path)
    return tmp_path


def test_certify_writes_and_certify_check_agrees(one_family: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("certify", "--folder", str(one_family), "--jobs", "1") == 0
    stored = corpus.directory() / "hand_sized.json"
    assert (one_family / "hand_sized.json").read_bytes() == stored.read_bytes()
    assert run("certify", "--check", "--folder", str(one_family), "--jobs", "1") == 0
    assert "6 cases, 226 numbers certified again, 6 gradients proven" in capsys.readouterr().out


def test_certify_check_fails_and_says_where(one_family: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("certify", "--folder", str(one_family), "--jobs", "1") == 0
    path = one_family / "hand_sized.json"
    path.write_text(path.read_text().replace("48.0, 45.0, 54.0", "48.0, 45.0, 55.0", 1))
    assert run("certify", "--check", "--folder", str(one_family), "--jobs", "1") == 1
    assert "wrong checksum" in capsys.readouterr().out
    corpus.write_manifest(one_family)
    assert run("certify", "--check", "--folder", str(one_family), "--jobs", "1") == 1
    assert "outputs[0, 2, 2]: stored 55.0, certified 54.0" in capsys.readouterr().out


def test_without_python_flint_the_commands_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "find_spec", lambda name: None)
    assert run("certify", "--check") == 1
    assert run("accuracy") == 1
    assert capsys.readouterr().out.count("pip install 'rnn-conformance[exact]'") == 2


def test_accuracy_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("accuracy", "--implementation", "oracle", "--family", "hand_sized") == 0
    assert "distance from the certified truth" in capsys.readouterr().out


def test_an_unknown_family_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("accuracy", "--family", "mgu") == 1
    assert "simple_rnn" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("--fraction", "0"), ("--fraction", "1.5"), ("--jobs", "0")])
def test_nonsense_is_refused(arguments: tuple[str, str]) -> None:
    with pytest.raises(SystemExit):
        run("certify", "--check", *arguments)
