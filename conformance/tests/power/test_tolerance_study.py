"""The study of the tolerances: its cases can be had again, it sees what is wrong, and says what it did not see."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from conformance.cases.sizes import REAL_SIZES
from conformance.contract import Observed as Answer
from conformance.contract import family_of
from conformance.implementations.oracle.layers import Oracle
from conformance.judging.divergences import expected_with
from conformance.judging.expected import Expected, OracleAnswer
from conformance.judging.verdict import judge
from conformance.power.tolerance_study import measuring, report, sensitivity
from conformance.power.tolerance_study.cases import GROUP_SIZE, StudyCases, looks_for_faults, manner_of
from conformance.power.tolerance_study.measuring import Study, study
from conformance.suite.session import PROFILES, Session
from conformance.tests.support import example, python, start

PLANTED = "conformance.tests.support.planted_faults"
DIFFICULT = "conformance.tests.support.planted_failures"


def draws(dtype: str = "float64", seed: int = 1) -> StudyCases:
    return StudyCases(Session(Oracle(), PROFILES["quick"]), dtype, seed)


def test_a_case_follows_from_the_seed_and_its_number() -> None:
    one, again, other = draws().case(GROUP_SIZE + 7), draws().case(GROUP_SIZE + 7), draws(seed=2).case(GROUP_SIZE + 7)
    assert repr(one) == repr(again)
    np.testing.assert_array_equal(one.x, again.x)
    assert one.x.shape != other.x.shape or (one.x != other.x).any()


def test_the_cases_of_a_group_differ_in_their_numbers_alone() -> None:
    first, second, elsewhere = (draws("float32").case(number) for number in (0, 1, GROUP_SIZE))
    assert first.options == second.options
    assert first.x.shape == second.x.shape
    assert (first.x != second.x).any()
    assert first.options != elsewhere.options
    assert first.dtype == np.float32


def test_many_cells_leave_steps_enough_for_a_mask_with_holes() -> None:
    class Deep(Oracle):
        cells = ({"kind": "LSTM", "layers": (3,), "direction": ("forward", "both"), "mask": ("holes",)},)

    deep = StudyCases(Session(Deep(), PROFILES["quick"]), "float64", 1)
    assert {deep.case(number).x.shape[1] for number in range(0, 12 * GROUP_SIZE, GROUP_SIZE)} == {3, 4, 5}


def test_ordinary_cases_have_neither_tiny_nor_saturating_numbers() -> None:
    for number in range(0, 100, 10):
        case = draws().case(number)
        assert manner_of(number) == "ordinary"
        assert all(0.01 < np.abs(value).max() <= 1 for value in case.params.values()), case


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_a_change_greater_than_the_least_is_seen_and_a_lesser_is_not(kind: str) -> None:
    case = example(kind)
    expected = OracleAnswer(case).expected("float32")  # against which the oracle's own rounding is nothing
    compared = [name for name in expected.values if family_of(name) != "gates"]
    limited = Expected(expected.values, expected.limits, expected.dtype)  # judged by the limits, however small an error
    for seed in range(4):
        found = sensitivity.least_visible_changes(case, expected, compared, np.random.default_rng(seed))
        assert set(found) >= {"recurrent weight", "weight", "bias", "gate", "gradient"}
        for target in ("recurrent weight", "weight", "bias", "gate"):
            for factor, seen in ((1.05, True), (0.95, False)):
                moved = changed(case, target, found[target] * factor, seed)
                values = {name: value for name, value in OracleAnswer(moved).values.items() if name in compared}
                assert bool(judge(limited, Answer(values)).disagreements) is seen, (target, factor)


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize("factor", [2.0, 0.5])
def test_a_fault_of_a_given_size_is_put_into_the_implementation_and_judged_as_the_suite_judges(
    kind: str, factor: float
) -> None:
    """A little above and below the least: the implementation's own rounding takes a part of the bound."""
    case, implementation = example(kind), Oracle()
    expected = expected_with(implementation, case, ())
    asked = (case, expected, list(expected.values))
    for seed in range(4):
        for target, least in sensitivity.least_visible_changes(*asked, np.random.default_rng(seed)).items():
            found = sensitivity.visible_faults(
                *asked, np.random.default_rng(seed), least * factor, implementation.observe
            )
            assert found[target] is (factor > 1), (target, seed)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_study_looks_for_faults_in_cases_of_each_manner(dtype: str) -> None:
    numbers = [number for number in range(GROUP_SIZE) if looks_for_faults(number)]
    assert {manner_of(number) for number in numbers} == set(report.MANNERS)
    assert [draws(dtype).case(number).dtype_name for number in numbers] == [dtype] * len(numbers)


