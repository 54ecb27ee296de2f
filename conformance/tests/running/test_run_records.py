"""Records of runs: what is written is read, what is no record is refused, and a page shows those that there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from conformance.commands import run as command
from conformance.commands.main import main
from conformance.reporting.recorded_runs import as_markdown
from conformance.running.devices import why_no_cuda
from conformance.running.run_records import (
    RunRecordRefused,
    read_run_record,
    read_run_records,
    run_records_folder,
    write_run_record,
)

RECORDS = sorted(path for path in run_records_folder().glob("*.json") if path.name != "schema.json")
RIGHT = "conformance.tests.support.planted_violations:Right"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A record of a small implementation, made by the command."""
    where = tmp_path_factory.mktemp("runs") / "right.json"
    arguments = ["run", "--implementation", RIGHT, "--device", "cpu", "--cases", "8", "--record", str(where)]
    assert main(arguments) == 0
    found: dict[str, Any] = json.loads(where.read_text())
    return found


def saved(folder: Path, content: Any) -> Path:
    path = folder / "record.json"
    path.write_text(json.dumps(content))
    return path


def on_cuda(record: dict[str, Any]) -> dict[str, Any]:
    gpu = {"name": "NVIDIA X", "capability": "9.0", "memory": 79.1, "driver": "580.1", "cuda": "13.0"}
    (result,) = record["implementations"]
    found = {"numbers": 9, "worst": 0.25, "undecided": 0}
    its = {
        **result,
        "device": "cuda",
        "families": result["families"] | {"devices": found},
        "repeated": {"LSTM float32": {"calls": 4, "unlike": 1}},
    }
    return {**record, "plan": {**record["plan"], "device": "cuda"}, "gpu": gpu, "implementations": [its]}


def test_what_the_command_records_is_a_record(record: dict[str, Any], tmp_path: Path) -> None:
    found = read_run_record(saved(tmp_path, record))
    assert found["command"].startswith(f"python -m conformance run --implementation {RIGHT} --device cpu --cases 8")
    assert found["plan"]["cases"] == 8
    assert found["gpu"] is None
    assert found["machine"]["processor"]


def test_in_a_folder_a_record_is_named_by_device_and_date(record: dict[str, Any], tmp_path: Path) -> None:
    assert write_run_record(tmp_path, record) == tmp_path / f"cpu-{record['date'][:10]}.json"
    assert write_run_record(tmp_path, record) == tmp_path / f"cpu-{record['date'][:10]}-2.json"
    assert read_run_records(tmp_path) == [record, record], "a day's second record took the place of the first"


def test_a_record_of_a_gpu_says_which(record: dict[str, Any], tmp_path: Path) -> None:
    shown = as_markdown([read_run_record(saved(tmp_path, on_cuda(record)))])
    assert "**On cuda**: `python -m conformance run" in shown
    assert "NVIDIA X, driver 580.1, CUDA 13.0; " in shown
    assert "| right | planted 1.0 |" in shown
    assert "| devices |" in shown
    assert " 0.25 |" in shown
    assert "No run on cpu is recorded." in shown
    assert "| devices |" not in as_markdown([record])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 1}, r"\$\.format: 2 was expected"),
        ({"gpu": None}, r"\$\.gpu: null is not of type 'object'"),
        ({"command": "python cheat.py"}, r"\$\.command"),
        ({"implementations": []}, r"\$\.implementations: \[\] has less than 1 item"),
        ({"more": 1}, "'more' was unexpected"),
    ],
)
def test_what_is_no_record_is_refused(
    change: dict[str, Any], said: str, record: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(RunRecordRefused, match=rf"record\.json: is no record of a run: .*{said}"):
        read_run_record(saved(tmp_path, on_cuda(record) | change))


def test_a_file_cut_short_or_missing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "half.json").write_text('{"format": 2,')
    for name in ("half.json", "none.json"):
        assert main(["results", str(tmp_path / name)]) == 2
        assert name in capsys.readouterr().err


def test_without_a_gpu_nothing_is_run_and_every_file_that_was_asked_for_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "why_no_cuda", lambda: "no CUDA device")
    where, junit, page, kept = (tmp_path / name for name in ("found.json", "found.xml", "found.html", "kept.json"))
    files = ("--json", str(where), "--junit", str(junit), "--html", str(page), "--record", str(kept))
    assert main(["run", "--device", "cuda", *files]) == 1
    assert capsys.readouterr().out == "cuda: not run: no CUDA device\nnot recorded: nothing was run\n"
    found = json.loads(where.read_text())
    assert found["not_run"] == {"cuda": "no CUDA device"}
    assert found["implementations"] == []
    assert found["exit_status"] == 1
    (suite,) = JUnitXml.fromfile(str(junit))
    assert (suite.name, suite.tests, suite.errors) == ("cuda", 1, 1)
    assert "not run: no CUDA device" in junit.read_text()
    assert "no CUDA device" in page.read_text()
    assert not kept.exists(), "what was not run is no evidence"


def test_two_options_that_name_one_file_are_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = str(tmp_path / "found")
    assert main(["run", "--implementation", RIGHT, "--json", where, "--junit", where]) == 2
    assert capsys.readouterr().err == f"run: --json and --junit name the same file: {where}\n"
    assert main(["model", "none.onnx", "--json", where, "--html", where]) == 2
    assert capsys.readouterr().err == f"model: --json and --html name the same file: {where}\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("certify", "--check", "--fraction", "nan"), "--fraction: a number above 0 and at most 1 is needed"),
        (("certify", "--check", "--fraction", "0"), "--fraction: a number above 0 and at most 1 is needed"),
        (("certify", "--check", "--fraction", "2"), "--fraction: a number above 0 and at most 1 is needed"),
        (("record", "found.txt"), "a name that ends with .jsonl.xz is needed, got found.txt"),
    ],
)
def test_an_option_out_of_its_range_is_refused(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_of_the_project_follows_the_schema_and_nothing_in_it_is_unexplained(path: Path) -> None:
    found = read_run_record(path)
    assert found["exit_status"] == 0
    assert path.stem.startswith(f"{found['plan']['device']}-{found['date'][:10]}")
    for result in found["implementations"]:
        assert result["verdict"] in ("agrees", "not run")
        assert result["verdict"] == "agrees" or result["why"]
        assert not result["failures"]


def test_there_is_a_record() -> None:
    assert RECORDS


def test_the_page_shows_the_recorded_runs() -> None:
    page = run_records_folder() / "README.md"
    shown = as_markdown(read_run_records(run_records_folder()))
    assert shown in page.read_text(encoding="utf-8"), "make it anew: python -m conformance docs"


def test_a_machine_without_a_gpu_has_none() -> None:
    from conformance.running.devices import gpu

    assert (gpu() is None) == (why_no_cuda() is not None)
