"""What a borrowed GPU is asked: every part leaves its file, within the limit, whatever becomes of it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ...commands import gpu_evidence
from ...commands.gpu_evidence import Part
from ...commands.main import main
from ...implementations.finding import offered

SMALL = "conformance.tests.support.planted_failures:Small"
HANGS = "import time; print('half', flush=True); time.sleep(60)"


def test_without_a_gpu_the_command_says_so_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_evidence, "why_no_cuda", lambda: "no CUDA device")
    assert main(["gpu-evidence", str(tmp_path / "answers")]) == 1
    assert capsys.readouterr().out == "gpu-evidence: not run: no CUDA device\n"
    assert not (tmp_path / "answers").exists()


def test_the_dry_run_asks_probes_and_verdicts_and_keeps_the_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = gpu_evidence._ask

    def ask_little(parts: Sequence[Part], deadline: float) -> bool:
        few = {"activations": ["numpy"], "quick": ["--cases", "1"], "longer": ["--cases", "1"]}
        return ask([replace(part, command=(*part.command, *few.get(part.name, ()))) for part in parts], deadline)

    monkeypatch.setattr(gpu_evidence, "_ask", ask_little)
    options = ["--device", "cpu", "--implementation", SMALL, "--seconds", "500"]
    status = main(["gpu-evidence", str(tmp_path), *options])
    told = capsys.readouterr().out
    for name in ("quick", "longer"):
        verdict = json.loads((tmp_path / f"{name}.json").read_text())
        assert verdict["exit_status"] == 0
        assert verdict["plan"]["device"] == "cpu"
        assert [one["name"] for one in verdict["implementations"]] == ["small"]
        assert f"{name}: exit status 0" in told
    assert status == int("exit status 1" in told), told
    assert [path.stem for path in tmp_path.glob("*.toml")] == list(offered("gpu_probe"))


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import sys; print('half', flush=True); sys.exit(3)", "exit status 3"),
        (HANGS, "cut short"),
        (
            "import signal, time; signal.signal(15, signal.SIG_IGN); print('half', flush=True); time.sleep(60)",
            "cut short",
        ),
    ],
)
def test_a_part_that_fails_or_hangs_is_told_and_ends_in_time(
    program: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_evidence, "_PATIENCE", 1.0)
    bad = Part("bad", (sys.executable, "-c", program), tmp_path / "bad.txt")
    good = Part("good", (sys.executable, "-c", "print('whole')"), tmp_path / "good.txt")
    assert gpu_evidence._ask([bad, good], time.monotonic() + 3)
    assert f"bad: {told}" in capsys.readouterr().out
    assert (tmp_path / "bad.txt").read_text() == "half\n"
    assert (tmp_path / "good.txt").read_text() == "whole\n"