def changed(case: Any, target: str, by: float, seed: int) -> Any:
    """The case with the fault of `least_visible_changes`, of this size: it asks the generator in a fixed order."""
    rng = np.random.default_rng(seed)
    return {each: sensitivity.with_random_fault(case, each, rng, by) for each in sensitivity.PARAMETERS}[target]


def test_what_a_known_divergence_computes_instead_is_no_fault_that_is_seen() -> None:
    case = example("LSTM")
    expected = expected_with(Oracle(), case, ())
    elsewhere = {name: value + 1 for name, value in expected.values.items()}
    least = [
        sensitivity.least_visible_changes(case, replace(expected, values=values), ["outputs"], np.random.default_rng(0))
        for values in (expected.values, elsewhere)
    ]
    assert least[0] == least[1]


def test_what_moves_nothing_is_not_said_to_be_seen() -> None:
    case = example("SimpleRNN", activation="relu")
    case = case.replace(params={name: -np.abs(value) for name, value in case.params.items()}, x=np.abs(case.x))
    expected = expected_with(Oracle(), case.replace(initial_state=None), ())
    least = sensitivity.least_visible_changes(
        case.replace(initial_state=None), expected, ["outputs"], np.random.default_rng(0)
    )
    assert least["recurrent weight"] == np.inf


def quiet(_: Any) -> None:
    pass


def test_a_fault_is_an_alarm_and_a_sound_implementation_gives_none(tmp_path: Path) -> None:
    wanted = [(f"{PLANTED}:Sound", "float64", 30), (f"{PLANTED}:GatesSwapped", "float64", 2 * GROUP_SIZE)]
    sound, wrong = study(wanted, seed=0, jobs=2, watch=quiet)
    assert (sound.cases, sound.alarms, sound.broken) == (30, {}, [])
    assert sound.numbers > 1000
    assert report.passed([sound])
    assert wrong.alarms
    assert not report.passed([sound, wrong])
    assert "LSTM" in next(iter(wrong.alarms.values()))
    report.write_json(tmp_path / "study.json", [sound, wrong], 0)
    told = json.loads((tmp_path / "study.json").read_text())["studies"]
    assert [one["cases"] for one in told] == [sound.cases, wrong.cases]
    assert set(told[1]["alarms"]) == {str(number) for number in wrong.alarms}


