"""The best test of all: what it could see follows from the errors' covariance, and it says so of every case."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.implementations.oracle.layers import Oracle
from conformance.power.tolerance_study import ideal
from conformance.power.tolerance_study.cases import StudyCases
from conformance.power.tolerance_study.sensitivity import with_random_fault
from conformance.suite.session import PROFILES, Session


def test_an_effect_is_as_far_out_as_the_covariance_says() -> None:
    rng = np.random.default_rng(0)
    mixed, effect = rng.normal(size=(5, 5)), rng.normal(size=5)
    errors = rng.normal(size=(200_000, 5)) @ mixed.T
    found = ideal.distance(errors, effect)
    assert 0.98 < found / np.linalg.norm(np.linalg.solve(mixed, effect)) < 1.02
    twice, exact = np.tile(errors, 2), np.zeros((len(errors), 1))
    for more, its in ((twice, np.tile(effect, 2)), (np.hstack([errors, exact]), np.append(effect, 1.0))):
        assert abs(ideal.distance(more, its) - found) < 1e-6 * found


@pytest.mark.parametrize(
    ("by", "least", "most"), [(1e-2, 0.999, 1.0), (1e-9, 0.0, 1e-6)], ids=["large", "rounded away"]
)
def test_a_large_fault_is_seen_by_every_test_and_none_by_none(by: float, least: float, most: float) -> None:
    session = Session(Oracle(), PROFILES["quick"])
    case = StudyCases(session, "float32", 7).case(0)
    faulty = with_random_fault(case, "gate", np.random.default_rng(0), by)
    assert faulty is not None
    found = ideal.chances(session.implementation, session, case, faulty)
    assert found.moved is (least > 0)
    assert all(least <= chance <= most for chance in (found.verdict, found.number, found.best)), found


def test_the_command_says_what_was_seen_of_how_many_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert ideal.main(["--implementation", "oracle", "--dtype", "float64", "--cases", "3", "--target", "bias"]) == 0
    said = capsys.readouterr().out
    assert " ordinary cases of oracle in float64, a bias off by 1e-12 of itself: seen by the verdict in " in said
    assert "by the best test of all, " in said
