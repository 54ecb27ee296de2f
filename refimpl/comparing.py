"""The verdict on arrays of one's own: does an implementation agree with the oracle, and if not, how is that known.

Two rules, the second of which reaches further and the first of which is certain:

- *improbable*: a number lies so many deviations (`sampling`) from the oracle's that a faithful implementation would
  return one as far off, among as many as are compared, less than once in 10⁶ comparisons (`LIMIT`). The probability
  is that of Student's t, since the deviation is an estimate, times how many numbers were compared
- *wrong*: it was asked whether it lies beyond its proven bound (`rounding`), and it does

The bound costs many runs, so it is asked for only where the spread leaves something open: some number is more than four
deviations off, or fewer where no activation errs (`looks.bound_asked_from`), or all are so large or small that float64
cannot square their errors. ``proven=True`` asks in any case. Without it a number beyond its bound passes if it is that
near; there are such bounds where very few roundings make a number.

A dozen samples come first; numbers that look suspicious by these, which is rare, are looked at more closely (`looks`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks, rounding
from .arrays import Array
from .errors import InvalidArgument
from .given import in_float64, quantities
from .given import numbers as checked_numbers
from .looks import Looks, bound_asked_from, is_open
from .precision import Precision
from .running import AnyRun, backward, checked_run
from .sampling import SAMPLES, Moments, named
from .tails import two_sided

LIMIT = 1e-6
"""The probability of a false alarm in one comparison, by the model."""
_FLOAT64 = Precision.of("float64")


@dataclass(frozen=True)
class Comparison:
    """One quantity: its worst number, and what is said of it.

    quantity     ``outputs``, ``state.h``, ``gates.i``, ``d_params.kernel``, ``d_x``, ``d_initial_state.h``…
    verdict      "agrees", "wrong", "improbable", or "chaotic" where the samples of every number come apart
    numbers      how many were compared
    chaotic      how many were not, since their samples come apart
    index        where the worst is
    expected     what the oracle has there, in float64
    got          what was given
    deviation    the standard deviation of a faithful implementation there, the oracle's own rounding included
    bound        the proven bound there; None where it was not asked for
    probability  that a faithful implementation's worst number, of all that were compared, is as many deviations off
    """

    quantity: str
    verdict: str
    numbers: int
    chaotic: int
    index: tuple[int, ...] = ()
    expected: float = 0.0
    got: float = 0.0
    deviation: float = 0.0
    bound: float | None = None
    probability: float = 1.0

    @property
    def deviations(self) -> float:
        """How many deviations the worst number is off."""
        error = abs(self.got - self.expected)
        return error / self.deviation if self.deviation else (0.0 if error == 0 else np.inf)

    @property
    def agrees(self) -> bool:
        """Whether nothing speaks against it."""
        return self.verdict in ("agrees", "chaotic")

    def __str__(self) -> str:
        if not self.numbers:
            return f"{self.quantity}: {self.verdict}; {self.chaotic} numbers were not compared"
        bound = "not asked for" if self.bound is None else f"{self.bound:.3g}"
        spread = "which no samples tell"
        if np.isfinite(self.deviation):
            spread = (
                f"which is {self.deviations:.3g} deviations of {self.deviation:.3g}; probability {self.probability:.2g}"
            )
        return (
            f"{self.quantity}{list(self.index)}: {self.verdict}: expected {self.expected!r}, got {self.got!r}, off by "
            f"{abs(self.got - self.expected):.3g}, {spread}; proven bound {bound}"
        )


@dataclass(frozen=True)
class Verdict:
    """What `compare` found, quantity by quantity."""

    dtype: str
    comparisons: tuple[Comparison, ...]

    @property
    def agrees(self) -> bool:
        """Whether numbers were compared and none is wrong or improbable."""
        return self.numbers > 0 and all(each.agrees for each in self.comparisons)

    @property
    def numbers(self) -> int:
        """How many were compared."""
        return sum(each.numbers for each in self.comparisons)

    @property
    def disagreements(self) -> tuple[Comparison, ...]:
        """What does not agree, the worst first."""
        found = [each for each in self.comparisons if not each.agrees]
        return tuple(sorted(found, key=lambda each: (each.verdict != "wrong", -each.deviations)))

    def __str__(self) -> str:
        if self.agrees:
            return f"agrees: {self.numbers} numbers of {len(self.comparisons)} quantities, in {self.dtype}"
        if not self.numbers and not any(each.chaotic for each in self.comparisons):
            return "nothing was compared: there are no numbers"
        if not self.numbers:
            return f"chaotic: in {self.dtype} the samples of every number come apart; nothing was compared"
        lines = [f"{len(self.disagreements)} of {len(self.comparisons)} quantities disagree, in {self.dtype}"]
        return "\n  ".join(lines + [str(each) for each in self.disagreements])


def compare(
    run: AnyRun,
    *,
    outputs: Any = None,
    state: Sequence[Any] | None = None,
    gates: Mapping[str, Any] | None = None,
    gradients: Any = None,
    d_outputs: Any = None,
    d_state: Sequence[Any] | None = None,
    dtype: Any = "float32",
    samples: int = SAMPLES,
    seed: int = 0,
    proven: bool = False,
) -> Verdict:
    """The verdict on what an implementation returned for the inputs of ``run``.

    run         what `forward` returned
    outputs     ``(batch, time, output)``, as ``run.outputs``; what is None is not compared
    state       a tuple as ``run.state``, of which parts may be None
    gates       some of ``run.gates``, by name
    gradients   a `Gradients`, or a mapping with some of the keys ``params``, ``x`` and ``initial_state``; ``params``
                some of them by name; parts of ``initial_state`` may be None
    d_outputs   the cotangents that the gradients were made from, as in `backward`
    d_state
    dtype       the implementation's arithmetic, as in `rounding.spread`
    samples     how many sampled evaluations; a doubt is settled by more (`looks`)
    seed        of their errors
    proven      whether to ask for the proven bounds in any case

    Raises `InvalidArgument` for shapes and names other than the run's, for arrays that hold no real numbers, for
    gradients without cotangents, and where nothing is given.
    """
    proven = checks.flag("proven", proven)
    precision = Precision.of(dtype)
    wide = in_float64(checked_run(run))
    got = quantities(wide, outputs, state, gates, gradients)
    cotangents = _cotangents(d_outputs, d_state)
    of_gradients = gradients is not None
    if of_gradients and d_outputs is None and d_state is None:
        raise InvalidArgument("d_outputs, d_state", expected="the cotangents of the gradients", got="None")
    pulled = backward(wide, *cotangents) if of_gradients else None
    expected = {name: value for name, value in named(wide, pulled, wide.cell.state_names).items() if name in got}

    looks = Looks(wide, precision, cotangents, of_gradients, samples, seed)
    for look, count in enumerate(looks.counts):
        seen = looks.at(look)
        cases = {name: _Case.of(value, got[name], seen[name], looks) for name, value in expected.items()}
        worst, freedom = max((case.worst for case in cases.values()), default=0.0), count
        numbers = sum(case.numbers for case in cases.values())
        if not is_open(worst, numbers, looks.lost(look)):
            break
    bounds: dict[str, Array] = {}
    if proven or worst > bound_asked_from(wide.cell) or not all(seen[name].in_reach for name in expected):
        bounds = _bounds(wide, precision, cotangents if of_gradients else None)
    return Verdict(
        precision.name, tuple(case.judged(name, numbers, freedom, bounds.get(name)) for name, case in cases.items())
    )


def assert_agrees(run: AnyRun, **given: Any) -> None:
    """Raises `AssertionError` where `compare`, which takes the same arguments, finds what does not agree, and why."""
    __tracebackhide__ = True  # pytest then shows the caller's line
    verdict = compare(run, **given)
    if not verdict.agrees:
        raise AssertionError(str(verdict))


@dataclass(frozen=True)
class _Case:
    """One quantity beside what was given for it; all arrays of one shape."""

    expected: Array
    got: Array
    deviation: Array
    decided: Array
    deviations: Array

    @staticmethod
    def of(expected: Array, got: Array, found: Moments, looks: Looks) -> _Case:
        deviation = np.where(found.unknown, np.inf, looks.deviation(found))
        decided = ~found.unknown & (np.abs(expected) < looks.precision.largest)
        with np.errstate(all="ignore"):
            error = np.abs(got - expected)
            off = np.where(error == 0, 0.0, error / deviation)
        off = np.where(decided, np.nan_to_num(off, nan=np.inf, posinf=np.inf), 0.0)
        return _Case(expected, got, deviation, decided, off)

    @property
    def numbers(self) -> int:
        return int(np.count_nonzero(self.decided))

    @property
    def worst(self) -> float:
        return float(self.deviations.max(initial=0.0))

    def judged(self, name: str, numbers: int, freedom: float, bound: Array | None) -> Comparison:
        """The worst number: of those beyond their bounds, or else of all."""
        its, off = self.numbers, self.deviations
        beyond = np.zeros(off.shape, bool)
        if bound is not None:
            bounded = np.isfinite(bound) & np.isfinite(self.expected)
            its = int(np.count_nonzero(self.decided | bounded))
            with np.errstate(all="ignore"):
                beyond = bounded & ~(np.abs(self.got - self.expected) <= bound)
        if not its and not beyond.any():
            return Comparison(name, "chaotic" if off.size else "agrees", 0, off.size)
        worst = np.unravel_index(int(np.argmax(np.where(beyond, off, -1.0) if beyond.any() else off)), off.shape)
        probability = min(1.0, max(1, numbers) * two_sided(float(off[worst]), freedom))
        verdict = "wrong" if beyond.any() else "improbable" if probability < LIMIT else "agrees"
        return Comparison(
            name,
            verdict,
            its,
            off.size - its,
            tuple(int(k) for k in worst),
            float(self.expected[worst]),
            float(self.got[worst]),
            float(self.deviation[worst]),
            None if bound is None else float(bound[worst]),
            probability,
        )


def _cotangents(d_outputs: Any, d_state: Sequence[Any] | None) -> tuple[Any, Any]:
    """In float64, as they are handed to the oracle."""
    outputs = None if d_outputs is None else checked_numbers("d_outputs", d_outputs)
    if not isinstance(d_state, tuple | list):
        return outputs, d_state
    return outputs, tuple(None if d is None else checked_numbers(f"d_state[{k}]", d) for k, d in enumerate(d_state))


def _bounds(run: AnyRun, precision: Precision, cotangents: tuple[Any, Any] | None) -> dict[str, Array]:
    """The proven bounds, with those on the oracle's own rounding."""
    found = []
    for each in (precision, _FLOAT64):
        if cotangents is None:
            found.append(named(rounding.bound(run, each), None, run.cell.state_names))
        else:
            found.append(named(*rounding.bounds(run, each, *cotangents), run.cell.state_names))
    theirs, ours = found
    return {name: theirs[name] + ours[name] for name in theirs}
