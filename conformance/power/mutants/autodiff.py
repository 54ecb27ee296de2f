"""A small reverse-mode tape: numbers that remember what they were made of.

A `Var` holds an array and, for each operand, how a cotangent of the result becomes one of the operand::

    z = x y     dx += dz ⊙ y         z = x W     dx += dz Wᵀ         z = f(x)     dx += dz ⊙ f'
                dy += dz ⊙ x                     dW += xᵀ dz

`straight_through` takes its value from one Var and its gradient from another: a right forward pass with a wrong
backward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pull = Callable[[Array], Array]
_NUMBERS = count()


class Var:
    """An array, its operands, and how a cotangent reaches each of them."""

    __slots__ = ("number", "operands", "value")
    __array_ufunc__ = None  # so that an array on the left leaves the operation to us

    def __init__(self, value: Any, operands: Sequence[tuple[Var, Pull]] = ()) -> None:
        self.value: Array = np.asarray(value)
        self.operands = tuple(operands)
        self.number = next(_NUMBERS)

    def __add__(self, other: Any) -> Var:
        return _binary(self.value + _value(other), (self, lambda d: d), (other, lambda d: d))

    def __sub__(self, other: Any) -> Var:
        return _binary(self.value - _value(other), (self, lambda d: d), (other, lambda d: -d))

    def __rsub__(self, other: Any) -> Var:
        return _binary(_value(other) - self.value, (self, lambda d: -d))

    def __mul__(self, other: Any) -> Var:
        a, b = self.value, _value(other)
        return _binary(a * b, (self, lambda d: d * b), (other, lambda d: d * a))

    def __truediv__(self, other: float) -> Var:
        return _binary(self.value / other, (self, lambda d: d / other))

    def __matmul__(self, other: Var) -> Var:
        a, b = self.value, other.value
        return _binary(a @ b, (self, lambda d: d @ b.T), (other, lambda d: _rows(a).T @ _rows(d)))

    def __getitem__(self, index: Any) -> Var:
        """A part: a slice, or what arrays of places choose."""
        like = self.value

        def pull(d: Array) -> Array:
            whole = np.zeros_like(like)
            if isinstance(index, tuple) and any(isinstance(each, np.ndarray) for each in index):
                np.add.at(whole, index, d)
            else:
                whole[index] = d
            return whole

        return Var(like[index], [(self, pull)])

    __radd__ = __add__
    __rmul__ = __mul__

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def swapaxes(self, one: int, other: int) -> Var:
        """Two axes exchanged."""
        return Var(self.value.swapaxes(one, other), [(self, lambda d: d.swapaxes(one, other))])

    def apply(self, value: Array, slope: Array) -> Var:
        """A function of each element, from its values and slopes here."""
        return Var(value, [(self, lambda d: d * slope)])


def stop_gradient(value: Any) -> Var:
    """What passes no gradient on; of a Var, its value."""
    return Var(_value(value))


def straight_through(value: Var, gradient_of: Var) -> Var:
    """The value of one, the gradient of another of the same shape."""
    return Var(value.value, [(gradient_of, lambda d: d)])


def where(condition: Array, yes: Var, no: Var) -> Var:
    """``np.where`` of a condition that is not differentiated."""
    zero = np.zeros((), yes.value.dtype)
    return _binary(
        np.where(condition, yes.value, no.value),
        (yes, lambda d: np.where(condition, d, zero)),
        (no, lambda d: np.where(condition, zero, d)),
    )


def concatenate(parts: Sequence[Var], axis: int = -1) -> Var:
    """Side by side along an axis."""
    ends = np.cumsum([part.shape[axis] for part in parts])[:-1]
    pulls = [(part, lambda d, k=k: np.split(d, ends, axis)[k]) for k, part in enumerate(parts)]
    return Var(np.concatenate([part.value for part in parts], axis), pulls)


def stack(parts: Sequence[Var], axis: int) -> Var:
    """Side by side along a new axis."""
    pulls = [(part, lambda d, k=k: np.take(d, k, axis)) for k, part in enumerate(parts)]
    return Var(np.stack([part.value for part in parts], axis), pulls)


def blocks(whole: Var, parts: int) -> list[Var]:
    """Equal blocks of the last axis."""
    width = whole.shape[-1] // parts
    return [whole[..., k * width : (k + 1) * width] for k in range(parts)]


def gradients(results: Iterable[tuple[Var, Array | None]], wanted: Sequence[Var]) -> list[Array]:
    """The gradients of ``sum(cotangent * result)`` in what is wanted; zeros where nothing arrives."""
    found: dict[int, Array] = {}
    reached: list[tuple[int, Var]] = []

    def arrive(at: Var, d: Array) -> None:
        number = at.number
        if number in found:
            found[number] = found[number] + d
        else:
            heappush(reached, (-number, at))
            found[number] = d

    for result, cotangent in results:
        if cotangent is not None:
            arrive(result, cotangent)
    while reached:  # the youngest first: whatever is made of it has been pulled back
        _, at = heappop(reached)
        for operand, pull in at.operands:
            arrive(operand, pull(found[at.number]))
    return [found.get(each.number, np.zeros_like(each.value)) for each in wanted]


def _value(other: Any) -> Any:
    return other.value if isinstance(other, Var) else other


def _binary(value: Array, *operands: tuple[Any, Pull]) -> Var:
    """The result of operands that may be broadcast; constants among them have no gradient."""
    made_of = [(each, pull) for each, pull in operands if isinstance(each, Var)]
    return Var(value, [(v, pull if v.shape == value.shape else _summing(pull, v.shape)) for v, pull in made_of])


def _summing(pull: Pull, shape: tuple[int, ...]) -> Pull:
    return lambda d: _summed_to(pull(d), shape)


def _summed_to(d: Array, shape: tuple[int, ...]) -> Array:
    """Undoes a broadcast."""
    if d.shape == shape:
        return d
    d = d.sum(axis=tuple(range(d.ndim - len(shape))))
    repeated = tuple(axis for axis, size in enumerate(shape) if size == 1 and d.shape[axis] != 1)
    return d.sum(axis=repeated, keepdims=True) if repeated else d


def _rows(a: Array) -> Array:
    return a.reshape(-1, a.shape[-1])
