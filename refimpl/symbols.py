"""The part of an error that is linear in the error of the state before a step, carried with its sign.

A recurrence repeats. If ``δ_t`` is the error of the state after step t, ``J_t`` the derivative of the step and ``r_t``
what the step itself adds, roundings and terms of second order, then ``δ_t = J_t δ_(t-1) + r_t``, and where ``|r_t|`` is
``ρ_t`` at most

    |δ_t| <= Σ_s |J_t J_(t-1) … J_(s+1)| ρ_s

in which the absolute value is taken of the *product*. Error bounds that are carried along as magnitudes take it of each
factor, and grow exponentially with the steps where the recurrence itself shrinks errors, which cancel in ``J δ``.
(The argument is that of Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., SIAM 2002, section 18.1, on
sequences of matrix products; carrying errors as linear forms is affine arithmetic: L. H. de Figueiredo and J. Stolfi,
Numerical Algorithms 37 (2004).)

So, within a step, an array's error is ``Σ_i linear_i ε_i`` plus what is not linear. The *symbols* ``ε_i``, of which
there is one for each element of the state, are that element's error divided by its bound: between -1 and 1, and the
same for every array of the step. Between two steps `renewed` multiplies by ``J_t`` what is known of the ``ε_i``: their
*sources*, the state's error as a linear form in the ``ρ_s`` of all steps before.

Back-propagation is a recurrence too, ``λ_t = J_tᵀ λ_(t+1) + …``, whose ``J_t`` is off by what the forward run is: its
symbols are those of the forward step and, after them, those of the cotangent of the state after it.

The price, of time and of memory, grows with the square of the steps and the cube of the state, so it is for the small
cases of a test suite: a state of more than `LARGEST_STATE` elements has no symbols, and its bound costs a few times the
run. Sources are summed up into one for each element when they become more than `MOST_SOURCES`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from .arrays import Array

LARGEST_STATE = 20
MOST_SOURCES = 512
_ROUNDING = 2.0**-53  # of the analysis itself, in float64

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Symbols:
    """What the errors of one step are linear in.

    sources   ``(batch, size, sources)``: each symbol as a linear form in what earlier steps added; in absolute values
              every row sums to 1 at most
    base      the symbols of the forward step, which come before these; None: these are they
    forward   how many of the sources are those of the forward run
    lineage   the same object where sources mean the same: one may have more of them, at the end
    """

    sources: Array
    base: Symbols | None
    forward: int
    lineage: object

    @property
    def count(self) -> int:
        """How many there are, those of the base too."""
        return int(self.sources.shape[1]) + (0 if self.base is None else self.base.count)


class Linear:
    """``Σ_i values[i] ε_i``, an error for each element of an array ``(batch, …, features)``.

    values    ``(symbols, batch, …, features)``
    symbols   those of one step; or a tuple, of an array ``(batch, time, features)`` those of each of its steps
    """

    def __init__(self, values: Array, symbols: Any) -> None:
        self.values = values
        self.symbols = symbols
        self._bound: Array | None = None

    @property
    def bound(self) -> Array:
        """``Σ_i |values[i]|``."""
        if self._bound is None:  # asked for several times of some, never of others
            self._bound = np.add.reduce(np.abs(self.values))
        return self._bound

    def scaled(self, by: Any) -> Linear:
        """That of a product by element."""
        return Linear(self.values * by, self.symbols)

    def through(self, kernel: Array) -> Linear:
        """That of a product with a kernel."""
        return Linear(self.values @ kernel, self.symbols)

    def swapped(self, one: int, other: int) -> Linear:
        """That of the array with two axes exchanged."""
        return Linear(self.values.swapaxes(one + 1, other + 1), self.symbols)

    def at(self, index: Any) -> Linear | None:
        """That of a part of the array: one step of many, or some features; None for other parts."""
        if isinstance(index, tuple) and len(index) == 2 and index[0] is Ellipsis:
            return Linear(self.values[index], self.symbols)
        if isinstance(self.symbols, tuple) and isinstance(index, int):
            return Linear(self.values[:, index], self.symbols[index])
        return self if isinstance(index, slice) and index == slice(None) else None

    def meets(self, other: Linear) -> bool:
        """Whether both are of one step, or the same steps."""
        return self.symbols == other.symbols or self.continues(other) or other.continues(self)

    def continues(self, other: Linear) -> bool:
        """Whether the other's symbols are the first of these."""
        mine, its = self.symbols, other.symbols
        if isinstance(mine, tuple) and isinstance(its, tuple):
            return len(mine) == len(its) and all(one.base is base for one, base in zip(mine, its, strict=True))
        return isinstance(mine, Symbols) and mine.base is its and its is not None


def total(one: Linear | None, other: Linear | None) -> Linear | None:
    """That of a sum of two arrays of one shape, of which one has no linear error or the two meet."""
    if one is None or other is None:
        return one or other
    longer, shorter = (one, other) if len(one.values) >= len(other.values) else (other, one)
    if len(longer.values) == len(shorter.values):
        return Linear(longer.values + shorter.values, longer.symbols)
    values = longer.values.copy()
    values[: len(shorter.values)] += shorter.values
    return Linear(values, longer.symbols)


