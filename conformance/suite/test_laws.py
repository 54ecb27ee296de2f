"""What must hold between an implementation's own answers, whatever the oracle says.

Both sides of each law are faithful evaluations of the same formulas, so they may differ by both their bounds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.cases import Array, Case, Comparison, Quantities, compare, expect, family_of
from conformance.divergences import concerning
from conformance.implementations import observe
from conformance.session import Session, drawing
from conformance.strategies import cases


def _observed(session: Session, case: Case) -> Quantities:
    return observe(session.implementation, case).values


def _compared(law: str, one: Quantities, other: Quantities, bounds: Mapping[str, Array]) -> list[Comparison]:
    shared = [name for name in bounds if name in one and name in other]
    for name in shared:
        if np.isnan(np.asarray(one[name], np.float64)[np.isfinite(bounds[name])]).any():
            return [Comparison(f"{law}: {name}", 0, np.inf, problem="NaN where a number is due")]
    return [compare(f"{law}: {name}", np.asarray(one[name], np.float64), bounds[name], other[name]) for name in shared]


def _joined(pieces: list[Quantities], axis: int) -> dict[str, Array]:
    """The whole's quantities from its pieces': parameters' gradients add up, the rest stands side by side."""
    return {
        name: np.sum([np.asarray(piece[name], np.float64) for piece in pieces], axis=0)
        if name.startswith("d_params")
        else np.concatenate([piece[name] for piece in pieces], axis=axis)
        for name in pieces[0]
        if all(name in piece for piece in pieces)
    }


def _only(values: Quantities, heads: tuple[str, ...]) -> dict[str, Array]:
    """The quantities whose names begin with one of these words."""
    return {name: value for name, value in values.items() if name.split(".")[0] in heads}


def _rows(case: Case) -> list[Case]:
    """The case's rows, each a case of batch 1."""

    def row(k: int) -> Case:
        return case.map(lambda array: array[k : k + 1]).replace(params=case.params)

    return [row(k) for k in range(len(case.x))]


def batch(session: Session, case: Case) -> list[Comparison]:
    """A batch equals its rows one by one."""
    bounds = {name: 2 * bound for name, bound in expect(case).bounds.items()}
    rows = [_observed(session, row) for row in _rows(case)]
    return _compared("batch = rows", _observed(session, case), _joined(rows, axis=0), bounds)


def time(session: Session, case: Case) -> list[Comparison]:
    """A sequence run in two pieces equals the sequence run whole; backward too, where the state's cotangent is told."""
    middle, names = case.x.shape[1] // 2, case.state_names
    whole = case.replace(initial_state=case.initial_state_or_zeros())
    bounds = {name: 2 * bound for name, bound in expect(whole).bounds.items()}
    d_first, d_second = (None, None) if case.d_outputs is None else np.split(case.d_outputs, [middle], axis=1)
    first = whole.replace(x=case.x[:, :middle], d_outputs=None, d_state=None)
    before = _observed(session, first)
    if any(f"state.{name}" not in before for name in names):
        return []  # nothing to hand on
    state = tuple(np.asarray(before[f"state.{name}"], case.dtype) for name in names)
    after = _observed(session, whole.replace(x=case.x[:, middle:], initial_state=state, d_outputs=d_second))
    forward = ("outputs", "gates")
    joined = _joined([_only(piece, forward) for piece in (before, after)], axis=1)
    joined |= _only(after, ("state",))
    if all(f"d_initial_state.{name}" in after for name in names):
        d_state = tuple(np.asarray(after[f"d_initial_state.{name}"], case.dtype) for name in names)
        before = _observed(session, first.replace(d_outputs=d_first, d_state=d_state))
        joined |= _joined([_only(piece, ("d_params", "d_x")) for piece in (before, after)], axis=1)
        joined |= _only(before, ("d_initial_state",))
    return _compared("whole = two pieces", _observed(session, whole), joined, bounds)


def zero(session: Session, case: Case) -> list[Comparison]:
    """Zero cotangents give zero gradients, exactly."""
    names = case.state_names
    state = np.zeros((len(case.x), case.cell.hidden_size), case.dtype)
    still = case.replace(
        d_outputs=np.zeros((*case.x.shape[:2], case.cell.hidden_size), case.dtype),
        d_state=(state,) * len(names),
    )
    found = {k: v for k, v in _observed(session, still).items() if family_of(k) == "gradients"}
    nothing = {name: np.zeros(value.shape) for name, value in found.items()}
    return _compared("zero cotangent", nothing, found, nothing)


def linear(session: Session, case: Case) -> list[Comparison]:
    """The gradients of a sum of cotangents are the sum of their gradients."""
    parts = case.replace(d_state=None), case.replace(d_outputs=None)
    bounds = [expect(each).bounds for each in (case, *parts)]
    whole, *found = (_observed(session, each) for each in (case, *parts))
    gradients = [name for name in bounds[0] if family_of(name) == "gradients"]
    total = {n: np.sum([np.asarray(f[n], np.float64) for f in found], axis=0) for n in gradients if n in whole}
    allowed = {name: np.sum([bound[name] for bound in bounds], axis=0) for name in gradients}
    return _compared("adjoint is linear", whole, total, allowed)


LAWS = {law.__name__: law for law in (batch, time, zero, linear)}


@pytest.mark.parametrize("law", LAWS)
def test_the_law_holds(session: Session, law: str) -> None:
    """Cases with a known divergence are left to the other tests: a law between wrong answers says nothing."""
    diverging = concerning(session.implementation)
    numbers = 0

    @drawing(session.profile.laws)
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        nonlocal numbers
        dtype = data.draw(st.sampled_from(list(session.implementation.dtypes)))
        case = data.draw(
            cases(session.implementation.cells, dtype, max_time=9)
            .filter(lambda case: not any(entry.applies_to(case) for entry in diverging))
            .filter(lambda case: law != "time" or case.x.shape[1] > 1)
        )
        if law == "linear":
            case = _with_all_cotangents(case)
        comparisons = tuple(LAWS[law](session, case))
        numbers += sum(comparison.numbers for comparison in comparisons)
        session.compared(f"law {law}", "laws", comparisons, case)

    holds()
    if not numbers:
        why = "nothing to compare: the implementation does not report what the law is about"
        session.not_run(f"law {law}", why)
        pytest.skip(why)


def _with_all_cotangents(case: Case) -> Case:
    shape = (*case.x.shape[:2], case.cell.hidden_size)
    ones = np.linspace(0.5, 1.5, int(np.prod(shape)), dtype=case.dtype).reshape(shape)
    given_outputs = case.d_outputs if case.d_outputs is not None else ones
    parts = case.d_state or (None,) * len(case.state_names)
    return case.replace(
        d_outputs=given_outputs,
        d_state=tuple(ones[:, -1] if part is None else part for part in parts),
    )
