"""What moved between two versions is told as what it is: behaviour, accuracy, rounding, or nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.commands.upgrades.diff import exit_status, selected_observations
from conformance.running.processes import ONE_THREAD, WITHOUT_GPU, subprocess_environment
from conformance.tests.support import command, forker, needs
from conformance.tests.support import planted_changes as planted
from conformance.upgrades.observations.answers import ErrorTally
from conformance.upgrades.observations.comparing import (
    Difference,
    Finding,
    difference,
    match_observations,
    shared_options,
)
from conformance.upgrades.observations.questions import questions
from conformance.upgrades.observations.record import Observation, decoded_answer, read_record, write_record
from conformance.upgrades.observations.recording import ImplementationRecorder, record_implementations
from conformance.upgrades.observations.worker import answer_fields, observation_fields, question_fields


@cache
def observed(name: str) -> Observation:
    """A record of a planted release, made in this process."""
    made: Any = getattr(planted, name)()
    answers = tuple(
        decoded_answer(question_fields(question) | answer_fields(made, question)) for question in questions(made)
    )
    return Observation(**observation_fields(made), recorded="2026-11-22", answers=answers)


def moved(name: str) -> Difference:
    return difference(observed("Small"), observed(name))


def test_nothing_moves_between_two_records_of_the_same() -> None:
    found = moved("Later")
    assert (found.severity, found.findings, found.changed, found.unmatched_cases) == ("nothing", [], 0, (0, 0))
    assert found.cases == {"nothing": found.compared}
    assert found.compared == len(observed("Small").answers)


@pytest.mark.parametrize(
    ("name", "severity", "said"),
    [
        ("Wrong", "behaviour", "no longer within bounds"),
        ("Refuses", "behaviour", "raises NotImplementedError now: masks must be right-padded"),
        ("Other", "behaviour", "gradients no longer given"),
        ("Rounds", "rounding", "by up to 1 ulp"),
        ("Loses", "accuracy", "error grew"),
    ],
)
def test_what_moved_is_told_as_what_it_is(name: str, severity: str, said: str) -> None:
    found = moved(name)
    assert found.severity == severity
    assert any(said in finding.what for finding in found.findings), found.findings


def test_what_is_mended_is_behaviour_too() -> None:
    for name, said in (("Wrong", "within bounds now"), ("Refuses", "no longer raises NotImplementedError")):
        found = difference(observed(name), observed("Later"))
        assert any(said in finding.what for finding in found.findings), found.findings


def test_the_options_that_share_what_moved_are_told() -> None:
    (finding,) = [one for one in moved("Refuses").findings if one.cases]
    assert f"{finding.cases} of the {finding.cases} cases with mask=holes" in finding.where


def test_an_interface_that_changed_is_behaviour() -> None:
    told = [(finding.where, finding.what) for finding in moved("Other").findings if not finding.cases]
    assert told == [
        ("small.LSTM", "signature: unroll was False, is True"),
        ("small.LSTM", "signature: use_cudnn came, 'auto'"),
        ("small.LSTM", "weights: [['kernel', [2, 12]]] before, [['kernel', [12, 2]]] now"),
    ]


def test_a_case_that_is_drawn_otherwise_today_is_not_judged() -> None:
    other = [replace(one, question=replace(one.question, draw=99)) for one in observed("Wrong").answers]
    with pytest.raises(ValueError, match="is drawn otherwise by this version of the project"):
        difference(observed("Small"), replace(observed("Wrong"), answers=tuple(other)))


def test_a_divergence_that_opens_or_closes_is_behaviour() -> None:
    def one(**divergences: str) -> Observation:
        return Observation("small", {}, {}, "2026-11-22", divergences=divergences)

    assert difference(one(a="shows", b="gone", c="shows"), one(a="gone", b="shows", c="shows")).findings == [
        Finding("behaviour", "a known divergence closed", "a"),
        Finding("behaviour", "a known divergence opened", "b"),
    ]


def test_a_lost_factor_of_two_is_accuracy_and_a_lesser_one_is_not() -> None:
    tally = ErrorTally()
    tally.add(np.array([0.3, 0.1]), np.array([0.5, 0.1]))
    assert tally.worst == [0.3, 0.5]
    assert tally.typical[1] < 2 * tally.typical[0]
    tally.add(np.array([0.1]), np.array([0.7]))
    assert tally.worst[1] > 2 * tally.worst[0]


def test_shared_options_are_the_fewest_that_tell_the_cases_apart() -> None:
    everything: list[dict[str, Any]] = [
        {"mask": mask, "dtype": dtype, "n": k} for k, mask in enumerate("abcdef") for dtype in ("x", "y")
    ]
    its = [one for one in everything if one["mask"] in "ab" and one["dtype"] == "x"]
    rest = [one for one in everything if one not in its]
    assert shared_options(its, rest) in [("mask=a|b, dtype=x", 0), ("n=0|1, dtype=x", 0)]


def test_machines_that_differ_are_told() -> None:
    one, other = (Observation("small", {}, {"processor": name}, "2026-11-22") for name in ("A", "B"))
    assert difference(one, other).machine_changes == ["processor: A before, B now"]


def test_what_has_no_partner_is_said_and_keras_2_has_keras_3_for_one() -> None:
    def those(*names: str) -> tuple[Observation, ...]:
        return tuple(
            Observation(name, {"v": "1"}, {}, "2026-11-22", answers=observed("Small").answers) for name in names
        )

    both, unmatched = match_observations(those("keras2", "torch"), those("keras-tensorflow", "keras-jax"))
    assert [(old.name, new.name) for old, new in both] == [("keras2", "keras-tensorflow")]
    assert unmatched == ["torch: only in OLD", "keras-jax: only in NEW"]
    with pytest.raises(ValueError, match=r"OLD: torch is in it several times.*FILE@PACKAGE==VERSION"):
        match_observations(those("torch", "torch"), those("torch"))
    empty = Observation("torch", {}, {}, "2026-11-22", not_run="torch is not installed")
    assert match_observations(those("torch"), (empty,)) == ([], ["torch: not run: torch is not installed"])


def test_exit_status_follows_the_severity_asked_for() -> None:
    wanted = {"Wrong": (1, 1, 1, 0), "Loses": (0, 1, 1, 0), "Rounds": (0, 0, 1, 0), "Later": (0, 0, 0, 0)}
    for name, statuses in wanted.items():
        found = [moved(name)]
        assert tuple(exit_status(found, on) for on in ("behaviour", "accuracy", "rounding", "never")) == statuses
    assert exit_status([], "never") == 1  # nothing was compared


def test_cases_that_one_side_lacks_are_named_and_are_no_agreement(tmp_path: Path) -> None:
    whole = observed("Small")
    part = replace(whole, answers=whole.answers[:-2])
    for name, (old, new) in {"OLD": (whole, part), "NEW": (part, whole)}.items():
        for file, its in (("old", old), ("new", new)):
            write_record(tmp_path / f"{file}.jsonl.xz", [its])
        files = [str(tmp_path / f"{file}.jsonl.xz") for file in ("old", "new")]
        status, said = command("diff", *files, "--json", str(tmp_path / "diff.json"))
        assert (status, "NOTHING" in said, "INCOMPLETE" in said) == (1, False, True), said
        assert f"2 cases are only in {name}" in said
        lacking = json.loads((tmp_path / "diff.json").read_text())["differences"][0]["lacking"]
        assert [one["options"] for one in lacking["new" if name == "OLD" else "old"]] == [
            dict(answer.question.options) for answer in whole.answers[-2:]
        ]
        assert all(f"kind={answer.question.options['kind']}" in said for answer in whole.answers[-2:]), said
    assert exit_status([difference(whole, part)], "never") == 0


def test_one_version_of_a_record_of_many_can_be_chosen(tmp_path: Path) -> None:
    file = tmp_path / "small.jsonl.xz"
    write_record(file, [observed("Small"), observed("Later")])
    assert [one.versions["small"] for one in selected_observations(f"{file}@small==1.1")] == ["1.1"]
    assert len(selected_observations(str(file))) == 2
    with pytest.raises(ValueError, match=r"has no small==3; of small it has 1\.0, 1\.1"):
        selected_observations(f"{file}@small==3")
    with pytest.raises(ValueError, match="expected FILE@PACKAGE==VERSION"):
        selected_observations(f"{file}@small=3")


def test_the_command_tells_what_moved_and_writes_it(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.jsonl.xz" for name in ("Small", "Wrong")}
    for name, file in files.items():
        write_record(file, [observed(name)])
    written = tmp_path / "diff.json"
    arguments = [str(files["Small"]), str(files["Wrong"]), "--json", str(written)]
    status, said = command("diff", *arguments)
    assert status == 1, said
    assert "small 1.0 → 1.1" in said
    assert "BEHAVIOUR" in said
    content = json.loads(written.read_text())
    assert content["differences"][0]["severity"] == "behaviour"
    assert command("diff", *arguments[:2], "--fail-on", "never")[0] == 0
    files["Wrong"].write_bytes(b"")
    status, said = command("diff", *arguments)
    assert (status, "Wrong.jsonl.xz: is cut off" in said) == (2, True), said


# --- Keras, changed ----------------------------------------------------------------------------------------------

KERAS = "conformance.tests.support.planted_keras"
PLANTED = {"OtherHardSigmoid": "behaviour", "MaskOffByOne": "behaviour", "RoundsOnceMore": "accuracy"}


@pytest.fixture(scope="module")
def keras_records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Records of Keras on PyTorch, as it is and with each change, each by a process that has imported both."""
    needs("keras")
    needs("torch")
    folder = tmp_path_factory.mktemp("records")
    files = {name: folder / f"{name}.jsonl.xz" for name in ("Sound", *PLANTED)}

    def launch_forked(self: ImplementationRecorder, module: str, arguments: Sequence[object], _: str) -> None:
        command = [sys.executable, "-m", module, *map(str, arguments)]
        self.launch(command, subprocess_environment(**ONE_THREAD | WITHOUT_GPU), forker(KERAS, questions.__module__))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImplementationRecorder, "launch_worker", launch_forked)
        found = record_implementations([f"{KERAS}:{name}" for name in files], 2, lambda _: None, 60)
    for file, one in zip(files.values(), found, strict=True):
        assert not one.not_run, one.not_run
        write_record(file, [one])
    return files


@pytest.mark.parametrize("name", PLANTED)
def test_a_change_planted_in_keras_is_told_as_what_it_is(name: str, keras_records: dict[str, Path]) -> None:
    (sound,), (changed,) = (read_record(keras_records[which]) for which in ("Sound", name))
    found = difference(sound, changed)
    wanted = {PLANTED[name]} | ({"rounding"} if PLANTED[name] == "accuracy" else set())
    assert found.severity in wanted, found.findings
    assert all(finding.cases for finding in found.findings if finding.severity == "behaviour")  # no interface moved
