"""The three nouns that follow from a `Case`: what is Expected of it, what was Observed, and the Verdict.

What is expected comes from the oracle, values and bounds (`expect`); what is observed, from an implementation; `judge`
compares the two, number by number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.precision import Precision

from .cases import FAMILIES, Array, Case, Quantities, family_of

FLOAT64 = Precision.of("float64")


@dataclass(frozen=True)
class Expected:
    """What the oracle says of a case: each quantity's values, the bounds on a faithful deviation, the dtype due.

    Without a dtype, any floating one will do.
    """

    values: Quantities
    bounds: Quantities
    dtype: np.dtype[Any] | None = None


@dataclass(frozen=True)
class Observed:
    """What an implementation returned for a case.

    values    quantity name to array; what the implementation does not expose is left out
    missing   family or quantity to the reason why it is left out
    path      the code path that ran, in the framework's terms
    """

    values: Quantities
    missing: Mapping[str, str] = field(default_factory=dict)
    path: str = ""


def quantities(
    run: ri.AnyRun | ri.rounding.RunBound, gradients: ri.Gradients | None, state_names: tuple[str, ...]
) -> dict[str, Array]:
    """A run and its gradients, or the bounds on them, by quantity name."""
    named = {"outputs": run.outputs}
    named |= {f"state.{n}": part for n, part in zip(state_names, run.state, strict=True)}
    named |= {f"gates.{name}": gate for name, gate in run.gates.items()}
    if gradients is not None:
        named |= {f"d_params.{name}": d for name, d in gradients.params.items()}
        named["d_x"] = gradients.x
        named |= {f"d_initial_state.{n}": d for n, d in zip(state_names, gradients.initial_state, strict=True)}
    return named


class Truth:
    """What the oracle says of a case, in float64: asked once, for the bounds of as many arithmetics as are wanted."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._wide = case.in_dtype(np.float64)
        self._cotangents = self._wide.d_outputs, self._wide.d_state
        self._known: dict[Precision, Quantities] = {}

    @cached_property
    def run(self) -> ri.AnyRun:
        """The forward run."""
        return run_oracle(self._wide)

    @cached_property
    def values(self) -> Quantities:
        """Every quantity of the run, and of its gradients where the case wants any."""
        gradients = ri.backward(self.run, *self._cotangents) if self.case.wants_gradients else None
        return quantities(self.run, gradients, self.case.state_names)

    def expected(self, arithmetic: Any = None) -> Expected:
        """The values, and bounds for an implementation in an arithmetic that `refimpl.rounding` knows.

        By default it is that of the case's dtype. The bounds allow for the oracle's own rounding too.
        """
        precision = Precision.of(arithmetic or self.case.dtype_name)
        theirs = self._bounds(precision)
        if precision.bits == FLOAT64.bits:  # whose every model allows NumPy's functions more than they need
            bounds = {name: 2 * bound for name, bound in theirs.items()}
        elif ri.rounding.is_smooth(self.case.cell, self.case.wants_gradients):
            bounds = {name: (1 + 2 * FLOAT64.unit_roundoff / precision.unit_roundoff) * b for name, b in theirs.items()}
        else:
            ours = self._bounds(FLOAT64)
            bounds = {name: theirs[name] + ours[name] for name in theirs}
        return Expected(self.values, bounds, self.case.dtype)

    def _bounds(self, arithmetic: Precision) -> Quantities:
        if arithmetic not in self._known:
            rounding, names = ri.rounding, self.case.state_names
            if self.case.wants_gradients:
                found = quantities(*rounding.bounds(self.run, arithmetic, *self._cotangents), names)
            else:
                found = quantities(rounding.bound(self.run, arithmetic), None, names)
            self._known[arithmetic] = found
        return self._known[arithmetic]


def expect(case: Case, arithmetic: Any = None) -> Expected:
    """`Truth.expected` of a case of which no more is asked."""
    return Truth(case).expected(arithmetic)


def run_oracle(case: Case) -> ri.AnyRun:
    """The oracle's forward run of a case, in the case's own dtype."""
    return ri.forward(
        case.cell,
        case.params,
        case.x,
        case.initial_state,
        case.mask,
        case.lengths,
        case.reverse,
        masked_output=case.masked_output,
        output_order=case.output_order,
        return_sequences=case.return_sequences,
        dropout=case.dropout,
    )


