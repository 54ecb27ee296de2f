"""`Traced`: a step's own equations tell, for all steps at once, what is linear in the state before each step.

``δ_t = J_t δ_(t-1) + r_t`` is the error of the state after step t, where ``r_t`` is what the step itself adds. The
values before each step are known, so ``r_t`` and ``J_t`` are found for all steps at once; what is left to be done step
by step is a handful of products. That makes it cheap to carry many samples through a recurrence.

An array's linear part is a sum of *terms*: ``slope ⊙ symbol`` on some of its features. Symbols are the errors of the
parts of the state before the step, and those of each product of what is linear with a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .activations import Activation
from .arrays import Array
from .wrapping import Wrapping


@dataclass(frozen=True, eq=False, slots=True)
class Term:
    """``slope ⊙ symbol[…, at : at + high - low]`` on the features from ``low`` to ``high``; slope None: 1."""

    low: int
    high: int
    symbol: int
    at: int
    slope: Any = None

    def scaled(self, by: Array) -> Term:
        """Times an array that is as wide as the one it belongs to."""
        its = by[..., self.low : self.high]
        return self._of(its if self.slope is None else its * self.slope)

    def moved(self, by: int) -> Term:
        """The same, further on among the features."""
        return Term(self.low + by, self.high + by, self.symbol, self.at, self.slope)

    def within(self, low: int, high: int) -> Term | None:
        """What of it is on these features, counted from the first of them."""
        begin, end = max(self.low, low), min(self.high, high)
        if begin >= end:
            return None
        slope = None if self.slope is None else self.slope[..., begin - self.low : end - self.low]
        return Term(begin - low, end - low, self.symbol, self.at + begin - self.low, slope)

    def plus(self, other: Term) -> Term | None:
        """Both as one, where they are of the same features and symbols."""
        if (self.low, self.high, self.symbol, self.at) != (other.low, other.high, other.symbol, other.at):
            return None
        one, more = (1.0 if each.slope is None else each.slope for each in (self, other))
        return self._of(one + more)

    def _of(self, slope: Any) -> Term:
        return Term(self.low, self.high, self.symbol, self.at, slope)


Terms = tuple[Term, ...]


@dataclass(frozen=True, eq=False)
class Product:
    """A symbol that is a product of what is linear with a kernel."""

    terms: Terms
    width: int
    kernel: Array


class Program:
    """What the linear parts of one step's arrays are made of: the parts of the state, and the products."""

    def __init__(self, state: Sequence[Array]) -> None:
        self.widths = [part.shape[-1] for part in state]
        self.products: list[Product] = []
        self.state = tuple(
            Traced(self, part, (Term(0, width, k, 0),))
            for k, (part, width) in enumerate(zip(state, self.widths, strict=True))
        )

    def product(self, terms: Terms, kernel: Array) -> Terms:
        """The terms of a product with a kernel."""
        if not terms:
            return ()
        width, columns = kernel.shape
        self.products.append(Product(terms, width, kernel))
        self.widths.append(columns)
        return (Term(0, columns, len(self.widths) - 1, 0),)


class Traced(Wrapping):
    """Values ``(time, batch, features)``, and what their errors are linear in."""

    def __init__(self, program: Program, value: Array, terms: Terms) -> None:
        self.program = program
        self.value = value
        self.terms = terms

    def _like(self, value: Array, terms: Iterable[Term]) -> Traced:
        return Traced(self.program, value, tuple(terms))

    def __add__(self, other: Any) -> Traced:
        if not isinstance(other, Traced):
            return self._like(self.value + other, self.terms)
        terms = list(self.terms)
        for term in other.terms:
            both = next(((k, one) for k, each in enumerate(terms) if (one := each.plus(term)) is not None), None)
            if both is None:
                terms.append(term)
            else:
                terms[both[0]] = both[1]
        return self._like(self.value + other.value, terms)

    def __mul__(self, other: Any) -> Traced:
        if not isinstance(other, Traced):
            value = self.value * other
            if isinstance(other, int | float) and other == 0:
                return self._like(value, ())
            return self._like(value, self._scaled(_as_wide(other, value.shape)))
        return self._like(self.value * other.value, self._scaled(other.value)) + other._like(
            np.zeros(()), other._scaled(self.value)
        )

    def _scaled(self, by: Array) -> list[Term]:
        return [term.scaled(by) for term in self.terms]

    def __matmul__(self, kernel: Array) -> Traced:
        return self._like(self.value @ kernel, self.program.product(self.terms, kernel))

    def __neg__(self) -> Traced:
        return self.__mul__(-1.0)

    def __sub__(self, other: Any) -> Traced:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Traced:
        return self.__neg__().__add__(other)

    __radd__, __rmul__ = __add__, __mul__

    def __getitem__(self, index: Any) -> Traced:
        """Some of the features, ``[..., low:high]``."""
        low, high, _ = index[1].indices(self.value.shape[-1])
        parts = (term.within(low, high) for term in self.terms)
        return self._like(self.value[index], (part for part in parts if part is not None))

    def activated(self, activation: Activation) -> Traced:
        """``activation(self)``."""
        if activation.name == "linear":
            return self
        y = activation.function(self.value)
        return self._like(y, self._scaled(np.asarray(activation.derivative(y, self.value))))

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """`numpy.where` and `concatenate` of features, for arrays of which some are `Traced`."""
        if function is np.where:
            condition, *parts = args
            wide = _as_wide(condition, self.shape)
            one, other = (
                self._like(_value(part), [term.scaled(taken) for term in _terms(part)])
                for part, taken in zip(parts, (wide, ~wide), strict=True)
            )
            return self._like(np.where(condition, one.value, other.value), (one + other).terms)
        if function is np.concatenate:
            begins = np.cumsum([0, *(part.shape[-1] for part in args[0])])
            moved = [t.moved(int(at)) for part, at in zip(args[0], begins, strict=False) for t in _terms(part)]
            return self._like(np.concatenate([_value(part) for part in args[0]], axis=-1), moved)
        return NotImplemented


def _value(array: Any) -> Array:
    return array.value if isinstance(array, Traced) else array


def _terms(array: Any) -> Terms:
    return array.terms if isinstance(array, Traced) else ()


def _as_wide(array: Any, shape: tuple[int, ...]) -> Array:
    return array if np.shape(array) == shape else np.broadcast_to(array, shape)
