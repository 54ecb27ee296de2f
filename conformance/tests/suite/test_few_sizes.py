"""Where every other size compiles anew, the cases of all tests that a seed chooses are of one."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.cases.building import SizeLimits
from conformance.implementations.oracle.layers import Oracle
from conformance.suite.session import PROFILES, Session
from conformance.suite.trying import seeded_cases


def sizes_of_cases(sizes: Any, seed: int) -> set[tuple[int, ...]]:
    """The sizes of a few cases of several tests."""
    implementation: Any = Oracle()
    implementation.sizes = sizes
    session = Session(implementation, PROFILES["quick"], seed=seed)
    cells = session.space.with_options(dtype="float32", kind="GRU", layers=1, direction="forward")
    found = [case for label in "abc" for case in seeded_cases(session, label, cells, SizeLimits(), 5)]
    return {(*case.x.shape, case.cell.hidden_size) for case in found}


@pytest.mark.parametrize("seed", range(3))
def test_what_compiles_for_each_size_gets_one_size_in_all_tests(seed: int) -> None:
    (one,) = sizes_of_cases({"batch": 3}, seed)
    assert min(one) > 1  # a batch can be taken apart, a sequence cut in two


def test_other_seeds_draw_other_sizes() -> None:
    assert len(set.union(*(sizes_of_cases({"batch": 3}, seed) for seed in range(4)))) > 2


def test_whatever_does_not_compile_gets_a_size_for_each_case() -> None:
    assert len(sizes_of_cases(None, seed=0)) > 5
