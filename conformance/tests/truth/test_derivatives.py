"""The oracle's adjoints against the definition of the derivative, and the check's own power."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.contract import Array, Case
from conformance.truth import corpus
from refimpl.parameters import StepCotangents

pytest.importorskip("flint", reason="python-flint is not installed: pip install python-flint")

from conformance.truth.balls import AtKink
from conformance.truth.derivatives import coordinate_directions, prove, prove_along_random_direction, random_direction
from conformance.truth.families.building import make_case
from conformance.truth.families.seeded_numbers import SeededNumbers

KINDS = ("simple-rnn", "lstm", "gru-after", "gru-before")
MASK = np.array([[True, False, True, True], [False, True, True, False]])


def small(kind: str, **sequence: Any) -> Case:
    """Every array given, every number different."""
    values, everything = SeededNumbers(f"gradients/{kind}"), ("outputs", "h", "c")
    options = {"use_bias": True, "use_recurrent_bias": True}
    return make_case(kind, options, (2, 4, 1, 3), values, initial=True, cotangents=everything, **sequence)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "sequence",
    [{}, {"reverse": True}, {"mask": MASK}, {"lengths": np.array([0, 3]), "reverse": True, "masked_output": "zeros"}],
    ids=["plain", "reverse", "mask", "lengths-reverse"],
)
def test_every_partial_derivative_is_the_one_of_the_definition(kind: str, sequence: dict[str, Any]) -> None:
    case = small(kind, **sequence)
    for name, direction in coordinate_directions(case):
        proof = prove(case, name, direction)
        assert proof.holds, str(proof)


@pytest.mark.parametrize("fixture", corpus.read("hand_sized"), ids=lambda fixture: fixture.id)
def test_the_hand_sized_gradients_are_derivatives_coordinate_by_coordinate(fixture: corpus.Fixture) -> None:
    for name, direction in coordinate_directions(fixture.case):
        proof = prove(fixture.case, name, direction)
        assert proof.holds, str(proof)


def test_a_direction_across_a_kink_is_said_to_have_no_derivative() -> None:
    cell = ri.SimpleRNN(1, 1, "relu", use_bias=False)
    params = {"kernel": np.ones((1, 1)), "recurrent_kernel": np.ones((1, 1))}
    case = Case(cell, params, np.zeros((1, 1, 1)), d_outputs=np.ones((1, 1, 1)))
    _, direction = random_direction(case, seed=0)
    with pytest.raises(AtKink):
        prove(case, "across", direction)


# --- planted faults: the series must catch each alone -----------------------------------------------------------------

Pulled = tuple[StepCotangents, tuple[Array, ...]]


def wrong_sign(found: StepCotangents, d_state: tuple[Array, ...], hidden: int) -> Pulled:
    return found, (-d_state[0], *d_state[1:])


def no_path_through_time(found: StepCotangents, d_state: tuple[Array, ...], hidden: int) -> Pulled:
    return found, (0 * d_state[0], *d_state[1:])


def first_gate_missing(found: StepCotangents, d_state: tuple[Array, ...], hidden: int) -> Pulled:
    blocked = found.projected.copy()
    blocked[:, :hidden] = 0 * blocked[:, :hidden]
    return found._replace(projected=blocked), d_state


def last_gate_of_the_wrong_sign(found: StepCotangents, d_state: tuple[Array, ...], hidden: int) -> Pulled:
    flipped = found.recurrent.copy()
    flipped[:, -hidden:] = -flipped[:, -hidden:]
    return found._replace(recurrent=flipped), d_state


def memory_path_missing(found: StepCotangents, d_state: tuple[Array, ...], hidden: int) -> Pulled:
    return found, (*d_state[:-1], 0 * d_state[-1])


FAULTS = (wrong_sign, no_path_through_time, first_gate_missing, last_gate_of_the_wrong_sign, memory_path_missing)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_planted_in_an_adjoint_contradicts_the_series(
    kind: str, fault: Callable[..., Pulled], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = small(kind)
    right: Callable[..., Callable[..., Pulled]] = type(case.cell).adjoint

    def planted(self: Any, *given: Any) -> Callable[..., Pulled]:
        adjoint = right(self, *given)
        return lambda *of_a_step: fault(*adjoint(*of_a_step), self.hidden_size)

    assert prove_along_random_direction(case, seed=0).holds
    monkeypatch.setattr(type(case.cell), "adjoint", planted)
    proof = prove_along_random_direction(case, seed=0)
    assert not proof.overlap, f"the planted fault went unseen: {proof}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_recurrent_kernel_gradient_from_the_wrong_operand_contradicts_the_series(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = small(kind)
    right: Callable[..., Any] = type(case.cell).gradients

    def planted(self: Any, gates: Any, before: Any, *others: Any) -> Any:
        return right(self, gates, (before[0][::-1], *before[1:]), *others)

    monkeypatch.setattr(type(case.cell), "gradients", planted)
    assert not prove_along_random_direction(case, seed=0).overlap


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_a_wrong_derivative_of_an_activation_contradicts_the_series(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    activation = ri.activations.named(name)
    wrong = ri.activations.Activation(
        name, activation.function, lambda y, x: 1 - y, activation.steepest, activation.ulps
    )
    monkeypatch.setitem(ri.activations._BY_NAME, name, wrong)
    monkeypatch.setattr(ri.parameters, "_activation", ri.parameters._activation.__wrapped__)  # past its cache
    assert not prove_along_random_direction(small("lstm"), seed=0).overlap