def test_a_study_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    name, wanted = f"{DIFFICULT}:Small", [(f"{DIFFICULT}:Small", "float64", 2 * GROUP_SIZE)]
    (whole,) = study(wanted, seed=0, jobs=1, watch=quiet, faults=False, kept=tmp_path)
    (record,) = tmp_path.glob("*.jsonl")
    versions, first, second = record.read_text().splitlines()
    told_apart = json.dumps(json.loads(first) | {"cases": 7})
    record.write_text("\n".join([versions, told_apart, second[: len(second) // 2]]))  # killed in the midst of a line
    (resumed,) = study(wanted, seed=0, jobs=1, watch=quiet, faults=False, kept=tmp_path)
    assert resumed.cases == whole.cases - GROUP_SIZE + 7, "the first group was judged again, or the second was not"
    assert resumed.numbers == whole.numbers
    (other,) = study([(name, "float64", 20)], seed=1, jobs=1, watch=quiet, faults=False, kept=tmp_path)
    assert other.cases == 20, "another study took this one's record"


def test_cases_of_real_size_are_among_them_and_of_all_real_sizes() -> None:
    found = {draws("float32").case(20 * k + 7).x.shape for k in range(0, 400, 10)}
    assert found == {(its["batch"], its["time"], its["input"]) for its in REAL_SIZES.values()}
    assert manner_of(7) == manner_of(27) == "of real size"


def test_a_study_of_alarms_alone_looks_for_no_faults() -> None:
    (found,) = study([(f"{PLANTED}:Sound", "float64", 30)], seed=0, jobs=1, watch=quiet, faults=False)
    assert found.cases == 30
    assert found.seen == {}
    assert found.seconds == (0.0, 0.0)
    assert report.passed([found])
    report.show(Console(width=160, quiet=True), [found])


def test_a_process_that_dies_is_told_and_counts_against_the_study() -> None:
    (found,) = study([(f"{DIFFICULT}:Leaves", "float64", 10)], seed=0, jobs=1, watch=quiet)
    assert not report.passed([found])
    console = Console(width=160, record=True, quiet=True)
    report.show(console, [found])
    assert found.cases == 0


def test_what_cannot_run_says_why_and_nothing_compared_is_no_success() -> None:
    (found,) = study([(f"{PLANTED}:Sound", "bfloat16", 10)], seed=0, jobs=1, watch=quiet)
    assert "does not compute in bfloat16" in found.not_run
    assert not report.passed([found])


def test_an_interrupted_study_leaves_no_process_and_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    begin = measuring.Chunk.start

    def start(chunk: measuring.Chunk, seed: int) -> None:
        started.append(chunk)
        begin(chunk, seed)

    monkeypatch.setattr(measuring.Chunk, "start", start)

    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    (found,) = study([(f"{PLANTED}:Sound", "float64", 10**6)], seed=0, jobs=1, watch=interrupted)
    assert found.broken == ["interrupted after 0 of 1000000 cases"]
    assert started
    assert all(chunk.status is not None for chunk in started)


def test_a_study_that_is_told_to_end_tells_what_it_found(tmp_path: Path) -> None:
    running = start(
        *("-m", "conformance", "tolerance-study", "--implementation", f"{PLANTED}:Sound", "--dtype", "float64"),
        *("--cases", "1000000", "--json", str(tmp_path / "study.json")),
        TMPDIR=str(tmp_path),
    )
    until = time.monotonic() + 120
    while not list(tmp_path.glob("*/*.jsonl")) and time.monotonic() < until:
        time.sleep(0.2)
    running.process.terminate()
    status, said = running.ended()
    running.end()
    assert status == 1, said
    assert "interrupted after " in said
    assert json.loads((tmp_path / "study.json").read_text())["studies"][0]["broken"]


def test_figures_are_of_all_cases_and_never_nan_in_json(tmp_path: Path) -> None:
    empty = Study("nobody", "float16", 5)
    report.write_json(tmp_path / "study.json", [empty], 3)
    told = json.loads((tmp_path / "study.json").read_text())
    assert (told["seed"], told["studies"][0]["typical"]) == (3, [None, None])
    some = Study("somebody", "float64", 5)
    some.take(
        {
            "event": "group",
            "kind": "LSTM",
            "cases": 3,
            "numbers": 9,
            "undecided": 1,
            "worst": {"outputs": [0.1, 0.2, 0.3], "all": [0.2, 0.4, 0.6]},
            "measured": {"outputs": [4, 1.0]},
            "farthest": [1.0, 2.0, 4.0],
            "seen": {
                "bias": [
                    ["ordinary", 1e-13, True],
                    ["ordinary", 1e-11, False],
                    ["ordinary", -1.0, False],
                    ["probing", 1e-13, True],
                ]
            },
            "alarms": [],
            "seconds": [0.5, 2.0],
        }
    )
    found = report.summary(some)
    assert found["typical"] == [0.4, 0.6]
    assert found["cost"] == 4.0
    assert found["deviations"] == {"outputs": 0.5}
    assert (found["farthest"][0], found["farthest"][2]) == (2.0, 4.0)
    assert found["families"] == {"LSTM outputs": 0.2}
    its = found["least_seen"]["bias"]["ordinary"]
    assert (its["inert"], its["median"], its["percentile_99"]) == (1, 1e-11, None)
    assert its["share_at_bar"] == 1 / 3
    assert its["share_at_bar_of_those_that_move"] == 0.5
    assert found["least_seen"]["bias"]["probing"]["share_at_bar"] == 1.0
    assert found["least_seen"]["bias"]["as drawn"]["share_at_bar"] is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--cases", "0"), "argument --cases: a positive whole number is needed"),
        (("--json", "no/such/folder/file"), "no such folder"),
        (("--implementation", "nobody"), "expected one of iree"),
        (("--dtype", "float8"), "invalid choice"),
    ],
)
def test_the_command_line_refuses_what_it_cannot_do(given: tuple[str, ...], said: str) -> None:
    status, printed = python("-m", "conformance", "tolerance-study", *given)
    assert status == 2
    assert said in printed


def test_the_command_prints_what_it_found(tmp_path: Path) -> None:
    name, plot = f"{PLANTED}:Sound", tmp_path / "study.png"
    pytest.importorskip("matplotlib")
    status, printed = python(
        *("-m", "conformance", "tolerance-study", "--implementation", name, "--dtype", "float64"),
        *("--cases", "20", "--plot", str(plot), "--json", str(tmp_path / "study.json")),
    )
    assert status == 0, printed
    assert "the worst error of a case, in units of its limit" in printed
    assert "errors in sampled deviations" in printed
    assert "the least relative change that is seen" in printed
    assert plot.read_bytes().startswith(b"\x89PNG")
