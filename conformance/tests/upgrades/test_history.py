"""The history: the page beside the records is made from them, and says of planted releases what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.version import Version

from conformance.tests.support import ROOT, command
from conformance.tests.upgrades.test_observations import observed
from conformance.upgrades.observations.history import ReleaseSeries, histories_in, series_of_record
from conformance.upgrades.observations.history_page import PAGE, digest_of, history_page, version_ranges
from conformance.upgrades.observations.history_plots import ERRORS, SPEED
from conformance.upgrades.observations.record import SUFFIX, read_record, write_record

OBSERVATIONS = ROOT / "fixtures" / "observations"
RECORDS = sorted(OBSERVATIONS.glob(f"*{SUFFIX}"))


def planted() -> ReleaseSeries:
    """The sound release, and one that forgets the last step of a mask."""
    (series,) = series_of_record("small", (observed("Wrong"), observed("Small")))
    return series


def test_releases_are_in_order_and_judged() -> None:
    first, second = planted().releases
    assert (first.version, second.version) == ("1.0", "1.1")
    assert first.moved is None
    assert first.standing == {"agree": len(first.observation.answers)}
    assert second.standing["outside"] > 0
    assert second.moved is not None
    assert second.moved.severity == "behaviour"
    assert 0 <= first.errors["float32"] < 1


def test_the_page_tells_what_moved_in_which_release(tmp_path: Path) -> None:
    write_record(tmp_path / f"small{SUFFIX}", [observed("Small"), observed("Wrong")])
    page = history_page(histories_in(tmp_path), tmp_path)
    assert "| 1.1 |" in page
    assert "**behaviour**" in page
    assert "no longer within bounds" in page
    assert digest_of(tmp_path / f"small{SUFFIX}") in page


def test_versions_are_told_as_ranges_of_those_that_were_asked() -> None:
    states = {"1": "gone", "2": "shows", "3": "shows", "4": "gone", "5": "shows", "6": None}
    assert version_ranges(states, "shows") == "2 to 3, 5"
    assert version_ranges(states, "gone") == "1, 4"


def test_the_command_writes_the_page_and_its_plots(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    status, said = command("history", str(tmp_path))
    assert (status, "holds no record" in said) == (2, True), said
    write_record(tmp_path / f"small{SUFFIX}", [observed("Small"), observed("Later")])
    status, said = command("history", str(tmp_path))
    assert (status, "small, as small: 2 releases" in said) == (0, True), said
    for name in (ERRORS, SPEED):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    write_record(tmp_path / f"other{SUFFIX}", [observed("Small")])
    status, said = command("history", str(tmp_path))
    assert (status, "says nothing of other" in said) == (2, True), said


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_every_record_in_the_repository_is_sound(path: Path) -> None:
    package = path.name.removesuffix(SUFFIX)
    record, page = read_record(path), (OBSERVATIONS / PAGE).read_text(encoding="utf-8")
    assert digest_of(path) in page, f"made from other records: python -m conformance history {OBSERVATIONS}"
    for one in record:
        assert one.answers, one.label
        assert f"| {Version(one.versions[package]).public} |" in page


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_every_recorded_case_is_drawn_today_as_it_was_then(path: Path) -> None:
    asked = {answer.digest: answer.question for one in read_record(path) for answer in one.answers}
    otherwise = [question.options for digest, question in asked.items() if question.digest != digest]
    assert not otherwise, f"{len(otherwise)} of {len(asked)} cases are drawn otherwise: the first has {otherwise[0]}"


def test_there_are_records_of_what_the_history_is_of() -> None:
    assert {path.name for path in RECORDS} == {f"{name}{SUFFIX}" for name in ("keras", "tensorflow", "torch")}
