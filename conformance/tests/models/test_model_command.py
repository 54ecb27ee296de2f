"""``python -m conformance model FILE``: what it prints, what it writes, and its exit status."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
pytest.importorskip("torch", reason="PyTorch is not installed")

from conformance.commands.main import main  # noqa: E402
from conformance.reporting.generated_pages import form_of  # noqa: E402

from ..support import ROOT, planted_files, torch_files  # noqa: E402


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return torch_files.exported("gru three layers", "torchscript", tmp_path_factory.mktemp("model") / "gru.onnx")


def test_it_prints_the_table_and_the_verdict_on_each_layer(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", str(file)]) == 0
    said = capsys.readouterr().out
    assert "gru.onnx: pytorch" in said
    assert said.count("5 → 5") == 2
    assert said.count("reset after, two biases") == 3
    assert said.count("agrees: ") == 4, said
    assert "whole model: agrees" in said


def test_the_same_file_in_two_runtimes_and_as_json(file: Path, tmp_path: Path) -> None:
    where = tmp_path / "found.json"
    status = main(["model", str(file), "--in", "onnxruntime", "--in", "onnx-reference", "--json", str(where)])
    assert status == 0
    found = json.loads(where.read_text())
    assert found["agrees"] is True
    assert [run["runtime"] for run in found["runs"]] == ["onnxruntime", "onnx-reference"]
    assert [layer["verdict"] for run in found["runs"] for layer in run["layers"]] == ["agrees"] * 6
    assert found["model"]["layers"][0]["cells"][0].startswith("GRU(input_size=4, hidden_size=5")


def test_given_inputs_are_what_the_model_runs_on(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "tokens.npy", np.arange(8).reshape(2, 4))
    assert main(["model", str(file), "--input", str(tmp_path / "tokens.npy")]) == 0
    assert f"{2 * 4 * 5 + 2 * 5:,} numbers" in capsys.readouterr().out
    (tmp_path / "tokens.json").write_text(json.dumps({"tokens": [[1, 2, 3]]}))
    assert main(["model", str(file), "--input", str(tmp_path / "tokens.json")]) == 0
    np.savez(tmp_path / "wrong.npz", tokens=np.zeros((2, 3, 4)))
    assert main(["model", str(file), "--input", str(tmp_path / "wrong.npz")]) == 2
    assert "wrong.npz: tokens is float64 of shape (2, 3, 4)" in capsys.readouterr().err
    np.save(tmp_path / "evil.npy", np.array([{}], dtype=object), allow_pickle=True)
    assert main(["model", str(file), "--input", str(tmp_path / "evil.npy")]) == 2


def test_a_shape_can_be_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", str(file), "--shape", "tokens=2,9"]) == 0
    assert f"{2 * 9 * 5 + 2 * 5:,} numbers" in capsys.readouterr().out


def test_a_runtime_that_computes_something_else_is_exit_status_1(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proto = onnx.load(file)
    cut = onnx.helper.make_node("LeakyRelu", ["/rnn/GRU_output_0"], ["cut"], name="cut", alpha=0.5)
    (first,) = (node for node in proto.graph.node if node.op_type == "GRU" and node.output[0] == "/rnn/GRU_output_0")
    first.attribute.append(onnx.helper.make_attribute("clip", 0.05))
    proto.graph.node.append(cut)
    onnx.save(proto, tmp_path / "clipped.onnx")
    where = tmp_path / "first.py"
    status = main(["model", str(tmp_path / "clipped.onnx"), "--in", "onnx-reference", "--script", str(where)])
    said = capsys.readouterr().out
    assert status == 1, "ONNX's reference evaluator ignores clip (divergences.toml)"
    assert "differs from step 0 on" in said
    assert said.count("times what rounding may do") >= 1
    assert "all numbers agree if clip is left out" in said
    shown = subprocess.run([sys.executable, str(where)], capture_output=True, text=True, check=False)
    assert shown.returncode == 1, shown.stderr
    assert "DIFFERS" in shown.stdout
    assert "conformance" not in "".join(line for line in where.read_text().splitlines() if "import" in line)


def shown_in(page: str) -> list[list[str]]:
    """What the pages show of the comparison of two files: the last lines of it, without their figures."""
    text = (ROOT / page).read_text(encoding="utf-8").partition("--against converted.onnx\n")[2]
    lines = text.replace("…\n", "").replace("ends with\n", "").replace("```", "").splitlines()
    end = next(k for k, line in enumerate(lines) if "the difference is in the files" in line) + 1
    return [form_of(line).split() for line in lines[:end] if line.strip()]


@pytest.mark.parametrize("page", ["README.md", "conformance/models/files/README.md"])
def test_the_pages_show_what_the_command_prints_at_its_end(
    page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = torch_files.exported_and_converted(tmp_path)
    main(["model", str(one), "--against", str(other)])
    shown = shown_in(page)
    assert shown == [form_of(line).split() for line in capsys.readouterr().out.splitlines()][-len(shown) :]


def test_two_files_are_compared_and_the_difference_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, other = torch_files.exported_and_converted(tmp_path)
    script, where = tmp_path / "first.py", tmp_path / "found.json"
    more = ("--script", str(script), "--json", str(where))
    assert main(["model", str(file), "--against", str(other), *more]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "2 of 3 aligned cells are the same up to layout" in said
    assert "it begins at /rnn/GRU_1: in the second file the reset comes before the product" in said
    assert "what runs each file computes what it holds: the difference is in the files" in said
    found = json.loads(where.read_text())["against"]
    assert found["same"] is False
    assert [each["explained"] for each in found["findings"]] == [True]
    shown = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert shown.returncode == 1, shown.stderr
    assert "apart by" in shown.stdout


def test_what_is_printed_can_be_kept_as_a_page(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marked = tmp_path / "<b>gru<b>.onnx"
    marked.write_bytes(file.read_bytes())
    assert main(["model", str(marked), "--html", str(tmp_path / "found.html")]) == 0
    said = capsys.readouterr().out.splitlines()
    page = (tmp_path / "found.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "whole model: agrees" in page
    assert "&lt;b&gt;gru&lt;b&gt;.onnx" in page
    assert "<b>gru" not in page
    words = html.unescape(re.sub(r"<[^>]*>", "", page))
    assert all(line.strip() in words for line in said if "agrees" in line)


def test_a_file_beside_itself_is_the_same(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", str(file), "--against", str(file), "--script", "none.py"]) == 0
    said = capsys.readouterr().out
    assert "nothing differs" in said
    assert "no script: no recurrent layer differs" in said


@pytest.mark.parametrize("page", ["README.md", "conformance/models/files/README.md"])
def test_the_page_shows_what_the_command_prints(
    page: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / page).read_text()
    if page == "README.md":
        (command,) = re.findall(r"^python -m conformance model .*$", text, flags=re.MULTILINE)
        section = text.partition("### My model gives other numbers after export")[2].partition("\n##")[0]
        lines = re.findall(r"^    (.*)$", section, flags=re.MULTILINE)
        assert len(lines) == 3
    else:
        (shown,) = re.findall(r"\$ (python -m conformance model .*?)```", text, flags=re.DOTALL)
        command, _, *lines = shown.strip().splitlines()
    proto = onnx.load(file)
    onnx.save(proto, tmp_path / "exported.onnx")
    planted_files.set_attribute(proto, 1, "linear_before_reset", 0)
    onnx.save(proto, tmp_path / "converted.onnx")
    monkeypatch.chdir(tmp_path)
    assert main(command.split()[3:]) == 1

    def figures(text: str) -> str:  # of another machine or version
        return re.sub(r"\d+(\.\d+)+|\d+\.\d+|\d+ deviations", "…", text)

    printed = [figures(line.rstrip()) for line in capsys.readouterr().out.splitlines()]
    for line in lines:
        assert figures(line) in printed, f"the page has a line that the command does not print: {line}"
