"""The scoreboard in Chromium: it renders at any width, leads to the runs and back, and says why a field is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.reporting.html import run_page, scoreboard_page
from conformance.tests.support.browser import (
    CONTRAST,
    OVERFLOW,
    READY,
    nameless_controls,
    opened,
    said_on_the_console,
    wait_for,
)


@pytest.fixture(scope="module")
def board(swapped: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    (folder / "run.html").write_text(run_page(swapped, back="index.html"), encoding="utf-8")
    (folder / "index.html").write_text(scoreboard_page({"run.html": swapped}), encoding="utf-8")
    return folder / "index.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_it_renders_without_an_error_and_without_scrolling_sideways(
    width: int, scheme: str, browser: Any, board: Path
) -> None:
    opened(browser, board, width, scheme=scheme)
    assert browser.find_element("id", "board").is_displayed()
    assert browser.execute_script(OVERFLOW) == 0
    assert browser.execute_script(CONTRAST) == []
    assert nameless_controls(browser) == []
    assert said_on_the_console(browser) == []


def test_a_wrong_field_says_why_when_it_is_chosen_by_mouse_or_keys(browser: Any, board: Path) -> None:
    opened(browser, board)
    first, *_, last = browser.find_elements("css selector", ".why")
    browser.execute_script("arguments[0].scrollIntoView({inline: 'center', block: 'center'})", first)
    first.click()
    assert "new disagreement" in browser.find_element("id", "why").text
    last.send_keys("\ue007")  # Enter
    assert browser.find_element("id", "why").text == last.get_attribute("data-why")


def test_a_runtime_leads_to_its_run_and_that_back(browser: Any, board: Path) -> None:
    opened(browser, board)
    browser.find_element("link text", "gates-swapped").click()
    wait_for(browser, f"{READY} && location.pathname.endsWith('run.html')")
    browser.find_element("partial link text", "all records").click()
    wait_for(browser, f"{READY} && location.pathname.endsWith('index.html')")
