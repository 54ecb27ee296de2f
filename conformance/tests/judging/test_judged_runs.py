"""A known divergence is expected exactly as its entry states it, and nothing else is excused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conformance.contract import Case
from conformance.judging.divergences import (
    Disagreement,
    expected_with,
    run_and_judge,
    still_shows,
)
from conformance.judging.expected import OracleAnswer, expect
from refimpl.precision import Precision

from ..support import example
from ..support.planted_divergences import Posing, divergence_entry


def raising(message: str) -> Any:
    """An implementation of the version concerned, whose every call raises."""

    def observe(case: Case) -> Any:
        raise RuntimeError(message)

    return SimpleNamespace(name="posing", versions={"framework": "2.1"}, observe=observe)


def test_outside_its_versions_a_case_is_held_to_its_own_bounds(only: Any) -> None:
    only(divergence_entry("lower precision"))
    verdict, applied = run_and_judge(Posing("posing", {"framework": "3.0"}, off=1e-9), example("LSTM"))
    assert applied == ()
    assert not verdict.agrees, "an error of 1e-9 in float64 went unseen"


@pytest.mark.parametrize(("off", "agrees"), [(1e-9, True), (1e-3, False)], ids=["in float32's", "beyond them"])
def test_lower_precision_is_held_to_the_bounds_of_that_precision(off: float, agrees: bool, only: Any) -> None:
    only(divergence_entry("lower precision"))
    verdict, applied = run_and_judge(Posing("posing", {"framework": "2.1"}, off), example("LSTM"))
    assert applied == ("an-entry",)
    assert verdict.agrees == agrees, [str(comparison) for comparison in verdict.comparisons]


@pytest.mark.parametrize("case", [example("GRU"), example("LSTM", "float32")], ids=["another cell", "another dtype"])
def test_an_entry_changes_nothing_for_cases_that_do_not_trigger_it(case: Case, only: Any) -> None:
    only(divergence_entry("lower precision"))
    assert run_and_judge(Posing("posing", {"framework": "2.1"}), case)[1] == ()


def test_a_known_error_is_taken_at_its_word(only: Any) -> None:
    only(divergence_entry("error"))
    verdict, applied = run_and_judge(raising("LSTM in float64 is not supported here"), example("LSTM"))
    assert (verdict.comparisons, applied) == ((), ("an-entry",))
    assert still_shows(raising("not supported"), divergence_entry("error"))


def test_another_error_than_the_known_one_is_a_disagreement(only: Any) -> None:
    only(divergence_entry("error"))
    with pytest.raises(Disagreement, match="raised RuntimeError: out of memory"):
        run_and_judge(raising("out of memory"), example("LSTM"))
    assert not still_shows(raising("out of memory"), divergence_entry("error"))


def test_a_known_error_that_is_no_longer_raised_is_gone_and_fails(only: Any) -> None:
    only(divergence_entry("error"))
    with pytest.raises(Disagreement, match="known divergence an-entry is gone: nothing was raised"):
        run_and_judge(Posing("posing", {"framework": "2.1"}), example("LSTM"))


def test_lower_precision_still_shows_where_the_minimal_case_leaves_its_own_bounds() -> None:
    entry = divergence_entry("lower precision")
    assert still_shows(Posing("posing", {"framework": "2.1"}, off=1e-9), entry)
    assert not still_shows(Posing("posing", {"framework": "2.1"}), entry)


def test_lower_precision_leaves_other_families_to_their_own_bounds(only: Any) -> None:
    only(divergence_entry("lower precision", families=("gradients",)))
    verdict, applied = run_and_judge(Posing("posing", {"framework": "2.1"}, off=1e-9), example("LSTM"))
    assert applied == ("an-entry",)
    assert [comparison.quantity for comparison in verdict.disagreements] == ["outputs"]


@pytest.mark.parametrize("answer", [{}, {"outputs": np.full((2, 4, 5), 99.0)}, {"outputs": np.full((2, 4, 5), np.nan)}])
def test_a_known_divergence_does_not_show_in_another_fault(answer: dict[str, Any]) -> None:
    other = SimpleNamespace(name="posing", versions={"framework": "2.1"}, observe=lambda case: answer)
    assert not still_shows(other, divergence_entry("lower precision"))


def test_a_known_divergence_does_not_excuse_an_answer_without_numbers(only: Any) -> None:
    only(divergence_entry("lower precision"))
    silent = SimpleNamespace(name="posing", versions={"framework": "2.1"}, observe=lambda case: {})
    with pytest.raises(Disagreement, match="nothing was compared"):
        run_and_judge(silent, example("LSTM"))


def test_what_is_known_to_be_missing_must_not_come(only: Any) -> None:
    entry = divergence_entry("missing", families=("state.c",))
    only(entry)
    with pytest.raises(Disagreement, match=r"known divergence an-entry is gone: state\.c returned"):
        run_and_judge(Posing("posing", {"framework": "2.1"}), example("LSTM"))
    assert not still_shows(Posing("posing", {"framework": "2.1"}), entry)


def test_what_is_known_to_be_wrong_is_set_aside_and_all_else_is_held_to_its_bounds(only: Any) -> None:
    entry = divergence_entry("wrong", families=("outputs",))
    only(entry)
    off = Posing("posing", {"framework": "2.1"}, off=0.1)
    verdict, applied = run_and_judge(off, example("LSTM"))
    assert (verdict.agrees, applied) == (True, ("an-entry",))
    assert "outputs" in verdict.missing
    assert still_shows(off, entry)
    assert not still_shows(Posing("posing", {"framework": "2.1"}), entry)
    only(divergence_entry("wrong", families=("state.c",)))
    assert [found.quantity for found in run_and_judge(off, example("LSTM"))[0].disagreements] == ["outputs"]


@pytest.mark.parametrize(("off", "agrees"), [(0.0, True), (1e-3, False)], ids=["right", "wrong"])
def test_what_is_known_to_come_in_another_dtype_is_held_to_its_numbers(off: float, agrees: bool, only: Any) -> None:
    entry, case = divergence_entry("lower precision", gives="float32"), example("LSTM")
    inner = Posing("posing", {"framework": "2.1"}, off)

    def observe(case: Case) -> Any:
        found = inner.observe(case)
        return {**found, "outputs": found["outputs"].astype("float32")}

    narrow: Any = SimpleNamespace(name="posing", versions={"framework": "2.1"}, observe=observe)
    assert not run_and_judge(narrow, case, ())[0].agrees, "another dtype went unseen"
    assert run_and_judge(narrow, case, [entry])[0].agrees == agrees
    assert still_shows(narrow, entry) == agrees
    with pytest.raises(Disagreement, match="an-entry is gone: outputs is float64"):
        run_and_judge(inner, case, [entry])


def test_errors_that_do_not_average_out_are_held_to_the_proven_bounds_alone(only: Any) -> None:
    case, posing = example("LSTM", "float32"), Posing("posing", {"framework": "2.1"})
    random, systematic = (
        divergence_entry("lower precision", when=({"kind": ("LSTM",)},), precision=precision)
        for precision in ("absolute in float32", "absolute in float32, systematic")
    )
    with_deviations, without = (expected_with(posing, case, [entry]) for entry in (random, systematic))
    assert with_deviations.deviations
    assert not without.deviations
    np.testing.assert_array_equal(without.limits["outputs"], with_deviations.bounds["outputs"])
    assert (without.limits["outputs"] > with_deviations.limits["outputs"]).any()
    only(systematic)
    assert not run_and_judge(Posing("posing", {"framework": "2.1"}, off=1e-2), case)[0].agrees


@pytest.mark.parametrize("families", [("outputs", "state", "gates", "gradients"), ("outputs",)], ids=["all", "one"])
def test_of_two_arithmetics_of_which_one_is_coarser_the_bounds_of_that_alone_are_computed(
    families: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, posing = example("LSTM", "float32"), Posing("posing", {"framework": "2.1"})
    own, coarser = (dict(expect(case, name).bounds) for name in ("float32", "float32, absolute in float32"))
    asked, proven = [], OracleAnswer.proven

    def noted(answer: OracleAnswer, arithmetic: Precision) -> Any:
        asked.append(arithmetic.name)
        return proven(answer, arithmetic)

    monkeypatch.setattr(OracleAnswer, "proven", noted)
    precision = "absolute in float32, systematic"
    entry = divergence_entry("lower precision", when=({"kind": ("LSTM",)},), precision=precision, families=families)
    bounds = expected_with(posing, case, [entry]).bounds
    np.testing.assert_array_equal(bounds["outputs"], np.maximum(own["outputs"], coarser["outputs"]))
    assert asked == ["float32, absolute in float32"]
    for name, found in bounds.items():
        wanted = coarser[name] if entry.affects(name) else own[name]
        np.testing.assert_array_equal(found, wanted, err_msg=name)
    assert asked[1:] == ([] if len(families) > 1 else ["float32"])


@pytest.mark.parametrize("order", [1, -1], ids=["the lower first", "the lower last"])
def test_of_two_entries_neither_takes_away_the_room_that_the_other_gives(order: int) -> None:
    case, posing = example("LSTM"), Posing("posing", {"framework": "2.1"})
    entries = [divergence_entry("lower precision", precision=precision) for precision in ("float32", "absolute")]
    found = expected_with(posing, case, entries[::order])
    for entry in entries:
        alone = expected_with(posing, case, [entry])
        assert (found.bounds["outputs"] >= alone.bounds["outputs"]).all(), entry.precision
        assert (found.deviations["outputs"] >= alone.deviations["outputs"]).all(), entry.precision


def test_an_arithmetic_that_is_not_coarser_in_everything_takes_no_room_away() -> None:
    case, posing = example("LSTM", "float32"), Posing("posing", {"framework": "2.1"})
    entry = divergence_entry("lower precision", when=({"kind": ("LSTM",)},), precision="float64")
    np.testing.assert_array_equal(
        expected_with(posing, case, [entry]).bounds["outputs"], expect(case).bounds["outputs"]
    )


def test_a_known_acceptance_of_wrong_sizes_shows_while_they_are_answered() -> None:
    entry = divergence_entry("accepts", families=("x",))

    def posing(observe: Any) -> Any:
        return SimpleNamespace(name="posing", versions={"framework": "2.1"}, observe=observe)

    features = example("LSTM").x.shape[2]
    assert still_shows(posing(lambda case: {"outputs": case.x[:, :, :features]}), entry)
    assert not still_shows(Posing("posing", {"framework": "2.1"}), entry), "the oracle refuses an x that is too wide"


@pytest.mark.parametrize(("becomes", "shows"), [(0.5, True), (np.nan, False)])
def test_it_shows_whether_a_finite_number_follows_from_nan(becomes: float, shows: bool) -> None:
    def observe(case: Any) -> Any:
        assert np.isnan(case.x).all()
        return {"outputs": np.full(case.outputs_shape, becomes)}

    posing: Any = SimpleNamespace(name="posing", versions={"framework": "2.1"}, observe=observe)
    assert still_shows(posing, divergence_entry("accepts", families=("nan",))) is shows


def test_an_acceptance_of_wrong_sizes_changes_nothing_that_is_expected(only: Any) -> None:
    only(divergence_entry("accepts", families=("x",)))
    verdict, applied = run_and_judge(Posing("posing", {"framework": "2.1"}, off=1e-9), example("LSTM"))
    assert applied == ()
    assert not verdict.agrees


def test_what_is_known_of_a_kernel_is_known_of_an_implementation_on_it(only: Any) -> None:
    only(divergence_entry("lower precision"))
    third = Posing("third party's", {"framework": "2.1"}, off=1e-9)
    assert not run_and_judge(third, example("LSTM"))[0].agrees
    third.kernels = ("posing",)
    assert run_and_judge(third, example("LSTM"))[0].agrees


def test_an_entry_may_ask_for_sizes_and_for_a_number_of_steps() -> None:
    case = example("LSTM")
    _, steps, features = case.x.shape
    assert features > 1
    for when, applies in (
        ({"features": ("many",), "units": ("many",), "batch": ("many",)}, True),
        ({"features": ("one",)}, False),
        ({"steps": ("!0", "!1")}, True),
        ({"steps": (f"!{steps}",)}, False),
    ):
        assert divergence_entry("error", when=(when,)).applies_to(case) == applies, when
