"""Every known divergence that comes or goes, and every planted change, is seen by a record and told by `diff`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from conformance.cases.coverage import OptionTuples
from conformance.cases.option_space import space_of
from conformance.contract import Case, Observed
from conformance.implementations.oracle.layers import Oracle
from conformance.judging.arithmetic import arithmetic_of
from conformance.judging.divergences import Divergence, expected_with, known_divergences, still_shows
from conformance.judging.divergences.fault_models import FAULT_MODELS
from conformance.judging.expected import OracleAnswer, expect
from conformance.tests.support import planted_changes
from conformance.upgrades.observations.comparing import Difference, Finding, difference
from conformance.upgrades.observations.questions import Question, questions
from conformance.upgrades.observations.record import Observation, decoded_answer
from conformance.upgrades.observations.worker import answer_fields, divergences_to_try, question_fields

BY_CASE = [entry for entry in known_divergences() if entry.minimal is not None]
ACCEPTED = [entry for entry in BY_CASE if entry.effect == "accepts"]
ASKED = [entry for entry in BY_CASE if entry.effect != "accepts"]
OF_A_PROCESS = (planted_changes.Absent, planted_changes.Stops, planted_changes.Leaves, planted_changes.Hangs)
"""What `test_records` asks in a process of its own."""
RELEASES = [
    one
    for one in vars(planted_changes).values()
    if isinstance(one, type) and issubclass(one, planted_changes.Later) and one not in OF_A_PROCESS
]


class Mended:
    """The oracle under the name of the implementation that an entry is about."""

    versions: Mapping[str, str] = {"planted": "1"}
    dtypes: Sequence[str] = ("float32",)
    cells: Sequence[Mapping[str, Any]] = ({"kind": "SimpleRNN"},)

    def __init__(self, entry: Divergence) -> None:
        self.entry, self.name = entry, entry.implementations[0]

    def observe(self, case: Case) -> Observed:
        return Observed({name: value.astype(case.dtype) for name, value in OracleAnswer(case).values.items()}, {}, "")


class Diverging(Mended):
    """It diverges as the entry states."""

    def observe(self, case: Case) -> Observed:
        entry = self.entry
        if entry.effect == "error":
            raise RuntimeError(entry.message)
        if entry.effect == "computes":
            return super().observe(FAULT_MODELS[entry.model](case))
        if entry.effect == "accepts":
            state = case.initial_state and tuple(part[: len(case.x)] for part in case.initial_state)
            x = np.nan_to_num(case.x[:, :, : case.cell.input_size])
            return super().observe(case.replace(x=x, initial_state=state))
        values = dict(super().observe(case).values)
        own, wide = expect(case, arithmetic_of(self, case)), expected_with(self, case, [entry])
        for name in filter(entry.affects if entry.families else bool, list(values)):
            if entry.effect == "missing":
                del values[name]
            elif entry.effect == "wrong":
                values[name] = values[name] + np.asarray(1, case.dtype)
            else:
                off = (own.limits[name] + wide.limits[name]) / 2
                found = own.values[name] + np.where(np.isfinite(off), off, 0)
                values[name] = found.astype(entry.gives or case.dtype)
        return Observed(values, {}, "")


def observed(implementation: Any, which: Sequence[Question], entry: Divergence | None = None) -> Observation:
    """A record of the answers to these questions, and of whether the entry shows."""
    shows = {} if entry is None else {entry.id: "shows" if still_shows(implementation, entry) else "gone"}
    answers = [decoded_answer(question_fields(one) | answer_fields(implementation, one)) for one in which]
    versions = dict(implementation.versions)
    return Observation(implementation.name, versions, {}, "2026-11-29", divergences=shows, answers=tuple(answers))


def moved(entry: Divergence, which: Sequence[Question]) -> Difference:
    return difference(observed(Mended(entry), which, entry), observed(Diverging(entry), which, entry))


@pytest.mark.parametrize("entry", ASKED, ids=lambda entry: entry.id)
def test_a_known_divergence_that_opens_moves_the_answer_to_its_minimal_case(entry: Divergence) -> None:
    (question,) = [one for one in questions(Mended(entry)) if one.divergence == entry.id]
    found = moved(entry, [question])
    assert Finding("behaviour", "a known divergence opened", entry.id) in found.findings
    assert found.cases == {"behaviour": 1}, found.findings


@pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: entry.id)
def test_a_wrong_size_that_is_accepted_now_is_told(entry: Divergence) -> None:
    assert Finding("behaviour", "a known divergence opened", entry.id) in moved(entry, []).findings


def test_a_record_tries_every_known_divergence_of_each_implementation() -> None:
    tried = {
        (name, entry.id)
        for name in {name for entry in known_divergences() for name in entry.implementations}
        for entries in divergences_to_try(name)
        for entry in entries
    }
    assert tried == {(name, entry.id) for entry in known_divergences() for name in entry.implementations}


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.__name__)
def test_every_planted_change_moves_a_record(release: type[planted_changes.Later]) -> None:
    small = planted_changes.Small()
    which = questions(small)
    before, now = (replace(observed(one, which), surface=one.interface()) for one in (small, release()))
    assert (difference(before, now).severity == "nothing") == (release is planted_changes.Later)


@pytest.mark.parametrize("make", [Oracle, planted_changes.Small])
def test_questions_have_every_triple_of_values_and_the_real_sizes(make: Any) -> None:
    implementation = make()
    space = space_of(implementation.cells, implementation.dtypes, getattr(implementation, "refused", ()))
    asked = questions(implementation)
    tuples = OptionTuples(space.valid)
    drawn = [one.options for one in asked if not one.size]
    places = [place for place, combination in enumerate(space.valid) if combination in drawn]
    reached = {int(code) for place in places for code in tuples.codes[:, place] if code >= 0}
    assert len(reached) == tuples.count
    assert {one.options["kind"] for one in asked if one.size == "512 units"} == {one["kind"] for one in space.valid}


def test_a_change_of_numbers_that_a_record_of_a_real_size_leaves_out_is_rounding() -> None:
    class Nudged(planted_changes.Later):
        def changed(self, case: Case, observed: Observed) -> Observed:
            outputs = observed.values["outputs"].copy()
            outputs.flat[1] = np.nextafter(outputs.flat[1], outputs.dtype.type(2))
            return Observed({**observed.values, "outputs": outputs}, observed.missing, observed.path)

    small = planted_changes.Small()
    which = [one for one in questions(small) if one.size == "512 units"][:1]
    found = difference(observed(small, which), observed(Nudged(), which))
    assert found.cases == {"rounding": 1}
    assert [value.size for value in observed(small, which).answers[0].values.values()] != []
    assert max(value.size for value in observed(small, which).answers[0].values.values()) < 500
