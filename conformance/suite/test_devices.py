"""On a device: the sizes at which it takes other kernels, its answers beside the CPU's, and beside its own again.

Nothing of this is asked of an implementation that computes on the CPU.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from conformance.cases.building import Limits
from conformance.cases.option_space import Combination, call_options_of, has_dropout
from conformance.cases.sizes import SIZES, build_large, is_single
from conformance.cases.strategies import cases_of
from conformance.contract import Case, attribute_of
from conformance.judging.verdict import Comparison
from conformance.suite.plan import DTYPES, KINDS, why_not
from conformance.suite.relations import AGAIN, allowed, answer, repeated, tried, within
from conformance.suite.session import PROFILES, Session

BESIDE = "device = CPU"
_WAYS = 2  # of calling the layer, of each size, kind and dtype


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_any_size_agrees_with_the_oracle_and_with_the_cpu(session: Session, size: str, kind: str, dtype: str) -> None:
    label = f"{size}, {kind} {dtype}"
    if why := why_not(session, kind, dtype) or _without_rows(session, size):
        _not_run(session, label, why)
    fitting = [one for one in session.space.valid if _is(one, kind, dtype) and is_single(one)]
    if not fitting:
        _not_run(session, label, "no combination of its options is of the kind")
    for combination in _ways(session, label, fitting):
        case = build_large(combination, size, zlib.crc32(label.encode()) + session.seed)
        session.check(f"size {label}", case)
        if not session.diverges(case):
            session.compared(f"devices {label}", "devices", tuple(compared(session, case)), case)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_device_agrees_with_the_cpu_and_with_itself(session: Session, kind: str, dtype: str) -> None:
    label = f"devices {kind} {dtype}"
    if why := why_not(session, kind, dtype):
        _not_run(session, label, why)
    fitting = [one for one in session.space.valid if _is(one, kind, dtype) and not _is_drawn(session, one)]

    beside = 0

    def agree(case: Case) -> None:
        nonlocal beside
        found = compared(session, case)
        beside += any(comparison.quantity.startswith(BESIDE) and comparison.numbers for comparison in found)
        session.compared(label, "devices", tuple(found), case)

    tried(max(session.laws, 2), cases_of(fitting, Limits(), lambda case: not session.diverges(case)), agree)
    if not beside:
        session.not_run(f"{label}, beside the CPU", "no such case there, or only with a known divergence")


def compared(session: Session, case: Case) -> list[Comparison]:
    """The device's answer beside the CPU's, called as it can be there, and beside its own when it is called again."""
    first, cpu = answer(session, case), _on_the_cpu(type(session.implementation))
    there, found = allowed(cpu, case), []
    if there is not None:
        ours, theirs = session.bounds(case), cpu.bounds(there)
        bounds = {name: ours[name] + theirs[name] for name in ours}
        found += within(BESIDE, first, answer(cpu, there), bounds)
    for _ in range(AGAIN):
        found += repeated(session, case, "called again", first, answer(session, case))
    return found


@cache
def _on_the_cpu(made: Callable[[], Any]) -> Session:
    return Session(made(), PROFILES["quick"])


def _is(combination: Combination, kind: str, dtype: str) -> bool:
    return all(combination.get(name) == value for name, value in {**KINDS[kind], "dtype": dtype}.items())


def _is_drawn(session: Session, combination: Combination) -> bool:
    """Whether the framework itself draws factors of dropout."""
    return hasattr(session.implementation, "prepare") and has_dropout(combination)


def _ways(session: Session, label: str, fitting: Sequence[Combination]) -> list[Combination]:
    """Some that are called in different ways, chosen by the seed."""
    order = np.random.default_rng([session.seed, zlib.crc32(label.encode())]).permutation(len(fitting))
    found = {repr(call_options_of(fitting[k])): fitting[k] for k in order}
    return list(found.values())[: 1 if attribute_of(session.implementation, "expensive") else _WAYS]


def _without_rows(session: Session, size: str) -> str:
    takes = SIZES[size]["batch"] or attribute_of(session.implementation, "empty_batch")
    return "" if takes else f"{session.implementation.name} is not asked for a batch without rows"


def _not_run(session: Session, label: str, why: str) -> None:
    session.not_run(label, why)
    pytest.skip(why)
