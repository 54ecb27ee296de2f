"""The page of a run in Chromium: it renders at any width, filters, opens links to cases, and can be read by anyone."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from conformance.reporting.html import run_page
from conformance.reporting.tried_cases import unpacked_cases
from conformance.tests.support.browser import (
    CONTRAST,
    OVERFLOW,
    choose,
    nameless_controls,
    opened,
    said_on_the_console,
    visible,
    wait_for,
)
from conformance.tests.support.hostile import hostile_record

KNOWN = {"mnn-ignores-clip": "The attribute clip is ignored.", "mnn-runs-reverse-forward": "It runs forward."}


@pytest.fixture(scope="module")
def record(swapped: dict[str, Any]) -> dict[str, Any]:
    """A run of two implementations: one whose LSTM is wrong, one that is right and has known divergences."""
    (wrong,) = swapped["implementations"]
    cases = [
        line
        for line, case in zip(wrong["tried"]["cases"], unpacked_cases(wrong["tried"]), strict=True)
        if not case.fails
    ]
    right = {
        **wrong,
        "name": "right",
        "verdict": "agrees",
        "failures": {},
        "failing_cases": [],
        "divergences": KNOWN,
        "divergent_cases": dict.fromkeys(KNOWN, 3),
        "families": {name: found | {"worst": 0.5} for name, found in wrong["families"].items()},
        "tried": wrong["tried"] | {"cases": cases},
    }
    return {**swapped, "implementations": [wrong, right]}


@pytest.fixture(scope="module")
def page(record: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "run.html"
    path.write_text(run_page(record), encoding="utf-8")
    return path


def matrix_row(browser: Any, name: str) -> Any:
    return browser.find_element("css selector", f"#matrix tr[data-implementation='{name}']")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_it_renders_without_an_error_and_without_scrolling_sideways(
    width: int, scheme: str, browser: Any, page: Path
) -> None:
    opened(browser, page, width, scheme=scheme)
    assert browser.find_element("css selector", "#plot-bounds .boxlayer path").is_displayed()
    for details in browser.find_elements("css selector", "details"):
        browser.execute_script("arguments[0].open = true", details)
    assert browser.execute_script(OVERFLOW) == 0
    assert browser.execute_script(CONTRAST) == []
    assert said_on_the_console(browser) == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_at_any_width_the_matrix_says_in_words_and_signs_what_it_says_in_colour(browser: Any, page: Path) -> None:
    opened(browser, page, 400)
    for cell in browser.find_elements("css selector", "#matrix td[data-family]"):
        state = set(cell.get_attribute("class").split()) & {"right", "wrong", "none"}
        sign = {"right": "✓", "wrong": "✗", "none": "–"}[state.pop()]
        assert cell.get_attribute("textContent").strip().startswith(sign)
        assert re.search("agrees|nothing compared", cell.get_attribute("textContent")), cell.text


def test_choosing_a_cell_shows_its_figures_and_its_failures(browser: Any, page: Path, record: dict[str, Any]) -> None:
    opened(browser, page)
    wrong = record["implementations"][0]
    before = matrix_row(browser, wrong["name"]).text
    assert len(visible(browser, ".failure")) == len(wrong["failing_cases"]) > 0
    for kind, sign in (("GRU", "✓"), ("LSTM", "✗")):
        choose(browser, "filter-cell", kind)
        cases = [case for case in unpacked_cases(wrong["tried"]) if case.options["kind"] == kind]
        worst = max(case.families["outputs"].worst for case in cases if "outputs" in case.families)
        row = matrix_row(browser, wrong["name"])
        shown = row.find_element("css selector", "[data-family=outputs]").text
        assert shown.startswith(sign)
        assert float(shown.removeprefix(sign)) == worst
        assert row.find_element("css selector", "[data-of=cases]").text == str(len(cases))
        assert bool(visible(browser, ".failure")) == (kind == "LSTM")
        assert browser.find_element("id", "failures-none").is_displayed() == (kind == "GRU")
    browser.find_element("id", "filter-reset").click()
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert matrix_row(browser, wrong["name"]).text == before
    assert said_on_the_console(browser) == []


def test_choosing_a_framework_leaves_its_own_everywhere(browser: Any, page: Path) -> None:
    opened(browser, page)
    choose(browser, "filter-framework", "right")
    assert not matrix_row(browser, "gates-swapped").is_displayed()
    assert matrix_row(browser, "right").is_displayed()
    assert not visible(browser, ".failure")
    assert len(visible(browser, ".divergence")) == len(KNOWN)
    assert browser.find_element("css selector", "#plot-bounds .yaxislayer-above").text.split() == ["right"]
    choose(browser, "filter-framework", "gates-swapped")
    assert not visible(browser, ".divergence")
    assert browser.find_element("id", "divergences-none").is_displayed()


def test_choosing_an_option_and_a_dtype_leaves_the_cases_that_have_both(
    browser: Any, page: Path, record: dict[str, Any]
) -> None:
    opened(browser, page)
    choose(browser, "filter-option", "reset_after = False")
    choose(browser, "filter-dtype", "float32")
    for result in record["implementations"]:
        wanted = {"reset_after": "False", "dtype": "float32"}
        count = sum(wanted.items() <= case.options.items() for case in unpacked_cases(result["tried"]))
        assert matrix_row(browser, result["name"]).find_element("css selector", "[data-of=cases]").text == str(count)
    assert "cases, 0 failures" in browser.find_element("id", "filter-status").text
    assert not visible(browser, "#options-table tr[data-option=reset_after][data-value=True]")
    assert visible(browser, "#options-table tr[data-option=reset_after][data-value=False]")


def test_a_link_to_a_case_opens_it_even_where_a_filter_hides_it(browser: Any, page: Path) -> None:
    opened(browser, page)
    identifier = browser.find_elements("css selector", ".failure")[-1].get_attribute("id")
    opened(browser, page, fragment=f"#{identifier}")
    where = "const box = document.getElementById(arguments[0]).getBoundingClientRect(); return [box.top, innerHeight]"
    top, height = browser.execute_script(where, identifier)
    assert 0 <= top < height
    assert browser.switch_to.active_element.get_attribute("id") == identifier
    assert visible(browser, f"#{identifier} details.script pre")
    choose(browser, "filter-cell", "GRU")
    assert not browser.find_element("id", identifier).is_displayed()
    browser.execute_script("location.hash = ''; location.hash = arguments[0]", identifier)
    browser.execute_async_script("setTimeout(arguments[0], 100)")
    assert browser.find_element("id", identifier).is_displayed()


def test_a_script_is_copied_or_selected_whole(browser: Any, page: Path) -> None:
    opened(browser, page)
    script = browser.find_element("css selector", ".failure details.script")
    browser.execute_script("arguments[0].open = true", script)
    script.find_element("css selector", "button").click()
    done = "return /Copied|Selected/.test(arguments[0].textContent)"
    button = script.find_element("css selector", "button")
    wait_for(browser, done, button)
    if "Selected" in button.text:
        text = browser.execute_script("return getSelection().toString()")
        assert text.strip() == script.find_element("css selector", "pre").get_attribute("textContent").strip()


def test_all_can_be_reached_by_the_keyboard_and_named_by_a_screen_reader(browser: Any, page: Path) -> None:
    opened(browser, page)
    assert nameless_controls(browser) == []
    reached = set()
    for _ in range(30):
        browser.switch_to.active_element.send_keys("\ue004")  # Tab
        active = browser.switch_to.active_element
        reached.add(active.get_attribute("id") or active.get_attribute("href") or active.get_attribute("aria-label"))
    assert {"filter-framework", "filter-cell", "filter-option", "filter-dtype", "filter-reset"} <= reached
    assert any("scrolls sideways" in str(one) for one in reached), "a table that scrolls can be scrolled by its keys"
    levels = [int(one.tag_name[1]) for one in browser.find_elements("css selector", "h1, h2, h3")]
    assert levels[0] == levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_what_a_plug_in_says_runs_nothing(browser: Any, record: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(run_page(hostile_record(record)), encoding="utf-8")
    opened(browser, path)
    choose(browser, "filter-cell", "LSTM")
    assert browser.execute_script("return window.broken") is None
    assert not browser.find_elements("css selector", "img, b")
    assert said_on_the_console(browser) == []


def test_a_script_that_is_not_the_pages_own_is_not_run(browser: Any, page: Path, tmp_path: Path) -> None:
    """The page's policy: what if something did get in."""
    path = tmp_path / "injected.html"
    planted = "<script>window.broken = 1</script><img src='x' onerror='window.broken = 1'></footer>"
    path.write_text(page.read_text(encoding="utf-8").replace("</footer>", planted), encoding="utf-8")
    opened(browser, path)
    assert browser.execute_script("return window.broken") is None
    assert any("Content Security Policy" in said for said in said_on_the_console(browser))
