"""Invariants: what must not change an implementation's answer, such as an earlier call or the layout in memory.

None of these needs a value from the oracle. Two answers must be the same bit for bit, unless they are two evaluations
of the same formulas: these may differ by the sum of their bounds.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice

import numpy as np
import pytest

from conformance.cases.asking import observe
from conformance.cases.building import SizeLimits, build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.option_space import Combination, has_dropout
from conformance.cases.parts import named_arrays, row_of, unmasked_steps_of
from conformance.common.descriptions import first_cell
from conformance.contract import Array, Case, Quantities, attribute_of
from conformance.judging.divergences import Disagreement
from conformance.judging.verdict import Comparison
from conformance.suite.not_finite import can_be_spoiled, has_rows_and_steps, not_finite
from conformance.suite.plan import INVARIANTS
from conformance.suite.relations import (
    Relation,
    answer,
    as_declared,
    check_relation,
    compare_repeated_calls,
    compare_unaffected,
    compare_within,
    doubled_bounds,
    join_pieces,
)
from conformance.suite.session import CHANGING_EFFECTS, Session

_SAMPLE = 300  # combinations among which the most similar to one are sought


def repeatable(session: Session, case: Case) -> list[Comparison]:
    """Two calls with the same input agree."""
    return compare_repeated_calls(session, case, "called twice", answer(session, case), answer(session, case))


def nothing_mutated(session: Session, case: Case) -> list[Comparison]:
    """A call changes neither the parameters nor any other array of the case; each call of the suite is held to it."""
    answer(session, case)
    return [Comparison(f"{name}, before and after the call", array.size, 0.0) for name, array in named_arrays(case)]


def layout_in_memory(session: Session, case: Case) -> list[Comparison]:
    """Arrays that are strided, or stored column by column, give what their contiguous copies give."""
    bounds = doubled_bounds(session, case)
    scattered = case.map_arrays(_scattered)
    if case.mask is not None:
        scattered = scattered.replace(mask=np.asfortranarray(case.mask))
    return compare_within("contiguous = scattered", answer(session, case), answer(session, scattered), bounds)


def _scattered(array: Array) -> Array:
    """The same numbers, every other one of a longer array."""
    if array.ndim == 2 or not array.ndim:
        return np.asfortranarray(array)
    longer = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan, array.dtype)
    longer[..., ::2] = array
    return longer[..., ::2]


def no_stale_answer(session: Session, case: Case) -> list[Comparison]:
    """Cases of other numbers or options, but the same sizes, are not answered from what an earlier call has cached."""
    first = answer(session, case)
    for other in _similar_cases(session, case):
        try:
            session.check("invariant no_stale_answer", other)
        except Disagreement as error:
            message = partial("asked after {!r}:\n{}".format, case, error)
            raise Disagreement(message, error.failing_cases) from error
    return compare_repeated_calls(session, case, "asked again after others", first, answer(session, case))


def _similar_cases(session: Session, case: Case) -> list[Case]:
    """Cases of the same sizes: one of the same options, and two whose options differ in as few as possible."""
    options = dict(case.options)
    sizes = dict(zip(("batch", "time", "input"), case.x.shape, strict=True)) | {
        "hidden": first_cell(case.cell).hidden_size
    }
    seed = zlib.crc32(case.x.tobytes())
    sample = np.random.default_rng(seed).permutation(len(session.space.valid))[:_SAMPLE]

    def differences(combination: Combination) -> int:
        return sum(options.get(name) != value for name, value in combination.items())

    nearest = sorted((session.space.valid[place] for place in sample), key=differences)
    equal = (one for one in session.space.valid if all(options.get(name) == value for name, value in one.items()))
    return [
        build_case(SeededChooser(seed, sizes=sizes), one, SizeLimits()) for one in (*islice(equal, 1), *nearest[:2])
    ]


def garbage(session: Session, case: Case) -> list[Comparison]:
    """Other numbers in masked steps change nothing, neither in values nor in gradients."""
    unmasked = unmasked_steps_of(case)[:, :, None]
    other = case.replace(x=np.where(unmasked, case.x, -case.x / 2).astype(case.dtype))
    zeros = case.lengths is not None or case.masked_output == "zeros"
    if case.d_outputs is not None and zeros and case.return_sequences and case.output_order == "original":
        other = other.replace(d_outputs=np.where(unmasked, case.d_outputs, -3 * case.d_outputs).astype(case.dtype))
    return compare_unaffected(
        session, case, "other garbage in masked steps", answer(session, case), answer(session, other)
    )


def nan_garbage(session: Session, case: Case) -> list[Comparison]:
    """NaN in masked steps changes nothing, where the implementation has ``ignores_nan_padding``."""
    nan = case.replace(x=np.where(unmasked_steps_of(case)[:, :, None], case.x, np.nan).astype(case.dtype))
    return compare_unaffected(session, case, "NaN in masked steps", answer(session, case), answer(session, nan))


def padded(session: Session, case: Case) -> list[Comparison]:
    """Rows padded to one length equal the rows one by one, each as long as it is."""
    lengths = unmasked_steps_of(case).sum(axis=1)
    found = [as_declared(session, _cut(row_of(case, k), int(length))) for k, length in enumerate(lengths)]
    cut = [each for each in found if each is not None]
    if len(cut) < len(found):
        return []
    time = case.x.shape[1]
    values = join_pieces([_padded(answer(session, each), time) for each in cut], axis=0)
    row_bounds = join_pieces([_padded(session.bounds(each), time) for each in cut], axis=0)
    bounds = {name: bound + row_bounds[name] for name, bound in session.bounds(case).items() if name in row_bounds}
    return compare_within("padded = one by one", _not_gates(answer(session, case)), values, bounds)


def _cut(case: Case, length: int) -> Case:
    """The row without the steps past its length."""
    d_outputs = None if case.d_outputs is None else case.d_outputs[:, :length]
    dropout = case.dropout and {
        name: factors[:, :length] if name.endswith("between") else factors for name, factors in case.dropout.items()
    }
    plain = {"mask": None, "lengths": None, "masked_output": "repeat"}
    return case.replace(x=case.x[:, :length], d_outputs=d_outputs, dropout=dropout, **plain)


def _padded(values: Quantities, time: int) -> dict[str, Array]:
    """The quantities with as many steps as the padded rows, zeros in those past the end."""

    def longer(name: str, value: Array) -> Array:
        if name not in ("outputs", "d_x"):
            return value
        return np.concatenate([value, np.zeros((1, time - value.shape[1], value.shape[2]), value.dtype)], axis=1)

    return {name: longer(name, np.asarray(value)) for name, value in _not_gates(values).items()}


def _not_gates(values: Quantities) -> Quantities:
    return {name: value for name, value in values.items() if not name.startswith("gates")}


def lengths_as_mask(session: Session, case: Case) -> list[Comparison]:
    """Lengths are a mask of each row's last steps whose outputs are zeros."""
    masked = as_declared(session, case.replace(mask=unmasked_steps_of(case), lengths=None, masked_output="zeros"))
    if masked is None:
        return []
    bounds = doubled_bounds(session, case)
    return compare_within(
        "lengths = mask", _not_gates(answer(session, case)), _not_gates(answer(session, masked)), bounds
    )


