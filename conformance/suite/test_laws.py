"""Laws between an implementation's own answers, whatever the oracle says.

Both sides of a law are faithful evaluations of the same formulas, so they may differ by the sum of their bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from conformance.cases.option_space import Combination, has_dropout
from conformance.cases.parts import rows_of
from conformance.contract import Array, Case, Quantities, family_of
from conformance.judging.verdict import Comparison
from conformance.suite.plan import LAWS
from conformance.suite.relations import Relation, answer, check_relation, compare_within, doubled_bounds, join_pieces
from conformance.suite.session import Session


def _only(values: Quantities, heads: tuple[str, ...]) -> dict[str, Array]:
    """The quantities whose names begin with one of these words."""
    return {name: value for name, value in values.items() if name.split(".")[0] in heads}


def batch(session: Session, case: Case) -> list[Comparison]:
    """A batch equals its rows one by one."""
    each = rows_of(case)
    if any(session.diverges(row) for row in each):
        return []
    bounds = doubled_bounds(session, case)
    found = [answer(session, row) for row in each]
    return compare_within("batch = rows", answer(session, case), join_pieces(found, axis=0), bounds)


def time(session: Session, case: Case) -> list[Comparison]:
    """A sequence in two pieces equals the whole; backward too, where gradients of the initial state are exposed."""
    middle, names = case.x.shape[1] // 2, case.state_names
    whole = case.replace(initial_state=case.initial_state_or_zeros())
    bounds = doubled_bounds(session, whole)
    d_first, d_second = (None, None) if case.d_outputs is None else np.split(case.d_outputs, [middle], axis=1)
    first = whole.replace(x=case.x[:, :middle], d_outputs=None, d_state=None)
    before = answer(session, first)
    if any(f"state.{name}" not in before for name in names):
        return []  # nothing to hand on
    state = tuple(np.asarray(before[f"state.{name}"], case.dtype) for name in names)
    after = answer(session, whole.replace(x=case.x[:, middle:], initial_state=state, d_outputs=d_second))
    forward = ("outputs", "gates")
    found = join_pieces([_only(piece, forward) for piece in (before, after)], axis=1)
    found |= _only(after, ("state",))
    if all(f"d_initial_state.{name}" in after for name in names):
        d_state = tuple(np.asarray(after[f"d_initial_state.{name}"], case.dtype) for name in names)
        before = answer(session, first.replace(d_outputs=d_first, d_state=d_state))
        found |= join_pieces([_only(piece, ("d_params", "d_x")) for piece in (before, after)], axis=1)
        found |= _only(before, ("d_initial_state",))
    return compare_within("whole = two pieces", answer(session, whole), found, bounds)


def zero(session: Session, case: Case) -> list[Comparison]:
    """Zero cotangents give zero gradients, exactly."""
    still = case.replace(
        d_outputs=np.zeros(case.outputs_shape, case.dtype),
        d_state=tuple(np.zeros((len(case.x), size), case.dtype) for size in case.cell.state_sizes),
    )
    found = {k: v for k, v in answer(session, still).items() if family_of(k) == "gradients"}
    nothing = {name: np.zeros(value.shape) for name, value in found.items()}
    return compare_within("zero cotangent", nothing, found, nothing)


def linear(session: Session, case: Case) -> list[Comparison]:
    """The gradients of a sum of cotangents are the sum of their gradients."""
    case = _with_all_cotangents(case)
    parts = case.replace(d_state=None), case.replace(d_outputs=None)
    bounds = [session.bounds(each) for each in (case, *parts)]
    whole, *found = (answer(session, each) for each in (case, *parts))
    gradients = [name for name in bounds[0] if family_of(name) == "gradients"]
    total = {n: np.sum([np.asarray(f[n], np.float64) for f in found], axis=0) for n in gradients if n in whole}
    total_bounds = {name: np.sum([bound[name] for bound in bounds], axis=0) for name in gradients}
    return compare_within("adjoint is linear", whole, total, total_bounds)


def _with_all_cotangents(case: Case) -> Case:
    def ramp(*shape: int) -> Array:
        return np.linspace(0.5, 1.5, int(np.prod(shape))).astype(case.dtype).reshape(shape)

    parts = case.d_state or (None,) * len(case.state_names)
    sizes = zip(parts, case.cell.state_sizes, strict=True)
    return case.replace(
        d_outputs=case.d_outputs if case.d_outputs is not None else ramp(*case.outputs_shape),
        d_state=tuple(ramp(len(case.x), size) if part is None else part for part, size in sizes),
    )


def _with_gradients(combination: Combination) -> bool:
    return combination.get("gradients") is not False


def _in_pieces(combination: Combination) -> bool:
    """A run that can be cut in two at a step: one that goes forward, with nothing masked and an output a step."""
    cut = {"direction": "forward", "mask": "none", "lengths": "none", "return_sequences": True, "initial_state": True}
    return all(combination[name] == value for name, value in cut.items()) and not has_dropout(combination)


def _by_rows(session: Session) -> Callable[[Combination], bool]:
    """Where the framework draws the factors of dropout, it draws others for a row."""
    draws = hasattr(session.implementation, "prepare")
    return lambda one: not (draws and has_dropout(one))


RELATIONS: Mapping[str, Relation] = {law.__name__: law for law in (batch, time, zero, linear)}


@pytest.mark.parametrize("law", LAWS)
def test_the_law_holds(session: Session, law: str) -> None:
    concerns = {"batch": _by_rows(session), "time": _in_pieces}.get(law, _with_gradients)
    rows_at_least, steps_at_least = {"batch": (2, 1), "time": (1, 2)}.get(law, (1, 1))

    def large_enough(case: Case) -> bool:
        batch, time, _ = case.x.shape
        return bool(batch >= rows_at_least and time >= steps_at_least)

    check_relation(session, "laws", law, RELATIONS[law], concerns, large_enough)
