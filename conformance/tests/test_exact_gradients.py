"""The oracle's adjoints against the definition of the derivative, and the check's own power."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance import corpus
from conformance.cases import Array, Case

pytest.importorskip("flint", reason="python-flint is not installed: pip install python-flint")

from conformance.exact.balls import AtKink, precision
from conformance.exact.families.building import ORDINARY, make_case
from conformance.exact.families.values import Values
from conformance.exact.series import (
    coordinate_directions,
    hessian_vector_product,
    prove,
    prove_along_random,
    random_direction,
)

KINDS = ("simple-rnn", "lstm", "gru-after", "gru-before")
MASK = np.array([[True, False, True, True], [False, True, True, False]])


def small(kind: str, **sequence: Any) -> Case:
    """Every array given, every number different."""
    values, everything = Values(f"gradients/{kind}"), ("outputs", "h", "c")
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

Adjoint = Callable[..., tuple[Array, Array, tuple[Array, ...]]]


def wrong_sign(found: Any, cell: Any, params: Any, gates: Any, state: Any) -> Any:
    d_projected, d_recurrent, d_state = found
    return d_projected, d_recurrent, (-d_state[0], *d_state[1:])


def no_path_through_time(found: Any, cell: Any, params: Any, gates: Any, state: Any) -> Any:
    d_projected, d_recurrent, d_state = found
    return d_projected, d_recurrent, (0 * d_state[0], *d_state[1:])


def first_gate_missing(found: Any, cell: Any, params: Any, gates: Any, state: Any) -> Any:
    d_projected, d_recurrent, d_state = found
    blocked = d_projected.copy()
    blocked[:, : cell.hidden_size] = 0 * blocked[:, : cell.hidden_size]
    return blocked, d_recurrent, d_state


def last_gate_of_the_wrong_sign(found: Any, cell: Any, params: Any, gates: Any, state: Any) -> Any:
    d_projected, d_recurrent, d_state = found
    flipped = d_recurrent.copy()
    flipped[:, -cell.hidden_size :] = -flipped[:, -cell.hidden_size :]
    return d_projected, flipped, d_state


def memory_path_missing(found: Any, cell: Any, params: Any, gates: Any, state: Any) -> Any:
    d_projected, d_recurrent, d_state = found
    return d_projected, d_recurrent, (*d_state[:-1], 0 * d_state[-1])


FAULTS = (wrong_sign, no_path_through_time, first_gate_missing, last_gate_of_the_wrong_sign, memory_path_missing)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_planted_in_an_adjoint_contradicts_the_series(
    kind: str, fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = small(kind)
    right: Adjoint = type(case.cell).adjoint

    def planted(self: Any, params: Any, gates: Any, state: Any, d_state: Any) -> Any:
        return fault(right(self, params, gates, state, d_state), self, params, gates, state)

    assert prove_along_random(case, seed=0).holds
    monkeypatch.setattr(type(case.cell), "adjoint", planted)
    proof = prove_along_random(case, seed=0)
    assert not proof.overlap, f"the planted fault went unseen: {proof}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_recurrent_kernel_gradient_from_the_wrong_operand_contradicts_the_series(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = small(kind)
    right = type(case.cell).recurrent_kernel_gradient
    monkeypatch.setattr(
        type(case.cell), "recurrent_kernel_gradient", lambda self, gates, h, d: right(self, gates, h[:, ::-1], d)
    )
    assert not prove_along_random(case, seed=0).overlap


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_a_wrong_derivative_of_an_activation_contradicts_the_series(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    activation = ri.activations.named(name)
    wrong = ri.activations.Activation(name, activation.function, lambda y: 1 - y, activation.steepest, activation.ulps)
    monkeypatch.setitem(ri.activations._BY_NAME, name, wrong)
    assert not prove_along_random(small("lstm"), seed=0).overlap


# --- second order -----------------------------------------------------------------------------------------------------


def relu_case() -> Case:
    """Integers, and every pre-activation positive, as in the hand-sized case: second derivatives are integers."""
    (fixture,) = (f for f in corpus.read("hand_sized") if f.id == "simple-rnn-relu-two-biases")
    return fixture.case


def integer_direction(case: Case) -> dict[str, Array]:
    _, direction = random_direction(case, seed=0)
    values = Values("integer direction")
    return {
        name: np.round(values.array(value.shape, 9)) if "initial" not in name else np.zeros(value.shape)
        for name, value in direction.items()
    }


def test_the_hessian_is_symmetric() -> None:
    for kind in KINDS:
        case = small(kind)
        (_, u), (_, v) = random_direction(case, 1), random_direction(case, 2)
        with precision(320):
            there = _inner(hessian_vector_product(case, u), v)
            back = _inner(hessian_vector_product(case, v), u)
            assert there.overlaps(back), f"{kind}: uᵀ H v is {there}, vᵀ H u is {back}"
            assert float(there.rad() + back.rad()) < 1e-60


def _inner(product: Any, direction: Any) -> Any:
    return sum(
        product[name][where] * float(direction[name][where])
        for name in direction
        for where in np.ndindex(direction[name].shape)
    )


def test_pytorch_double_backward_gives_the_same_integers() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    case = relu_case()
    direction = integer_direction(case)
    with precision(128):
        expected = {name: value.astype(float) for name, value in hessian_vector_product(case, direction).items()}
    layer = torch.nn.RNN(2, 3, nonlinearity="relu", batch_first=True, dtype=torch.float64)
    names = {name: getattr(layer, key) for name, key in ri.layouts.pytorch.NAMES.items() for key in [key + "_l0"]}
    for name, parameter in names.items():
        parameter.data = torch.tensor(case.params[name].T.copy())
    x = torch.tensor(case.x, requires_grad=True)
    outputs, _ = layer(x)
    leaves = [*names.values(), x]
    gradients = torch.autograd.grad((outputs * torch.tensor(case.d_outputs)).sum(), leaves, create_graph=True)
    along = [torch.tensor(direction[f"d_params.{name}"].T.copy()) for name in names] + [torch.tensor(direction["d_x"])]
    inner = sum((g * v).sum() for g, v in zip(gradients, along, strict=True))
    products = torch.autograd.grad(inner, leaves, allow_unused=True, materialize_grads=True)
    for name, product in zip([f"d_params.{name}" for name in names] + ["d_x"], products, strict=True):
        got = product.numpy() if name == "d_x" else product.numpy().T
        np.testing.assert_array_equal(got, expected[name], err_msg=name)
    assert any(value.any() for value in expected.values()), "a product of zeros shows nothing"
