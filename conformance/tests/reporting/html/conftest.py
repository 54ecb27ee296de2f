"""Records of runs for the tests of pages: one run, of an implementation that is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.commands.main import main
from conformance.tests.support.browser import started_browser

SWAPPED = "conformance.tests.support.planted_faults:GatesSwapped"


@pytest.fixture(scope="session")
def swapped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The record of an implementation whose LSTM is wrong, and the text of its page under "page"."""
    folder = tmp_path_factory.mktemp("runs")
    arguments = ["run", "--implementation", SWAPPED, "--device", "cpu", "--cases", "8"]
    files = ("--json", str(folder / "swapped.json"), "--html", str(folder / "swapped.html"))
    assert main([*arguments, *files]) == 1
    record: dict[str, Any] = json.loads((folder / "swapped.json").read_text(encoding="utf-8"))
    return record | {"page": (folder / "swapped.html").read_text(encoding="utf-8")}


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; without it the test says that it is not run."""
    yield from started_browser()
