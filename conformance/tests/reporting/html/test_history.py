"""The page of releases says what moved in which, draws it, and says what it leaves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.reporting.html import history_page
from conformance.tests.support.browser import (
    CONTRAST,
    OVERFLOW,
    nameless_controls,
    opened,
    said_on_the_console,
)
from conformance.tests.support.hostile import HOSTILE, NAME
from conformance.tests.support.parsed_page import Parsed
from conformance.tests.upgrades.test_observations import observed
from conformance.upgrades.observations.history_data import history_data
from conformance.upgrades.observations.record import SUFFIX, Observation, write_record


def few(release: str) -> Observation:
    """What a planted release answered to small cases."""
    found = observed(release)
    return replace(found, answers=[answer for answer in found.answers if not answer.question.size][:40])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of a sound release, and of one that forgets the last step of a mask."""
    found = tmp_path_factory.mktemp("records")
    write_record(found / f"small{SUFFIX}", [few("Small"), replace(few("Wrong"), speed={"LSTM": 2.5})])
    return found


@pytest.fixture(scope="module")
def page(folder: Path) -> Path:
    path = folder / "history.html"
    path.write_text(history_page(history_data(folder), back="index.html"), encoding="utf-8")
    return path


def test_the_data_of_a_release_are_what_was_found_of_it(folder: Path) -> None:
    (series,) = history_data(folder)
    first, second = series["releases"]
    assert (first["version"], second["version"]) == ("1.0", "1.1")
    assert first["standing"] == {"agree": len(few("Small").answers), "outside": 0, "raised": 0}
    assert second["standing"]["outside"] > 0
    assert (first["moved"], second["moved"]) == ("", "behaviour")
    assert second["findings"]
    assert second["speed"] == {"LSTM": 2.5}
    assert series["left_out"] == 0


def test_answers_that_cannot_be_judged_any_more_are_left_out_and_counted(tmp_path: Path) -> None:
    small = few("Small")
    older = replace(small.answers[0], digest="0" * 24)
    write_record(tmp_path / f"small{SUFFIX}", [replace(small, answers=[older, *small.answers[1:]])])
    (series,) = history_data(tmp_path)
    assert series["left_out"] == 1
    assert series["releases"][0]["standing"]["agree"] == len(small.answers) - 1
    assert "1 answers of the record are left out" in Parsed(history_page([series])).text


def test_the_page_says_what_moved_and_nothing_of_it_is_markup(page: Path, folder: Path) -> None:
    (series,) = history_data(folder)
    shown = Parsed(page.read_text(encoding="utf-8"))
    for finding in series["releases"][1]["findings"]:
        assert finding in shown.text
    hostile = {**series, "package": NAME, "implementation": HOSTILE, "divergences": {NAME: {"shows": HOSTILE}}}
    hostile["divergences"][NAME]["gone"] = NAME
    parsed = Parsed(history_page([hostile]))
    assert NAME in parsed.text
    assert not {tag for tag, _ in parsed.tags} & {"img", "b"}
    scripts = [attributes for tag, attributes in parsed.tags if tag == "script"]
    assert scripts == [attributes for tag, attributes in shown.tags if tag == "script"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_it_is_drawn_without_an_error_and_without_scrolling_sideways(
    width: int, scheme: str, browser: Any, page: Path
) -> None:
    opened(browser, page, width, scheme=scheme)
    assert len(browser.find_elements("css selector", "[data-plot=standing] .bars .point")) >= 3
    assert len(browser.find_elements("css selector", "[data-plot=errors] .scatterlayer .point")) >= 2
    assert browser.find_elements("css selector", "[data-plot=speed] .scatterlayer .point")
    for details in browser.find_elements("css selector", "details"):
        browser.execute_script("arguments[0].open = true", details)
    assert browser.execute_script(OVERFLOW) == 0
    assert browser.execute_script(CONTRAST) == []
    assert nameless_controls(browser) == []
    assert said_on_the_console(browser) == []
