"""Errors carried through a recurrence step by step, of many samples at once, by what `tracing` found of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .arrays import Array
from .tracing import Program, Term, Terms, Traced


class Propagation:
    """The errors of all symbols of a program at all steps, ``(time, samples, batch, width)``.

    program    what a step is made of
    initial    the errors of the state before the first step that is processed, ``(samples, batch, width)``
    after      the state after each step, as the program has it
    own        what each step adds to its errors, ``(samples, time, batch, width)``
    backwards  whether the last step is processed first
    """

    def __init__(
        self,
        program: Program,
        initial: Sequence[Array],
        after: Sequence[Traced],
        own: Sequence[Array],
        *,
        backwards: bool,
    ) -> None:
        samples, time, batch, _ = own[0].shape
        self._real, self._program = own[0].dtype, program
        chains = [np.empty((time + 1, samples, batch, part.shape[-1]), self._real) for part in initial]
        for chain, part in zip(chains, initial, strict=True):
            chain[0] = part
        order = slice(None, None, -1) if backwards else slice(None)
        self.before = [chain[:-1][order] for chain in chains]
        self.after = [chain[1:][order] for chain in chains]
        self.final = [chain[-1] for chain in chains]
        count = len(chains)
        widths = program.widths[count:]
        self._symbols = self.before + [np.empty((time, samples, batch, width), self._real) for width in widths]
        self._factors = [np.empty((time, samples, batch, product.width), self._real) for product in program.products]
        sums = [
            _Sum(product.terms, factor, self._symbols)
            for product, factor in zip(program.products, self._factors, strict=True)
        ]
        kernels = [product.kernel.astype(self._real) for product in program.products]
        states = [
            _Sum(part.terms, out, self._symbols, each.swapaxes(0, 1))
            for part, out, each in zip(after, self.after, own, strict=True)
        ]
        products = list(zip(sums, kernels, self._factors, self._symbols[count:], strict=True))
        for t in range(time)[order]:
            for its_sum, kernel, factor, out in products:
                its_sum.make(t)
                np.matmul(
                    factor[t].reshape(samples * batch, len(kernel)), kernel, out=out[t].reshape(samples * batch, -1)
                )
            for its_sum in states:
                its_sum.make(t)

    def reach(self, probed: int) -> float:
        """The greatest error of a product, in a few samples; not a number where one is none."""
        probes = [out[:, :probed] for out in self._symbols[len(self.before) :]] or [f[:probed] for f in self.final]
        return max((float(np.abs(probe).max(initial=0.0)) for probe in probes), default=0.0)

    def errors(self, terms: Terms, shape: tuple[int, ...]) -> Array:
        """``(samples, time, batch, features)``: what the terms of an array of that shape come to."""
        for product, factor in zip(self._program.products, self._factors, strict=True):
            if product.terms is terms:
                return factor.swapaxes(0, 1)
        time, samples, batch, _ = self._symbols[0].shape
        out = np.empty((time, samples, batch, shape[-1]), self._real)
        _Sum(terms, out, self._symbols).make(slice(None))
        return out.swapaxes(0, 1)


class _Sum:
    """``out = own + Σ terms``, at a step or at all of them."""

    def __init__(self, terms: Terms, out: Array, symbols: Sequence[Array], own: Array | None = None) -> None:
        width = out.shape[-1]
        parts = [_Part(group, out, symbols) for group in _groups(terms)]
        parts.sort(key=lambda part: (not part.covers(width), part.slope is None))
        self._cleared = not parts or not parts[0].covers(width)
        self._parts, self._out, self._own = parts, out, own

    def make(self, t: Any) -> None:
        """At step t."""
        out = self._out[t]
        if self._cleared:
            out[...] = 0.0
        for k, part in enumerate(self._parts):
            part.put(t, first=not k and not self._cleared)
        if self._own is not None:
            out += self._own[t]


class _Part:
    """Terms that are made by one multiplication.

    Neighbouring blocks of one symbol that all go to the same features, or one block that goes to neighbouring ones.
    """

    def __init__(self, terms: Sequence[Term], out: Array, symbols: Sequence[Array]) -> None:
        first, count = terms[0], len(terms)
        size, rows, batch = first.high - first.low, out.shape[1], out.shape[2]
        self._low, self._high = first.low, terms[-1].high
        self.sums = count > 1 and terms[1].low == first.low
        source, blocks = symbols[first.symbol], count if self.sums else 1
        self._source = source[..., first.at : first.at + blocks * size].reshape(*source.shape[:3], blocks, size)
        its = out[..., self._low : self._high]
        self._out = its if self.sums else its.reshape(*out.shape[:3], count, size)
        self.slope: Array | None = None
        if any(term.slope is not None for term in terms):
            self.slope = np.empty((len(out), 1, batch, count, size), out.dtype)
            for k, term in enumerate(terms):
                self.slope[:, 0, :, k] = 1.0 if term.slope is None else term.slope
        self._rows = rows

    def covers(self, width: int) -> bool:
        """Whether it is on all features of an array so wide."""
        return self._low == 0 and self._high == width

    def put(self, t: Any, *, first: bool) -> None:
        """At step t, for what was there or beside it."""
        out, found = self._out[t], self._source[t]
        if self.sums:
            found = found if self.slope is None else found * self.slope[t]
            if first:
                np.add.reduce(found, axis=-2, out=out)
            else:
                out += np.add.reduce(found, axis=-2)
        elif self.slope is None:
            if first:
                out[...] = found
            else:
                out += found
        elif first:
            np.multiply(found, self.slope[t], out=out)
        else:
            out += found * self.slope[t]


def _groups(terms: Terms) -> list[list[Term]]:
    """Terms of one size and symbol whose blocks, or features, are neighbours."""
    groups: list[list[Term]] = []
    for term in sorted(terms, key=lambda t: (t.symbol, t.at, t.low)):
        for group in groups:
            if term.symbol == group[0].symbol and _next(group, term):
                group.append(term)
                break
        else:
            groups.append([term])
    return groups


def _next(group: list[Term], term: Term) -> bool:
    last, size = group[-1], term.high - term.low
    if last.high - last.low != size:
        return False
    gathered = all(one.low == two.low for one, two in pairwise([*group, term])) and term.at == last.at + size
    spread = all(one.at == two.at for one, two in pairwise([*group, term])) and term.low == last.high
    return gathered or spread