@dataclass(frozen=True)
class Comparison:
    """One quantity of one case: how many numbers were compared, and the worst of them.

    ratio      the greatest ``|got - expected| / bound``; above 1 is a disagreement
    index      where it is
    undecided  numbers whose bound is infinite, so that nothing was compared
    problem    what was wrong before any number could be compared (a shape, a type)
    """

    quantity: str
    numbers: int
    ratio: float
    index: tuple[int, ...] = ()
    expected: float = 0.0
    got: float = 0.0
    bound: float = 0.0
    undecided: int = 0
    problem: str = ""

    @property
    def agrees(self) -> bool:
        """Whether every number lies within its bound."""
        return not self.problem and self.ratio <= 1

    def __str__(self) -> str:
        where = self.quantity + (str(list(self.index)) if self.index else "")
        if self.problem:
            return f"{where}: {self.problem}"
        return (
            f"{where}: expected {self.expected!r}, got {self.got!r}, "
            f"off by {abs(self.got - self.expected):.3g}, bound {self.bound:.3g}, ratio {self.ratio:.3g}"
        )


@dataclass(frozen=True)
class Verdict:
    """All comparisons of one case, and what could not be compared and why."""

    comparisons: tuple[Comparison, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    path: str = ""

    @property
    def agrees(self) -> bool:
        """Whether something was compared and all of it agrees."""
        return self.numbers > 0 and all(comparison.agrees for comparison in self.comparisons)

    @property
    def numbers(self) -> int:
        """How many were compared."""
        return sum(comparison.numbers for comparison in self.comparisons)

    @cached_property
    def disagreements(self) -> tuple[Comparison, ...]:
        """What does not agree, the worst first."""
        wrong = [comparison for comparison in self.comparisons if not comparison.agrees]
        return tuple(sorted(wrong, key=lambda c: (not c.problem, -c.ratio)))

    def by_family(self) -> Iterator[tuple[str, int, float, int]]:
        """Family, numbers compared, worst ratio, numbers undecided."""
        for family in FAMILIES:
            its = [c for c in self.comparisons if family_of(c.quantity) == family]
            if its:
                yield (
                    family,
                    sum(c.numbers for c in its),
                    max(c.ratio for c in its),
                    sum(c.undecided for c in its),
                )


def compare(quantity: str, expected: Array, bound: Array, got: Any, dtype: Any = None) -> Comparison:
    """Compares one quantity element by element; NaN where a number is due is infinitely wrong.

    With ``dtype``, another dtype is a problem, however good the numbers.
    """
    found = np.asarray(got)
    if found.shape != expected.shape:
        return Comparison(quantity, 0, np.inf, problem=f"expected shape {expected.shape}, got {found.shape}")
    if not (np.issubdtype(found.dtype, np.floating) or found.dtype.name == "bfloat16"):
        return Comparison(quantity, 0, np.inf, problem=f"expected floating-point numbers, got {found.dtype}")
    if dtype is not None and found.dtype != dtype:
        return Comparison(quantity, 0, np.inf, problem=f"expected dtype {dtype}, got {found.dtype}")
    found = found.astype(np.float64)
    decided = np.isfinite(bound) & np.isfinite(expected)
    undecided = int(decided.size - decided.sum())
    if not decided.any():
        return Comparison(quantity, 0, 0.0, undecided=undecided)
    with np.errstate(all="ignore"):
        error = np.abs(found - expected)
        ratio = np.where(error == 0, 0.0, error / bound)
    ratio = np.where(decided, np.nan_to_num(ratio, nan=np.inf, posinf=np.inf), 0.0)
    worst = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    return Comparison(
        quantity,
        int(decided.sum()),
        float(ratio[worst]),
        tuple(int(k) for k in worst),
        float(expected[worst]),
        float(found[worst]),
        float(bound[worst]),
        undecided,
    )


def judge(expected: Expected, observed: Observed) -> Verdict:
    """Compares all that was observed; an observed quantity that nobody knows is a problem too."""
    comparisons = [
        compare(name, value, expected.bounds[name], observed.values[name], expected.dtype)
        for name, value in expected.values.items()
        if name in observed.values
    ]
    known = set(expected.values)
    if not any(family_of(name) == "gradients" for name in known):  # none asked for, some may come
        known |= {name for name in observed.values if family_of(name) == "gradients"}
    comparisons += [
        Comparison(name, 0, np.inf, problem=f"unknown quantity; known: {', '.join(expected.values)}")
        for name in observed.values
        if name not in known
    ]
    missing = {
        name: observed.missing.get(name) or observed.missing.get(family_of(name), "not reported by the implementation")
        for name in expected.values
        if name not in observed.values
    }
    return Verdict(tuple(comparisons), missing, observed.path)
