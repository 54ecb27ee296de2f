"""Hessian-vector products: series through the adjoint, against PyTorch's double backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.contract import Array, Case
from conformance.truth import corpus

pytest.importorskip("flint", reason="python-flint is not installed: pip install python-flint")

from conformance.truth.balls import nearest_float, precision
from conformance.truth.derivatives import hessian_vector_product, random_direction
from conformance.truth.families.building import make_case
from conformance.truth.families.seeded_numbers import SeededNumbers
from conformance.truth.hessian_bounds import hessian_vector_bound

KINDS = ("simple-rnn", "lstm", "gru-after", "gru-before")
BOTH = {"use_bias": True, "use_recurrent_bias": True}
MODULES = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}


def smooth(kind: str) -> Case:
    everything = ("outputs", "h", "c")
    return make_case(kind, BOTH, (2, 5, 4, 3), SeededNumbers(f"second/{kind}"), initial=True, cotangents=everything)


def relu() -> Case:
    """Integers, and every pre-activation positive: its second derivatives are integers too."""
    (fixture,) = (f for f in corpus.read("hand_sized") if f.id == "simple-rnn-relu-two-biases")
    return fixture.case


def exact(case: Case, direction: dict[str, Array]) -> dict[str, Array]:
    """The float64s nearest to the product."""
    with precision(512):
        product = hessian_vector_product(case, direction)
        return {
            name: np.array([nearest_float(ball) for ball in value.flat], np.float64).reshape(value.shape)
            for name, value in product.items()
        }


def double_backward(case: Case, direction: dict[str, Array]) -> dict[str, Array]:
    """The same product by `torch.autograd.grad` of `torch.autograd.grad`."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    cell = case.cell
    options: dict[str, Any] = {"batch_first": True, "dtype": torch.float64}
    if case.kind == "SimpleRNN":
        options["nonlinearity"] = cell.activation
    layer = getattr(torch.nn, MODULES[case.kind])(cell.input_size, cell.hidden_size, **options)
    for name, value in ri.layouts.pytorch.dump(cell, case.params).items():
        getattr(layer, name).data = torch.tensor(value.copy())
    x = torch.tensor(case.x, requires_grad=True)
    initial = [torch.tensor(part[None].copy(), requires_grad=True) for part in case.initial_state_or_zeros()]
    outputs, state = layer(x, initial[0] if len(initial) == 1 else tuple(initial))
    states = [state] if len(initial) == 1 else list(state)
    pairs = [(outputs, case.d_outputs), *zip(states, case.d_state or (), strict=False)]
    loss = sum((value * torch.tensor(d)).sum() for value, d in pairs if d is not None)

    weights = {name: getattr(layer, name) for name in ri.layouts.pytorch.dump(cell, case.params)}
    inputs = [*weights.values(), x, *initial]
    gradients = torch.autograd.grad(loss, inputs, create_graph=True)
    params = {name: direction[f"d_params.{name}"] for name in case.params}
    along = [*ri.layouts.pytorch.dump(cell, params).values(), direction["d_x"]]
    along += [direction[f"d_initial_state.{name}"][None] for name in case.state_names]
    inner = sum((g * torch.tensor(v.copy())).sum() for g, v in zip(gradients, along, strict=True))
    found = [d.numpy() for d in torch.autograd.grad(inner, inputs, allow_unused=True, materialize_grads=True)]
    by_name = dict(zip(weights, found[: len(weights)], strict=True))
    products = {f"d_params.{name}": d for name, d in ri.layouts.pytorch.load(cell, by_name).items()}
    products["d_x"] = found[len(weights)]
    rest = found[len(weights) + 1 :]
    return products | {f"d_initial_state.{name}": d[0] for name, d in zip(case.state_names, rest, strict=True)}


@pytest.mark.parametrize("kind", KINDS)
def test_the_hessian_is_symmetric(kind: str) -> None:
    case = smooth(kind)
    (_, u), (_, v) = random_direction(case, 1), random_direction(case, 2)
    with precision(320):
        there, back = _inner(hessian_vector_product(case, u), v), _inner(hessian_vector_product(case, v), u)
        assert there.overlaps(back), f"{kind}: uᵀ H v is {there}, vᵀ H u is {back}"
        assert float(there.rad() + back.rad()) < 1e-60


def _inner(product: Any, direction: Any) -> Any:
    return sum(
        product[name][where] * float(direction[name][where])
        for name in direction
        for where in np.ndindex(direction[name].shape)
    )


def test_pytorch_double_backward_gives_the_same_integers() -> None:
    case = relu()
    values = SeededNumbers("integer direction")
    direction = {
        name: 0 * value if "initial" in name else np.round(values.array(value.shape, 9.0))
        for name, value in random_direction(case, 0)[1].items()
    }
    with precision(128):
        product = hessian_vector_product(case, direction)
        expected = {name: value.astype(float) for name, value in product.items()}
    got = double_backward(case, direction)
    assert any(value.any() for value in expected.values()), "a product of zeros shows nothing"
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


@pytest.mark.parametrize("kind", ["simple-rnn", "lstm", "gru-after"])  # PyTorch has no GRU that resets before
def test_pytorch_double_backward_is_within_the_bound(kind: str) -> None:
    case = smooth(kind)
    _, direction = random_direction(case, 3)
    expected, bounds = exact(case, direction), hessian_vector_bound(case, direction)
    got = double_backward(case, direction)
    assert set(got) == set(expected)
    for name, value in expected.items():
        ratio = np.abs(got[name] - value) / bounds[name]
        assert ratio.max() <= 1, f"{kind}: {name}: off by {ratio.max():.3g} of the bound"


@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_on_a_product_is_not_so_wide_that_faults_hide_in_it(kind: str) -> None:
    case = smooth(kind)
    _, direction = random_direction(case, 3)
    expected, bounds = exact(case, direction), hessian_vector_bound(case, direction)
    for name, bound in bounds.items():
        assert (bound < 1e-10 * np.abs(expected[name]).max()).all(), name
