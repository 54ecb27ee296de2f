"""On a GPU: the sizes at which it takes other kernels; its answers beside the CPU's, and beside its own when repeated.

These tests are not collected for an implementation that computes on the CPU.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from conformance.cases.building import SizeLimits
from conformance.cases.option_space import Combination, call_options_of, has_dropout
from conformance.cases.sizes import SIZES, build_case_of_size, can_have_any_size
from conformance.cases.strategies import cases_of_combinations
from conformance.contract import Case, attribute_of
from conformance.judging.verdict import Comparison
from conformance.suite.plan import CELL_VARIANTS, DTYPES, why_not_tried
from conformance.suite.relations import REPETITIONS, answer, as_declared, compare_repeated_calls, compare_within
from conformance.suite.session import PROFILES, Session
from conformance.suite.trying import check_drawn_cases

BESIDE_THE_CPU = "device = CPU"
_COMBINATIONS = 2  # of different call options, tried for each size, kind and dtype


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", CELL_VARIANTS)
@pytest.mark.parametrize("size", SIZES)
def test_any_size_agrees_with_the_oracle_and_with_the_cpu(session: Session, size: str, kind: str, dtype: str) -> None:
    label = f"{size}, {kind} {dtype}"
    if why := why_not_tried(session, kind, dtype) or _without_rows(session, size):
        _not_run(session, label, why)
    combinations = [one for one in session.space.valid if _is_of(one, kind, dtype) and can_have_any_size(one)]
    if not combinations:
        _not_run(session, label, "no combination of its options is of the kind")
    for combination in _differently_called(session, label, combinations):
        case = build_case_of_size(combination, size, zlib.crc32(label.encode()) + session.seed)
        session.check(f"size {label}", case)
        if not session.diverges(case):
            session.check_comparisons(f"devices {label}", "devices", tuple(compare_answers(session, case)), case)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", CELL_VARIANTS)
def test_the_device_agrees_with_the_cpu_and_with_itself(session: Session, kind: str, dtype: str) -> None:
    label = f"devices {kind} {dtype}"
    if why := why_not_tried(session, kind, dtype):
        _not_run(session, label, why)
    combinations = [
        one for one in session.space.valid if _is_of(one, kind, dtype) and not _has_drawn_dropout(session, one)
    ]

    beside_the_cpu = 0

    def agree(case: Case) -> None:
        nonlocal beside_the_cpu
        found = compare_answers(session, case)
        beside_the_cpu += any(
            comparison.quantity.startswith(BESIDE_THE_CPU) and comparison.numbers for comparison in found
        )
        session.check_comparisons(label, "devices", tuple(found), case)

    cases = cases_of_combinations(combinations, SizeLimits(), lambda case: not session.diverges(case))
    check_drawn_cases(max(session.cases_per_relation, 2), cases, agree)
    if not beside_the_cpu:
        session.record_not_run(f"{label}, beside the CPU", "no such case there, or only with a known divergence")


def compare_answers(session: Session, case: Case) -> list[Comparison]:
    """Compares the device's answer with the CPU's, called as it can be there, and with its own when repeated."""
    first, cpu = answer(session, case), _session_on_the_cpu(type(session.implementation))
    case_on_cpu, found = as_declared(cpu, case), []
    if case_on_cpu is not None:
        device_bounds, cpu_bounds = session.bounds(case), cpu.bounds(case_on_cpu)
        bounds = {name: device_bounds[name] + cpu_bounds[name] for name in device_bounds}
        found += compare_within(BESIDE_THE_CPU, first, answer(cpu, case_on_cpu), bounds)
    for _ in range(REPETITIONS):
        found += compare_repeated_calls(session, case, "called again", first, answer(session, case))
    return found


@cache
def _session_on_the_cpu(made: Callable[[], Any]) -> Session:
    return Session(made(), PROFILES["quick"])


def _is_of(combination: Combination, kind: str, dtype: str) -> bool:
    return all(combination.get(name) == value for name, value in {**CELL_VARIANTS[kind], "dtype": dtype}.items())


def _has_drawn_dropout(session: Session, combination: Combination) -> bool:
    """Whether the framework itself draws factors of dropout."""
    return hasattr(session.implementation, "prepare") and has_dropout(combination)


def _differently_called(session: Session, label: str, combinations: Sequence[Combination]) -> list[Combination]:
    """A few that differ in their call options, chosen by the seed."""
    order = np.random.default_rng([session.seed, zlib.crc32(label.encode())]).permutation(len(combinations))
    found = {repr(call_options_of(combinations[k])): combinations[k] for k in order}
    return list(found.values())[: 1 if attribute_of(session.implementation, "expensive") else _COMBINATIONS]


def _without_rows(session: Session, size: str) -> str:
    accepted = SIZES[size]["batch"] or attribute_of(session.implementation, "empty_batch")
    return "" if accepted else f"{session.implementation.name} is not asked for a batch without rows"


def _not_run(session: Session, label: str, why: str) -> None:
    session.record_not_run(label, why)
    pytest.skip(why)