def dropout_at_inference(session: Session, case: Case) -> list[Comparison]:
    """A layer that has dropout computes without it where it is not being trained; another path may round otherwise."""
    without = as_declared(session, case.replace(call_options={**case.call_options, "idle_dropout": False}))
    if without is None or without.call_options.get("idle_dropout"):
        return []
    bounds = doubled_bounds(session, case)
    return compare_within("dropout at inference", answer(session, case), answer(session, without), bounds)


def flat_at_the_kink(session: Session, case: Case) -> list[Comparison]:
    """The slope of relu at 0 is 0: where all is zeros but the kernels, neither they nor the input get a gradient.

    Other cases cannot tell: within a rounding of the kink both slopes are right, and the bounds allow for both.
    """
    zeros = case.map_arrays(np.zeros_like)
    params = {name: zeros.params[name] if name.endswith("bias") else value for name, value in case.params.items()}
    still = zeros.replace(params=params, d_outputs=case.d_outputs, d_state=case.d_state)
    found = {name: d for name, d in answer(session, still).items() if name.startswith(("d_x", "d_params"))}
    nothing = {name: np.zeros(np.shape(d)) for name, d in found.items()}
    return compare_within("at the kink", nothing, found, nothing)


def wrong_sizes_refused(session: Session, case: Case) -> list[Comparison]:
    """An input of more features, and a state of more rows or units, raise: reading a part of them answers nothing.

    What a known divergence says that it is accepted is not asked for here: its minimal case shows it.
    """
    wrong = {("x", "an input of one feature more"): case.replace(x=_longer(case.x, 2))}
    for k, name in enumerate(case.state_names if case.initial_state else ()):
        for axis, more in enumerate(("row", "unit")):
            state = list(case.initial_state or ())
            state[k] = _longer(state[k], axis)
            changed = case.replace(initial_state=tuple(state))
            wrong["initial_state", f"an initial {name} of one {more} more"] = changed
    known = [entry for entry in session.known_divergences if entry.effect == "accepts" and entry.applies_to(case)]
    return [
        _refused(session, what, each)
        for (quantity, what), each in wrong.items()
        if not any(entry.affects(quantity) for entry in known)
    ]


