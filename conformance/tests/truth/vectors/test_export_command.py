"""`python -m conformance export` writes a folder, counts what it leaves out, and refuses what is not its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conformance.commands.main import main
from conformance.truth.vectors import FORMS

pytest.importorskip("flint")
pytest.importorskip("onnx")


@pytest.mark.parametrize("form", FORMS)
def test_the_counts_that_it_prints_are_those_of_the_manifest(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "vectors"
    families = ("hand_sized", "lstm_variants")
    assert main(["export", "--format", form, *(f"--family={name}" for name in families), str(folder)]) == 0
    printed, told = capsys.readouterr()
    assert told.split() == list(families)  # each as it begins, so that nobody waits in silence
    manifest = json.loads((folder / "vectors.json").read_text())
    written, cases = map(int, re.findall(r"^(\d+) of (\d+) vectors", printed)[0])
    assert (written, cases) == (manifest["written"], manifest["tried"])
    reasons = {reason: int(count) for count, reason in re.findall(r"^ +(\d+)  (.*)$", printed, re.MULTILINE)}
    left_out = list(manifest["left out"].values())
    assert reasons == {reason: left_out.count(reason) for reason in left_out}
    assert written + len(left_out) == cases
    assert list(manifest["families"]) == list(families)


def test_the_reasons_of_the_cases_that_one_node_cannot_compute(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--format", "onnx", "--family", "lstm_variants", str(tmp_path / "vectors")]) == 0
    printed = capsys.readouterr().out
    assert "  the operator has no cell.proj_size 2\n" in printed
    assert "  the operator has no cell.forget_bias 1.0\n" in printed


def test_a_folder_of_somebody_else_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["export", "--format", "npz", "--family", "hand_sized", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"nothing was written: {tmp_path} is not empty, and mine.txt was not written by this command\n"
    )


def test_an_unknown_family_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--format", "npz", "--family", "no_such", str(tmp_path / "vectors")]) == 2
    assert "no_such" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
