"""A scoreboard says of each feature of a runtime whether it is right, wrong, refused, absent or not tried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.cases.option_table import CELL_OPTIONS, LAYER_OPTIONS
from conformance.commands.main import main
from conformance.reporting.html import scoreboard_page
from conformance.reporting.html.features import Features
from conformance.reporting.html.scoreboard import COLUMNS, FEATURES, scoreboard_rows
from conformance.reporting.tried_cases import packed_cases
from conformance.tests.support.hostile import NAME, hostile_record
from conformance.tests.support.parsed_page import Parsed

CLIP, REVERSE = "mnn-ignores-clip", "mnn-runs-reverse-forward"  # divergences about clip, and about direction=backward
RESET = "mnn-gru-resets-after"  # about kind=GRU, reset_after=False, direction=forward|backward


def event(worst: float, known: tuple[str, ...] = (), family: str = "outputs", **options: str) -> dict[str, Any]:
    plain = {"kind": "LSTM", "clip": "False", "direction": "forward", "lengths": "none"}
    found = {"numbers": 4, "worst": worst, "undecided": 0}
    return {"options": plain | options, "families": {family: found}, "known": list(known)}


@pytest.fixture
def features() -> Features:
    events = [
        event(0.5),
        event(0.5, (CLIP,), clip="True"),
        event(0.2, clip="True", kind="GRU"),
        event(0.5, (REVERSE, CLIP), clip="True", direction="backward"),
        event(0.5, family="gradients", kind="GRU"),
        event(7.0, kind="SimpleRNN"),
        event(0.5, (RESET,), kind="GRU", reset_after="False"),
    ]
    declared = {
        "kind": ["LSTM", "GRU", "SimpleRNN"],
        "clip": ["False", "True"],
        "direction": ["forward", "backward", "both"],
        "lengths": ["none", "sorted"],
        "reset_after": ["True", "False"],
    }
    return Features({"tried": packed_cases(events), "declared": declared, "refused_values": {"peepholes": ["True"]}})


@pytest.mark.parametrize(
    ("wanted", "state", "cases", "wrong"),
    [
        ({"kind": ("GRU",)}, "wrong", 3, 1),
        ({"kind": ("LSTM",)}, "right", 3, 0),
        ({"reset_after": ("False",)}, "wrong", 1, 1),
        (
            {"direction": ("forward",)},
            "wrong",
            6,
            1,
        ),  # the new disagreement: RESET is about most directions, so about none
        ({"kind": ("SimpleRNN",)}, "wrong", 1, 1),
        ({"clip": ("True",)}, "wrong", 3, 2),
        ({"direction": ("backward",)}, "wrong", 1, 1),
        ({"direction": ("backward", "both")}, "wrong", 1, 1),
        ({"direction": ("both",)}, "not tried", 0, 0),
        ({"lengths": ("sorted", "zero")}, "not tried", 0, 0),
        ({"peepholes": ("True",)}, "refused", 0, 0),
        ({"projection": ("True",)}, "absent", 0, 0),
        ({"kind": ("GRU",), "projection": ("True",)}, "absent", 0, 0),
    ],
)
def test_a_field_says_what_was_found_of_its_cases(
    wanted: dict[str, tuple[str, ...]], state: str, cases: int, wrong: int, features: Features
) -> None:
    field = features.field(wanted)
    assert (field.state, field.cases, field.wrong) == (state, cases, wrong)


def test_a_wrong_field_says_why(features: Features) -> None:
    assert features.field({"clip": ("True",)}).why == {CLIP: 2}
    assert "wrong in 2 of 3 cases" in features.field({"clip": ("True",)}).label
    assert features.field({"kind": ("SimpleRNN",)}).why == {"new disagreement": 1}


def test_a_divergence_that_applies_to_all_that_there_is_counts_where_it_says_so() -> None:
    """It is about float32, and float32 is the only dtype."""
    lost = event(0.5, ("mnn-small-values-are-lost",), dtype="float32")
    declared = {"kind": ["LSTM", "GRU"], "dtype": ["float32"]}
    found = Features({"tried": packed_cases([lost]), "declared": declared})
    assert found.field({"dtype": ("float32",)}).why == {"mnn-small-values-are-lost": 1}
    assert found.field({"kind": ("LSTM",)}).state == "right"


def test_gradients_are_judged_by_the_cases_that_have_some(features: Features) -> None:
    assert (features.gradients().state, features.gradients().cases) == ("right", 1)
    off = {"tried": packed_cases([event(3.0, family="gradients")]), "declared": {"kind": ["LSTM"]}}
    assert Features(off).gradients().state == "wrong"
    assert Features({**off, "tried": packed_cases([event(0.1)])}).gradients().state == "absent"


def test_an_older_record_that_does_not_say_is_not_taken_for_one_that_lacks_all() -> None:
    older = Features({})
    assert older.field({"kind": ("LSTM",)}).state == older.gradients().state == "unknown"


def test_every_feature_of_a_column_is_an_option_that_cases_have() -> None:
    known = {option.name for option in (*LAYER_OPTIONS, *CELL_OPTIONS)} | {"kind", "dtype"}
    assert {name for feature in FEATURES for name in feature.wanted or ()} <= known
    assert sorted(COLUMNS, key=str) == sorted(FEATURES, key=str), "a feature's group is in no column"


def test_of_two_records_of_a_runtime_the_newer_counts(swapped: dict[str, Any]) -> None:
    older = {**swapped, "date": "2020-01-01T00:00:00+00:00"}
    for records in ({"a.html": older, "b.html": swapped}, {"a.html": swapped, "b.html": older}):
        (row,) = scoreboard_rows(records)
        assert records[row.address] is swapped
        by_name = dict(zip([(column.group, column.name) for column in COLUMNS], row.fields, strict=True))
        assert by_name["cell", "LSTM"].state == "wrong"
        assert by_name["cell", "GRU"].state == "right"
        assert by_name["LSTM", "peepholes"].state == "absent"


def test_on_the_scoreboard_too_what_comes_from_a_plug_in_is_text(swapped: dict[str, Any]) -> None:
    page, harmless = Parsed(scoreboard_page({"a.html": hostile_record(swapped)})), Parsed(scoreboard_page({}))
    assert NAME in page.text
    assert not {tag for tag, _ in page.tags} & {"img", "b"}
    assert [a for tag, a in page.tags if tag == "script"] == [a for tag, a in harmless.tags if tag == "script"]


def test_the_command_writes_a_page_for_each_record_and_one_that_leads_to_them(
    swapped: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {name: value for name, value in swapped.items() if name != "page"}
    paths = [tmp_path / "one" / "run.json", tmp_path / "two" / "run.json"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(json.dumps(record), encoding="utf-8")
    folder = tmp_path / "made" / "here"
    assert main(["report", *map(str, paths), "--html", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == f"{folder / 'index.html'}: 2 records"
    pages = {path.name: Parsed(path.read_text(encoding="utf-8")) for path in folder.iterdir()}
    assert set(pages) == {"index.html", "run-run.html", "run-run-2.html"}
    for name, page in pages.items():
        links = {str(a["href"]) for tag, a in page.tags if tag == "a" and not str(a["href"]).startswith("#")}
        assert {link for link in links if not link.startswith("http")} <= set(pages), name
    assert "index.html" in {a.get("href") for _, a in pages["run-run.html"].tags}


def test_what_is_no_record_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.json").write_text("{}")
    assert main(["report", str(tmp_path / "other.json"), "--html", str(tmp_path / "made")]) == 2
    assert "is no record of a run" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()
