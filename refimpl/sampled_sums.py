"""How sums round, on arrays that carry samples of their error (`sampled`): variances, in those of a rounding of 1.

- *Inner products*. A sum of n rounded terms, with sum S and sum of squares Q, taken one by one in random order: its
  partial sums are a walk from 0 to S, whose squares add up to ``n (S²/3 + Q/6)`` in the mean, so that
  ``V = n (S²/3 + Q/6) + Q``. Blocked, pairwise and fused sums round less often, or smaller partial sums. A walk may
  also wander off further: a careful evaluation takes the partial sums from first to last, or from last to first, where
  these are more.
- *In more bits*. Where an arithmetic sums up in more bits, that is in those, and S is rounded once; but a kernel's
  gradient, which is a sum over all steps, may be rounded after each of them: PyTorch 2.13 adds up those of recurrent
  kernels so, in float16 and bfloat16, and the last step's, which are often the largest, come first.
- *Sums of sums*. An addition does not round at once: ``x W + b + h U + β`` is one sum, however it is grouped. If the
  sums A and B of n_A and n_B terms are added, either each by itself is and then ``S = A + B`` is rounded, ``S²`` more;
  or a walk to A goes on to S in n_B more steps, each of which is longer by A: ``n_B A S`` more. V is the most of these.
- *Sums over rows and steps* have terms that grow or shrink: taken in order, in reverse, or in random order. Where rows
  or steps are equal, so are the terms, and a sum of equal terms goes on rounding in the same direction.
"""

from __future__ import annotations

import numpy as np

from .arrays import Array
from .noise import Noise

_FEW = 2  # terms of a sum whose partial sums are no walk
_LARGE = 2**18  # products of an inner product's operands from which on float32 is worth its while
_TOO_LARGE = 2**31  # for partial sums to be looked at one by one


def of_two(one: Array, other: Array, value: Array, terms: tuple[int, int]) -> Array:
    """The variance that the sum ``value`` of two sums adds to theirs."""
    square: Array = value * value
    if sum(terms) <= _FEW:
        return square
    longer = np.maximum(one * value * terms[1], other * value * terms[0])
    return np.maximum(longer, square, out=longer)


def by_term(terms: tuple[Array, Array], square: Array) -> Array:
    """The variance of a number times a sum of two, made term by term; from the number's square."""
    one, other = terms
    found: Array = (one * one + other * other) * square
    return found


def of_inner_product(
    noise: Noise, rows: Array, kernel: Array, value: Array, squares: Array, over_rows: bool
) -> tuple[Array, int]:
    """The variance of ``value = rows @ kernel``, and of how many terms it is to count as a sum.

    squares     ``rows² @ kernel²``
    over_rows   whether the sum is one over rows and steps
    """
    terms, square = len(kernel), value * value
    of_sum = squares * (terms / 6 + 1)
    if terms > 1:
        of_sum += square * max(terms / 3, 1.0)
        if noise.careful and rows.size * kernel.shape[1] < _TOO_LARGE:
            of_sum = np.maximum(of_sum, squares + _walk(rows, kernel, value))
    if over_rows:
        of_sum *= noise.repeats
    if not noise.precision.sums:
        return noise.in_range(of_sum, value), terms
    of_sum *= noise.of_sums
    if over_rows and noise.steps > 1:
        return noise.in_range(of_sum + (square + squares / 2) * (noise.steps * noise.repeats), value), 1
    return noise.in_range(of_sum + square, value), 1


def of_rows(noise: Noise, terms: Array, value: Array, axis: int) -> Array:
    """The variance of ``value``, the sum of the terms along an axis."""
    count, partial = terms.shape[axis], terms.cumsum(axis=axis)
    rest = np.expand_dims(value, axis) - partial
    rest += terms
    onward, back, squares = ((a * a).sum(axis=axis) for a in (partial, rest, terms))
    found: Array = np.maximum(np.maximum(onward, back), value * value * (count / 3) + squares * (count / 6))
    return found * noise.repeats


def product_of_squares(rows: Array, kernel: Array) -> Array:
    """``rows @ kernel`` of squares, as exactly as a variance must be."""
    if rows.size * kernel.shape[1] < _LARGE:
        return rows @ kernel
    largest = (float(rows.max()) or 1.0) * 2.0**-60  # float32 has no room for the squares of small numbers
    narrow = (rows / largest).astype(np.float32) @ kernel.astype(np.float32)
    return narrow.astype(np.float64) * largest


def _walk(rows: Array, kernel: Array, product: Array) -> Array:
    """The sum of the squares of an inner product's partial sums, from first term to last or from last to first."""
    partial, onward, back = (np.zeros(product.shape) for _ in range(3))
    for k, row in enumerate(kernel):
        rest = product - partial
        back += rest * rest
        partial += rows[:, k, None] * row
        onward += partial * partial
    return np.maximum(onward, back)
