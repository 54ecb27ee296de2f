"""What rounding may change in a Hessian-vector product: the running error analysis, one order higher.

A `DualRounded` is ``value + slope ε``, ``ε² = 0``, whose two parts are `refimpl.rounded.Rounded` arrays: sent
through the oracle's step and adjoint, the slopes of the gradients are the Hessian-vector product, with its bound.

The bound is one of forward-over-reverse differentiation. Reverse-over-reverse, as PyTorch's double backward does it,
multiplies and adds up the same factors in another order; `FACTOR` allows it as much again for the intermediate
products that it groups otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from refimpl.activations import Activation
from refimpl.precision import Precision
from refimpl.rounded import Rounded
from refimpl.running import unroll, unroll_adjoint
from refimpl.sequence import Traversal

from ..contract import Array, Case
from .derivatives import differentiable_inputs

FACTOR = 2.0


class DualRounded:
    """An array of ``value + slope ε``, both parts with their error bounds."""

    __array_ufunc__ = None

    def __init__(self, value: Rounded, slope: Rounded) -> None:
        self.value = value
        self.slope = slope

    def _lift(self, other: Any) -> DualRounded:
        if isinstance(other, DualRounded):
            return other
        array = np.asarray(other, np.float64)
        return given(array, np.zeros_like(array))

    def __add__(self, other: Any) -> DualRounded:
        other = self._lift(other)
        return DualRounded(self.value + other.value, self.slope + other.slope)

    def __neg__(self) -> DualRounded:
        return DualRounded(-self.value, -self.slope)

    def __sub__(self, other: Any) -> DualRounded:
        return self + -self._lift(other)

    def __rsub__(self, other: Any) -> DualRounded:
        return -self + self._lift(other)

    def __mul__(self, other: Any) -> DualRounded:
        other = self._lift(other)
        return DualRounded(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __matmul__(self, other: Any) -> DualRounded:
        other = self._lift(other)
        return DualRounded(self.value @ other.value, self.slope @ other.value + self.value @ other.slope)

    def __rmatmul__(self, other: Any) -> DualRounded:
        product: DualRounded = self._lift(other) @ self
        return product

    def __truediv__(self, divisor: float) -> DualRounded:
        return self * (1 / divisor)

    __radd__, __rmul__ = __add__, __mul__

    def activated(self, activation: Activation) -> DualRounded:
        y = self.value.activated(activation)
        return DualRounded(y, activation.derivative(y, self.value) * self.slope)

    def strictly_between(self, low: float, high: float) -> DualRounded:
        inside = self.value.strictly_between(low, high)
        return DualRounded(inside, inside * 0.0)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype

    @property
    def T(self) -> DualRounded:
        return self._each(lambda part: part.T)

    def __getitem__(self, index: Any) -> DualRounded:
        return self._each(lambda part: part[index])

    def swapaxes(self, one: int, other: int) -> DualRounded:
        return self._each(lambda part: part.swapaxes(one, other))

    def reshape(self, *shape: int) -> DualRounded:
        return self._each(lambda part: part.reshape(*shape))

    def sum(self, axis: int) -> DualRounded:
        return self._each(lambda part: part.sum(axis=axis))

    def _each(self, change: Callable[[Rounded], Rounded]) -> DualRounded:
        return DualRounded(change(self.value), change(self.slope))

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> DualRounded:
        """`numpy.stack`, `concatenate` and `where`, part by part."""
        arrays: Sequence[Any] = args[1:] if function is np.where else args[0]
        lifted = [self._lift(array) for array in arrays]
        values, slopes = [array.value for array in lifted], [array.slope for array in lifted]
        if function is np.where:
            return DualRounded(np.where(args[0], *values), np.where(args[0], *slopes))  # type: ignore[call-overload]
        return DualRounded(function(values, **kwargs), function(slopes, **kwargs))


def given(values: Array, slopes: Array) -> DualRounded:
    """Arrays of float64, exact as they are."""
    precision = Precision.of(np.float64)
    return DualRounded(Rounded.given(precision, values), Rounded.given(precision, slopes))


def hessian_vector_bound(case: Case, direction: Mapping[str, Array]) -> dict[str, Array]:
    """By gradient name, a bound on what any faithful float64 implementation may deviate from ``∇²L v``."""
    inputs = {name: given(value, direction[name]) for name, value in differentiable_inputs(case).items()}
    names = case.state_names
    run = unroll(
        case.cell,
        {name: inputs[f"d_params.{name}"] for name in case.params},
        inputs["d_x"],
        tuple(inputs[f"d_initial_state.{name}"] for name in names),
        Traversal(reverse=case.reverse),
        {},
    )
    zeros = [np.zeros((len(case.x), size)) for size in case.cell.state_sizes]
    d_outputs = np.zeros(run.outputs.shape) if case.d_outputs is None else case.d_outputs
    d_state = [z if d is None else d for z, d in zip(zeros, case.d_state or zeros, strict=True)]
    found = unroll_adjoint(run, given(d_outputs, 0 * d_outputs), tuple(given(d, 0 * d) for d in d_state))
    products = (
        {f"d_params.{name}": d for name, d in found.params.items()}
        | {"d_x": found.x}
        | {f"d_initial_state.{name}": d for name, d in zip(names, found.initial_state, strict=True)}
    )
    return {name: FACTOR * d.slope.bound for name, d in products.items()}
