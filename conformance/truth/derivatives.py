"""Derivatives from their definition: truncated power series in ball arithmetic.

With every input ``θ`` replaced by ``θ + v ε``, ``ε² = 0``, the oracle's *forward* equations yield
``L(θ + v ε) = L(θ) + ⟨∇L, v⟩ ε`` for ``L = sum(d_outputs * outputs) + sum(d_state * state)``. The hand-written
adjoint has no part in it, so it must agree with the adjoint's ``⟨gradient, v⟩``: both are balls that contain the one
number.

The same series sent through the adjoint, too, yield ``∇L(θ + v ε) = ∇L + ∇²L v ε``: a Hessian-vector product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

import refimpl as ri

from ..cases.oracle_run import quantities, run_oracle
from ..contract import Array, Case, Quantities
from .balls import AtKink, Undecided, constant, precision, series, slope
from .certificates import case_in_balls, refuse_python_numbers

PRECISIONS = (320, 1280, 5120, 20480)
"""Bits, tried in order until the balls leave enough digits certain: a saturated derivative cancels a thousand."""
DIGITS = 30
"""The least agreement that counts as proof, relative to the sum of the terms' absolute values."""


@dataclass(frozen=True)
class Proof:
    """One directional derivative, by series and by adjoint.

    by_series, by_adjoint    text of the balls
    overlap                  whether they have a number in common: if not, the adjoint is wrong
    digits                   the digits that the wider of the balls leaves certain, relative to the terms
    """

    direction: str
    by_series: str
    by_adjoint: str
    overlap: bool
    digits: float

    @property
    def holds(self) -> bool:
        return self.overlap and self.digits >= DIGITS

    def __str__(self) -> str:
        verdict = "agree" if self.overlap else "CONTRADICT each other"
        return (
            f"along {self.direction}: series {self.by_series} and adjoint {self.by_adjoint} {verdict}, "
            f"to {self.digits:.0f} digits"
        )


def differentiable_inputs(case: Case) -> dict[str, Array]:
    """Everything that has a gradient, by the gradient's quantity name; an initial state not given is zeros."""
    initial = zip(case.state_names, case.initial_state_or_zeros(), strict=True)
    return (
        {f"d_params.{name}": value for name, value in case.params.items()}
        | {"d_x": case.x}
        | {f"d_initial_state.{name}": value for name, value in initial}
    )


def with_inputs(case: Case, values: Quantities) -> Case:
    """The case with everything that has a gradient replaced."""
    return case.replace(
        params={name: values[f"d_params.{name}"] for name in case.params},
        x=values["d_x"],
        initial_state=tuple(values[f"d_initial_state.{name}"] for name in case.state_names),
    )


def coordinate_directions(case: Case) -> Iterator[tuple[str, dict[str, Array]]]:
    """Every direction that changes one number of the inputs, with its name."""
    shapes = {name: value.shape for name, value in differentiable_inputs(case).items()}
    for name, shape in shapes.items():
        for where in np.ndindex(shape):
            direction = {other: np.zeros(s) for other, s in shapes.items()}
            direction[name][where] = 1.0
            yield f"{name.removeprefix('d_')}{list(where)}", direction


def random_direction(case: Case, seed: int) -> tuple[str, dict[str, Array]]:
    """A direction that changes every number of the inputs."""
    rng = np.random.default_rng(seed)
    changes = {name: rng.uniform(-1, 1, value.shape) for name, value in differentiable_inputs(case).items()}
    return f"the random direction of seed {seed}", changes


def prove(case: Case, name: str, direction: Quantities) -> Proof:
    """Compares the oracle's gradient with the derivative's definition along one direction.

    Raises `AtKink` where the case stands on a kink that the direction crosses: there is no derivative.
    """
    proof = Proof(name, "undecided", "undecided", True, 0.0)
    for bits in PRECISIONS:
        with precision(bits), suppress(Undecided):
            proof = _compared(case, name, direction)
        if proof.holds or not proof.overlap:
            break
    return proof


def prove_along_random_direction(case: Case, seed: int) -> Proof:
    """`prove` along a random direction; where that crosses a kink, along one that keeps the default state.

    An LSTM whose c is exactly 0, as it is by default, stands on the kink of relu.
    """
    name, direction = random_direction(case, seed)
    try:
        return prove(case, name, direction)
    except AtKink:
        if case.initial_state is not None:
            raise
        kept = {key: 0 * v if key.startswith("d_initial_state") else v for key, v in direction.items()}
        return prove(case, f"{name} without the initial state", kept)


def _compared(case: Case, name: str, direction: Quantities) -> Proof:
    defined = directional_derivative(case, direction)
    gradient = gradients_of(case_in_balls(case))
    terms = [
        constant(gradient[leaf][where]) * float(direction[leaf][where])
        for leaf in direction
        for where in np.ndindex(direction[leaf].shape)
    ]
    adjoint = sum(terms, flint.arb(0))
    scale = sum((abs(term) for term in terms), flint.arb(0)).upper()
    widest = defined.rad() if defined.rad() > adjoint.rad() else adjoint.rad()
    return Proof(
        name,
        defined.str(40, radius=True),
        adjoint.str(40, radius=True),
        bool(defined.overlaps(adjoint)),
        _digits(widest, scale),
    )


def directional_derivative(case: Case, direction: Quantities) -> Any:
    """``⟨∇L, v⟩``, an ``arb``, by series through the forward equations alone; needs `precision` around it."""
    lifted = with_inputs(
        case_in_balls(case),
        {name: series(value, direction[name]) for name, value in differentiable_inputs(case).items()},
    )
    run = run_oracle(lifted)
    pairs = [(lifted.d_outputs, run.outputs), *zip(lifted.d_state or (), run.state, strict=False)]
    total = flint.arb(0)
    for cotangent, value in pairs:
        if cotangent is not None:
            for where in np.ndindex(value.shape):
                total += constant(cotangent[where]) * slope(value[where])
    return total


def hessian_vector_product(case: Case, direction: Quantities) -> Mapping[str, Array]:
    """``∇²L v`` by gradient name, an object array of ``arb``: series through the adjoint."""
    lifted = with_inputs(
        case_in_balls(case),
        {name: series(value, direction[name]) for name, value in differentiable_inputs(case).items()},
    )
    return {name: _each_slope(d) for name, d in gradients_of(lifted).items()}


def gradients_of(lifted: Case) -> dict[str, Array]:
    """The oracle's gradients of a lifted case, by quantity name."""
    run = run_oracle(lifted)
    gradients = ri.backward(run, lifted.d_outputs, lifted.d_state)
    named = quantities(run, gradients, lifted.state_names)
    found = {name: d for name, d in named.items() if name.startswith("d_")}
    for name, d in found.items():
        refuse_python_numbers(name, d)
    return found


def _each_slope(array: Array) -> Array:
    found = np.empty(array.shape, object)
    for where in np.ndindex(array.shape):
        found[where] = slope(array[where])
    return found


def _digits(radius: Any, scale: Any) -> float:
    """How many decimal digits below ``scale`` the radius stands; infinite for a radius of zero."""
    if radius.is_zero():
        return float("inf")
    if not scale > 0:
        return 0.0
    return float((scale / radius).log() / flint.arb(10).log())