def _longer(array: Array, axis: int) -> Array:
    return np.concatenate([array, array.take([0], axis)], axis)


def _refused(session: Session, what: str, case: Case) -> Comparison:
    try:
        observe(session.implementation, case)
    except Exception:
        return Comparison(what, 1, 0.0)
    return Comparison(what, 0, np.inf, problem="was accepted, where an error is due")


RELATIONS: Mapping[str, Relation] = {
    relation.__name__: relation
    for relation in (
        repeatable,
        nothing_mutated,
        layout_in_memory,
        no_stale_answer,
        garbage,
        nan_garbage,
        not_finite,
        padded,
        lengths_as_mask,
        dropout_at_inference,
        flat_at_the_kink,
        wrong_sizes_refused,
    )
}


def _is_masked(combination: Combination) -> bool:
    return combination["mask"] not in ("none", "full") or combination["lengths"] != "none"


def _ends_early(combination: Combination) -> bool:
    """Rows that end early, and give zeros then."""
    ends = combination["lengths"] in ("sorted", "unsorted")
    ends |= combination["mask"] in ("right", "full") and combination["masked_output"] == "zeros"
    return ends and combination["return_sequences"] and combination["output_order"] == "original"


def _is_flat_at_zero(combination: Combination) -> bool:
    """A candidate of relu, and nothing else whose slope or value at 0 matters."""
    one = combination
    every_step_counts = one["mask"] == one["lengths"] == "none" and not has_dropout(one)
    relu = one["activation"] == "relu" and one["backward_cell"] == "alike"
    relu &= one.get("output_activation") in (None, "relu", "tanh")
    return every_step_counts and relu and one.get("gradients") is not False


def _wants_gradients(case: Case) -> bool:
    return case.wants_gradients


def _has_several_rows_and_units(case: Case) -> bool:
    """More than one row and unit: a lone one may be broadcast."""
    return len(case.x) > 1 and min(case.cell.state_sizes) > 1


def concerns(session: Session, invariant: str) -> Callable[[Combination], bool]:
    """Which combinations an invariant concerns."""
    draws_dropout = hasattr(session.implementation, "prepare")  # then it draws other factors for a row
    return {
        "garbage": _is_masked,
        "nan_garbage": lambda one: _is_masked(one) and attribute_of(session.implementation, "ignores_nan_padding"),
        "not_finite": can_be_spoiled,
        "padded": lambda one: _ends_early(one) and not (draws_dropout and has_dropout(one)),
        "lengths_as_mask": lambda one: one["lengths"] != "none",
        "dropout_at_inference": lambda one: bool(one.get("idle_dropout")),
        "flat_at_the_kink": _is_flat_at_zero,
    }.get(invariant, lambda one: True)


@pytest.mark.parametrize("invariant", INVARIANTS)
def test_the_invariant_holds(session: Session, invariant: str) -> None:
    excluded = ("error",) if invariant in ("repeatable", "nothing_mutated") else CHANGING_EFFECTS
    is_suitable = {
        "flat_at_the_kink": _wants_gradients,
        "not_finite": has_rows_and_steps,
        "wrong_sizes_refused": _has_several_rows_and_units,
    }.get(invariant, lambda _: True)
    check_relation(
        session, "invariants", invariant, RELATIONS[invariant], concerns(session, invariant), is_suitable, excluded
    )
