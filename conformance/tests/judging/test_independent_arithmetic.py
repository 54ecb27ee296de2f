"""The certified values once more, in arithmetic that shares nothing with python-flint.

Where all activations are made of straight pieces, fractions are exact, and rounding one is Python's business. Where
they are not, 120 decimal digits leave no doubt about the seventeenth.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from conformance.cases.oracle_run import quantities, run_oracle
from conformance.contract import Case
from conformance.truth import corpus
from conformance.truth.corpus import Fixture
from refimpl import backward
from refimpl.tests.dual import duals, true_digits, values

PIECEWISE = ("linear", "relu", "hard_sigmoid", "hard_sigmoid_keras2")
FAMILIES = ("hand_sized", "simple_rnn", "lstm", "gru_reset_after", "gru_reset_before", "masked", "lengths", "reverse")


def lifted(case: Case, kind: type) -> Case:
    def each(arrays: Any) -> Any:
        return None if arrays is None else tuple(None if a is None else duals(kind, a) for a in arrays)

    return case.replace(
        params={name: duals(kind, value) for name, value in case.params.items()},
        x=duals(kind, case.x),
        initial_state=each(case.initial_state_or_zeros()),
        d_outputs=None if case.d_outputs is None else duals(kind, case.d_outputs),
        d_state=each(case.d_state),
    )


def evaluated(case: Case, kind: type) -> Iterator[tuple[str, Any]]:
    """Every quantity in the elements' arithmetic, each rounded once to float64."""
    made = lifted(case, kind)
    run = run_oracle(made)
    gradients = backward(run, made.d_outputs, made.d_state) if case.wants_gradients else None
    for name, array in quantities(run, gradients, case.state_names).items():
        yield name, values(array).astype(np.float64)


def is_piecewise(fixture: Fixture) -> bool:
    cell = fixture.case.cell
    return {cell.activation, getattr(cell, "recurrent_activation", "linear")} <= set(PIECEWISE)


@pytest.mark.parametrize("family", FAMILIES)
def test_fractions_give_the_same_floats(family: str) -> None:
    chosen = [f for f in corpus.read(family) if is_piecewise(f) and f.case.x.shape[1] <= 4]
    assert chosen, "nothing was compared"
    for fixture in chosen:
        for name, value in evaluated(fixture.case, Fraction):
            np.testing.assert_array_equal(value, fixture.expected[name], err_msg=f"{fixture.id}: {name}")


@pytest.mark.parametrize("family", [*FAMILIES, "saturating", "tiny"])
def test_decimals_of_120_digits_give_the_same_floats(family: str) -> None:
    chosen = [f for f in corpus.read(family) if "1e-150" not in f.id][::4]
    with true_digits():
        for fixture in chosen:
            for name, value in evaluated(fixture.case, decimal.Decimal):
                np.testing.assert_array_equal(value, fixture.expected[name], err_msg=f"{fixture.id}: {name}")
