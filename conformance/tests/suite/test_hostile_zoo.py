"""Every hostile plug-in ends with the right verdict, and nothing of it is left; one run checks them all.

To see one alone: ``python -m conformance run --implementation conformance.tests.support.hostile_zoo:sleeps``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ..support import processes_with, start
from ..support.hostile_zoo import VERDICTS

ZOO = "conformance.tests.support.hostile_zoo"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The run's JSON, its exit status, what is left of it; and the results by the plug-ins' names."""
    folder, report = tmp_path_factory.mktemp("zoo"), tmp_path_factory.mktemp("report") / "zoo.json"
    names = [part for name in VERDICTS for part in ("--implementation", f"{ZOO}:{name}")]
    options = (
        "--cases",
        "24",
        "--call-timeout",
        "5",
        "--json",
        str(report),
        "--junit",
        str(report.with_suffix(".xml")),
    )
    running = start("-m", "conformance", "run", *names, *options, "--jobs", "6", TMPDIR=str(folder))
    try:
        status = running.process.wait(timeout=900)
        running.output.seek(0)
        said = running.output.read()
    finally:
        running.end()
    content = json.loads(report.read_text())
    by_name = dict(zip(VERDICTS, content["implementations"], strict=True))
    return {
        "status": status,
        "said": said,
        "by_name": by_name,
        "processes": processes_with("TMPDIR", str(folder)),
        "left": [path.name for path in folder.iterdir() if path.name.startswith("conformance")],
        "sizes": [report.stat().st_size, report.with_suffix(".xml").stat().st_size, len(said)],
    }


@pytest.mark.parametrize("name", VERDICTS)
def test_a_hostile_plug_in_ends_with_the_right_verdict(name: str, results: Mapping[str, Any]) -> None:
    found = results["by_name"][name]
    assert found["verdict"].startswith(VERDICTS[name]), (found["verdict"], found["why"], found["failures"])


def test_the_zoo_leaves_nothing_behind(results: Mapping[str, Any]) -> None:
    assert (results["processes"], results["left"]) == ([], [])


def test_the_zoo_is_told_in_reasonable_length_and_without_a_traceback_of_ours(results: Mapping[str, Any]) -> None:
    assert results["status"] == 2  # some declare what makes no sense
    assert "Traceback" not in results["said"].partition("verdict:")[0]
    assert max(results["sizes"]) < 30 * 2**20
    assert len(VERDICTS) >= 80
