"""The page of a run holds what its record holds, from disk alone, and nothing of it as markup."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.commands.main import main
from conformance.reporting.html import run_page
from conformance.running.run_records import read_run_record, run_records_folder
from conformance.tests.support import script_in
from conformance.tests.support.hostile import NAME, hostile_record
from conformance.tests.support.parsed_page import Parsed

RECORDS = sorted(path for path in run_records_folder().glob("*.json") if path.name != "schema.json")


def test_a_page_asks_for_nothing_from_elsewhere(swapped: dict[str, Any]) -> None:
    page = Parsed(swapped["page"])
    for tag, attributes in page.tags:
        assert tag not in ("iframe", "object", "embed", "base", "frame"), tag
        for name in ("src", "href", "action", "srcset"):
            value = attributes.get(name) or ""
            assert not value or value.startswith(("#", "data:")) or tag == "a", (tag, name, value)
    (policy,) = [a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert str(policy).startswith("default-src 'none'")
    assert "unsafe-inline" not in str(policy).partition("script-src")[2]


def test_all_that_the_record_says_of_failures_is_on_the_page(swapped: dict[str, Any]) -> None:
    page, (result,) = Parsed(swapped["page"]), swapped["implementations"]
    for case in result["failing_cases"]:
        assert case["description"] in page.text
        assert case["script"] in page.text
        for quantity in case["quantities"]:
            for number in quantity["shown"]:
                assert all(str(each) in page.text for each in number[:3])
    identifiers = [a["id"] for tag, a in page.tags if tag == "article" and str(a["id"]).startswith("case-")]
    assert len(identifiers) == len(result["failing_cases"]) == len(set(identifiers))
    links = [attributes.get("href") for tag, attributes in page.tags if tag == "a"]
    assert {f"#{identifier}" for identifier in identifiers} <= set(links)


def test_the_link_to_a_case_is_the_same_in_the_next_page(swapped: dict[str, Any]) -> None:
    assert Parsed(run_page(swapped)).ids() == Parsed(swapped["page"]).ids()


def test_a_failing_test_without_a_case_has_its_message_and_its_script(swapped: dict[str, Any]) -> None:
    (result,) = swapped["implementations"]
    older = {**swapped, "implementations": [{**result, "failing_cases": []}]}
    page = Parsed(run_page(older))
    (message,) = [m for test, m in result["failures"].items() if "LSTM-float64" in test]
    assert message in page.text
    assert page.text.count(script_in(message)) == 2, "once in the message, once to be copied"


def test_what_comes_from_a_plug_in_is_text_and_never_markup(swapped: dict[str, Any]) -> None:
    record = hostile_record(swapped)
    page, harmless = Parsed(run_page(record)), Parsed(run_page(swapped))
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in harmless.tags} | {"strong", "br", "dl", "dt", "dd"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert scripts == [attributes for tag, attributes in harmless.tags if tag == "script"]
    assert NAME in page.text
    assert len(set(page.ids())) == len(page.ids())
    assert all(re.fullmatch(r"[A-Za-z0-9-]+", identifier) for identifier in page.ids())


def test_a_partial_run_is_marked_and_a_whole_one_is_not(swapped: dict[str, Any]) -> None:
    assert "Partial run" not in Parsed(swapped["page"]).text
    marked = Parsed(run_page({**swapped, "partial": True, "why_partial": "interrupted after 20 seconds"})).text
    assert "Partial run" in marked
    assert "interrupted after 20 seconds" in marked


def test_two_implementations_of_one_name_have_a_row_each(swapped: dict[str, Any]) -> None:
    twice = {**swapped, "implementations": swapped["implementations"] * 2}
    rows = [a.get("data-implementation") for t, a in Parsed(run_page(twice)).tags if t == "tr"]
    assert rows.count("gates-swapped") == rows.count("gates-swapped (2)") == 2


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_every_record_of_the_project_has_a_page_with_its_divergences(path: Path) -> None:
    record = read_run_record(path)
    page = Parsed(run_page(record))
    for result in record["implementations"]:
        for summary in result["divergences"].values():
            assert summary in page.text
        for reason in (*result["not_run"].values(), *result["refused"]):
            assert reason in page.text


def test_without_its_packages_the_extra_is_named_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for package in ("jinja2", "plotly"):
        with monkeypatch.context() as context:
            context.setitem(sys.modules, package, None)
            assert main(["run", "--implementation", "oracle", "--html", str(tmp_path / "page.html")]) == 1
        said = capsys.readouterr()
        assert said.err.strip() == f"{package} is not installed (pip install 'rnn-conformance[report]')"
        assert not said.out
    assert not list(tmp_path.iterdir())


def test_data_in_a_page_is_the_records_own(swapped: dict[str, Any]) -> None:
    (source,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', swapped["page"], re.DOTALL)
    (implementation,) = json.loads(source)["implementations"]
    tried = swapped["implementations"][0]["tried"]
    assert implementation["tried"]["cases"] == tried["cases"]
    assert [tuple(pair) for pair in implementation["tried"]["options"]] == list(tried["options"].items())