def joined(
    parts: Sequence[Linear | None], shapes: Sequence[Shape], join: Callable[[list[Array]], Array]
) -> Linear | None:
    """That of ``join`` of arrays of these shapes: gates side by side, or one by a mask; None where symbols differ."""
    given = [part for part in parts if part is not None]
    if not given or len({len(shape) for shape in shapes}) > 1:
        return None
    longest = max(given, key=lambda part: len(part.values))
    if not all(part.symbols == longest.symbols or longest.continues(part) for part in given):
        return None
    padded = [_padded(part, len(longest.values), shape) for part, shape in zip(parts, shapes, strict=True)]
    return Linear(join(padded), longest.symbols)


def stacked(
    parts: Sequence[Linear | None], shapes: Sequence[Shape], join: Callable[[list[Array]], Array]
) -> Linear | None:
    """That of ``(time, batch, features)`` from one ``(batch, features)`` a step."""
    given = [part for part in parts if part is not None]
    if len(given) < len(parts) or len({len(part.values) for part in given}) > 1:
        return None
    return Linear(np.stack([part.values for part in given], axis=1), tuple(part.symbols for part in given))


def _padded(part: Linear | None, count: int, shape: Shape) -> Array:
    if part is not None and len(part.values) == count:
        return part.values
    values = np.zeros((count, *shape))
    if part is not None:
        values[: len(part.values)] = part.values
    return values


def renewed(
    state: Sequence[tuple[Shape, tuple[Array, Array], Linear | None]], base: Symbols | None
) -> list[tuple[Array, Linear | None]]:
    """The errors of a state's parts in symbols of the step to come: for each what is not linear, and what is.

    state   each part's shape ``(batch, size)``, its bounds without and with what is linear, what is linear
    base    in back-propagation, the symbols of the forward step to come
    """
    sizes = [shape[1] for shape, _, _ in state]
    batch, size = state[0][0][0], sum(sizes)
    given = [linear for _, _, linear in state if linear is not None]
    if size > LARGEST_STATE or not batch or any(linear.symbols is not given[0].symbols for linear in given):
        return [(whole, None) for _, (_, whole), _ in state]
    count = len(given[0].values) if given else 0
    apart = np.concatenate([rest for _, (rest, _), _ in state], axis=1)
    slopes = np.concatenate([_padded(linear, count, shape) for shape, _, linear in state], axis=2)
    known = np.isfinite(apart) & np.isfinite(slopes).all(axis=0)
    slopes = np.where(known, slopes, 0.0)
    apart = np.where(known, apart + (count + 2) * _ROUNDING * np.abs(slopes).sum(axis=0), np.inf)
    sources, forward, lineage = _sources(slopes.transpose(1, 2, 0), given[0].symbols if given else None, base)
    own = np.where(known, apart, 0.0)[:, :, None] * _eye(size)
    if sources.shape[2] - forward + size > MOST_SOURCES:
        own = own + np.abs(sources).sum(axis=2)[:, :, None] * _eye(size)
        sources, forward, lineage = _afresh(batch, size, base)
    sources = np.concatenate([sources, own], axis=2)
    bound = np.abs(sources).sum(axis=2)
    with np.errstate(all="ignore"):
        sources = np.where(bound[:, :, None] > 0, sources / bound[:, :, None], 0.0)
    symbols = Symbols(sources, base, forward, lineage)
    first = 0 if base is None else base.count
    values = np.zeros((first + size, batch, size))
    values[first:] = _eye(size)[:, None, :] * bound
    ends = np.cumsum(sizes)
    return [
        (np.where(known[:, end - its : end], 0.0, np.inf), Linear(values[:, :, end - its : end], symbols))
        for its, end in zip(sizes, ends, strict=True)
    ]


def _sources(slopes: Array, symbols: Symbols | None, base: Symbols | None) -> tuple[Array, int, object]:
    """``Σ_i slopes_i ε_i`` in terms of the sources of the ε: ``(batch, size, sources)``."""
    batch, size, _ = slopes.shape
    if symbols is None:
        return _afresh(batch, size, base)
    if symbols.base is None:
        found, forward = slopes @ symbols.sources, 0 if base is None else symbols.sources.shape[2]
    else:
        of_base, own = slopes[:, :, : symbols.base.count], slopes[:, :, symbols.base.count :]
        found, forward = own @ symbols.sources, symbols.forward
        found[:, :, : symbols.base.sources.shape[2]] += of_base @ symbols.base.sources
    if base is None or base.lineage is symbols.lineage:
        return found, forward, symbols.lineage
    fresh, forward, lineage = _afresh(batch, size, base)
    summed = np.abs(found).sum(axis=2)[:, :, None] * _eye(size)
    return np.concatenate([fresh, summed], axis=2), forward, lineage


def _afresh(batch: int, size: int, base: Symbols | None) -> tuple[Array, int, object]:
    """No sources yet but those of the forward run, which all have the same meaning in its lineage."""
    if base is None:
        return np.zeros((batch, size, 0)), 0, object()
    forward = base.sources.shape[2]
    return np.zeros((batch, size, forward)), forward, base.lineage


@cache
def _eye(size: int) -> Array:
    """The identity, which nobody changes."""
    return np.eye(size)
