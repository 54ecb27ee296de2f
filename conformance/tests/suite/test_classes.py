"""A fault from some size on is told as such, and what carries a class is told by the class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.cases.classes.sizes import ROWS, class_of
from conformance.judging.divergences import Disagreement
from conformance.suite import trying
from conformance.suite.plan import combinations_with_classes, steps_of
from conformance.suite.session import PROFILES, Session
from conformance.suite.test_classes import test_every_class_agrees_with_the_oracle as classes
from conformance.tests.support.planted_faults import Sound


class WrongFrom(Sound):
    """Wrong where a size is met."""

    def __init__(self, wrong: Any) -> None:
        self.wrong = wrong

    def observe(self, case: Any) -> dict[str, Any]:
        found = super().observe(case)
        return found | ({"outputs": 1.01 * found["outputs"] + 0.01} if self.wrong(case) else {})


class Few(Sound):
    """Of one kind of cell."""

    cells = ({"kind": "LSTM"},)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "SHRINKING_SECONDS", 1.0)


def message_about(wrong: Any, kind: str = "LSTM") -> str:
    with pytest.raises(Disagreement) as caught:
        classes(Session(WrongFrom(wrong), PROFILES["quick"]), kind)
    return str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda case: case.cell.hidden_size >= 17, "fails from 17 units on; 16 agree"),
        (lambda case: len(case.x) >= 33, "fails from 33 rows on; 32 agree"),
        (lambda case: case.x.shape[1] > 40, "fails from 41 steps on; 40 agree"),
        (lambda case: case.x.shape[2] >= 128, "fails from 128 inputs on; 127 agree"),
        (
            lambda case: case.cell.hidden_size >= 63 and case.x.shape[1] > 3,
            "from 63 units on; 62 agree, and from 4 steps on; 3 agree",
        ),
        (lambda case: case.cell.hidden_size >= 1 and case.size > 0, "fails at every size"),
    ],
)
def test_it_is_told_from_which_size_on_a_case_fails(wrong: Any, told: str) -> None:
    assert told in message_about(wrong)


def test_a_size_that_alone_fails_is_told_as_such() -> None:
    told = message_about(lambda case: case.cell.hidden_size in (63, 64, 65) and case.cell.hidden_size % 16 == 0)
    assert "fails with 64 units; 63 and 65 agree" in told


def test_a_class_that_fails_is_told_by_name_with_a_small_case() -> None:
    told = message_about(lambda case: (case.x == 0).all())
    assert "all that have: values='zero input'" in told
    assert "batch=1, time=1" in told, told


def test_a_loss_that_fails_is_told_by_name() -> None:
    told = message_about(lambda case: case.d_outputs is not None and (case.d_outputs == 1).all())
    assert "loss='all ones'" in told


def test_a_right_implementation_passes_and_its_classes_are_recorded(tmp_path: Path) -> None:
    session = Session(Few(), PROFILES["quick"], tmp_path / "record")
    classes(session, "LSTM")
    record = (tmp_path / "record").read_text()
    assert '"units": "15 to 17"' in record
    assert '"loss": "last output only"' in record


def test_a_kind_of_cell_that_it_has_not_is_not_run_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="sound has no GRU"):
        classes(Session(Few(), PROFILES["quick"], tmp_path / "record"), "GRU-reset-after")
    assert "classes GRU-reset-after" in (tmp_path / "record").read_text()


def test_what_is_compiled_for_one_size_is_asked_no_other_and_says_so(tmp_path: Path) -> None:
    class Compiled(Few):
        sizes = {"batch": 3, "time": 4, "input": 2, "hidden": 5}  # noqa: RUF012

    session = Session(Compiled(), PROFILES["quick"], tmp_path / "record")
    classes(session, "LSTM")
    found = combinations_with_classes(session)["LSTM"]
    assert found
    assert not any("shape" in one for one in found)
    assert "sound compiles anew for each size: the thorough profile asks them" in (tmp_path / "record").read_text()


def test_what_is_compiled_for_one_size_is_asked_each_size_once_by_the_thorough_profile() -> None:
    class Compiled(Few):
        sizes = {"batch": 3, "time": 4, "input": 2, "hidden": 5}  # noqa: RUF012
        expensive = True

    found = combinations_with_classes(Session(Compiled(), PROFILES["thorough"]))
    for kind, combinations in found.items():
        met = {class_of("units", one["shape"].units) for one in combinations if "shape" in one}
        assert {class_of("units", size) for row in ROWS for size in row["units"]} <= met, kind


@pytest.mark.parametrize("profile", PROFILES)
def test_where_each_step_is_compiled_by_itself_no_longer_sequence_is_asked_and_this_is_said(
    profile: str, tmp_path: Path
) -> None:
    class Unrolled(Few):
        longest_sequence = 20

    session = Session(Unrolled(), PROFILES[profile], tmp_path / "record")
    most = {kind: max(map(steps_of, its)) for kind, its in combinations_with_classes(session).items()}
    assert all(9 <= its <= 20 for its in most.values()), most
    if profile == "quick":
        classes(session, "LSTM")
        said = "sound compiles each step by itself"
        assert said in (tmp_path / "record").read_text()


def test_an_expensive_implementation_is_asked_a_share() -> None:
    class Expensive(Few):
        expensive = True

    many, few = (
        len(combinations_with_classes(Session(made(), PROFILES["quick"]))["LSTM"]) for made in (Few, Expensive)
    )
    assert few == int(np.ceil(many / 5))


def test_what_the_quick_profile_leaves_out_is_not_run_and_says_why(tmp_path: Path) -> None:
    class Expensive(Few):
        expensive = True

    class ForwardOnly(Few):
        cells = ({"kind": "LSTM", "gradients": [False]},)

    for made, told in (
        (Few, 'gradients of LSTM with 512 units", "why": "they cost too much here: the thorough profile asks them'),
        (Expensive, '4 of 5 cases with classes of LSTM", "why": "sound is expensive, as it says'),
    ):
        record = tmp_path / made.__name__
        classes(Session(made(), PROFILES["quick"], record), "LSTM")
        assert told in record.read_text()
    classes(Session(ForwardOnly(), PROFILES["quick"], tmp_path / "forward"), "LSTM")
    assert "cost too much" not in (tmp_path / "forward").read_text()
