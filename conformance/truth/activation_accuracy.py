"""How far each framework's activations lie from the truth: where `refimpl.activations` has its constants from.

``python -m conformance.truth.activation_accuracy [FRAMEWORK...]`` evaluates every activation, and its derivative, in
each framework in a process of its own, over the whole range of each precision, and compares with ball arithmetic.
It prints, for each activation and precision, the greatest of

- the *share* of the stated bound that the worst number uses up: more than 1 means that the constants are too small,
  or that the framework is wrong;
- the *ulps* that `Activation.ulps` must be for this framework, all else in the bound as it is;
- the share of the derivative's bound.

Measured up to an eighth of the largest number, beyond which some formulas overflow.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from subprocess import PIPE
from typing import Any

import flint
import numpy as np
from rich.console import Console
from rich.table import Table

from refimpl.activations import NAMES, Activation, named
from refimpl.precision import Precision
from refimpl.rounded import Rounded

from ..common.temporary import temporary_folder
from ..contract import Array
from ..implementations.finding import offered
from ..judging.arithmetic import known_wrong
from ..running.kept import run_kept
from ..running.processes import subprocess_environment
from .balls import AtKink, Undecided, balls, constant, precision, series, slope

FRAMEWORKS = tuple(offered("activations"))
PRECISIONS = ("float64", "float32", "float16", "bfloat16")
PARAMETERISED = (
    "leaky_relu(0.01)",
    "elu(1.5)",
    "celu(0.7)",
    "squareplus(0.3)",
    "hard_shrink(0.3)",
    "soft_shrink(0.3)",
    "threshold(0.3,-1.5)",
    "relu(0.1,2.5,0.3)",
    "affine(0.7,-1.3)",
    "scaled_tanh(1.7,0.6)",
    "hard_sigmoid(0.2,0.5)",
    "thresholded_relu(1)",
)
BITS = (256, 4096)
_SUFFICIENT = 2.0**-120
_FAR = 2.0**20


@dataclass(frozen=True)
class Worst:
    """The worst numbers of one framework's activation in one precision; x is where."""

    activation: str
    framework: str
    precision: str
    share: float
    x: float
    ulps: float
    slope_share: float
    slope_x: float

    @property
    def exceeds(self) -> bool:
        return self.share > 1 or self.slope_share > 1

    @property
    def is_known_wrong(self) -> bool:
        return self.precision in known_wrong().get((self.framework, self.activation), ())


@dataclass(frozen=True)
class Truth:
    """Exact values and slopes, each as the sum of two float64; NaN where there is no slope."""

    value: tuple[Array, Array]
    slope: tuple[Array, Array]


def points(name: str, dense: int = 700) -> Array:
    """Numbers of that precision, over its whole range: dense where functions bend, a few around every kink."""
    precision = Precision.of(name)
    rng = np.random.default_rng(7)
    top, bottom = np.log2(precision.largest) - 3, np.log2(precision.smallest_normal)
    limit = precision.largest / 8  # beyond, x times a small number overflows in some formulas
    chosen = [
        *(rng.uniform(-reach, reach, dense) for reach in (0.1, 1, 4, 12, 40, 120, 800)),
        *(
            sign * 2.0 ** rng.uniform(low, high, dense // 2)
            for low, high in ((bottom, top), (-30, 1))
            for sign in (-1, 1)
        ),
        np.array([0.0, precision.smallest_normal, limit, -limit]),
    ]
    for kink in (0.0, 0.3, 0.5, 1.0, 2.5, 3.0, 6.0, 20.0):
        near = precision.stored(kink + precision.unit_roundoff * np.arange(-8, 9) * max(kink, 2.0**-20))
        chosen += [near, -near]
    found = np.unique(precision.stored(np.concatenate(chosen)))
    tiny = (np.abs(found) < precision.smallest_normal) & (found != 0)
    kept: Array = found[~tiny & (np.abs(found) <= limit)]
    return kept


def truth(f: Activation, x: Array) -> Truth:
    """``f(x)`` and ``f'(x)`` in ball arithmetic."""
    found = np.array([_exact(f, number) for number in x])
    return Truth((found[:, 0], found[:, 1]), (found[:, 2], found[:, 3]))


def _exact(f: Activation, x: float) -> tuple[float, float, float, float]:
    for bits in BITS:
        with precision(bits), suppress(Undecided, ValueError):  # ValueError: a quotient by a ball around zero
            try:
                y = f.function(series(np.array([x]), np.ones(1)))[0]
                parts = constant(y), slope(y)
            except AtKink:
                y = f.function(balls(np.array([x])))[0]
                return *_split(constant(y)), np.nan, np.nan
            if all(_known(part) for part in parts):
                return *_split(parts[0]), *_split(parts[1])
    if abs(x) <= _FAR:
        raise ArithmeticError(f"{f.name}({x}) is not known in {BITS[-1]} bits")
    far = float(np.copysign(_FAR, x))  # beyond the exponents of balls; f has long been straight, to all these bits
    y_far, _, slope_far, _ = _exact(f, far)
    return y_far + slope_far * (x - far), 0.0, slope_far, 0.0


def _known(ball: Any) -> bool:
    return bool(ball.is_finite()) and bool(
        ball.rad() <= abs(ball.mid()) * _SUFFICIENT or abs(ball).upper() < flint.arb(2) ** -1200
    )


def _split(ball: Any) -> tuple[float, float]:
    high = float(ball.mid())
    return (high, float((ball - high).mid())) if np.isfinite(high) else (high, 0.0)


def judged(framework: str, name: str, dtype: str, x: Array, exact: Truth, y: Array, slopes: Array | None) -> Worst:
    """The worst of one framework's values and slopes."""
    f, precision = named(name), Precision.of(dtype)
    u, wide = precision.unit_roundoff, Rounded.given(precision, x)
    with np.errstate(all="ignore"):
        activated = wide.activated(f)
        error = np.abs((y - exact.value[0]) - exact.value[1])
        share = _shares(error, activated.bound)
        relative = u * np.abs(exact.value[0])
        missing = (error - (activated.bound - f.ulps * relative)) / relative
        ulps = np.where((error > 0) & np.isfinite(activated.bound), missing, 0.0)
        slope_share = np.zeros(1)
        if slopes is not None:
            off = np.abs((slopes - exact.slope[0]) - exact.slope[1])
            bound = f.derivative(activated, wide).bound
            bound = bound + precision.smallest_normal  # an implementation may flush what ours does not
            slope_share = np.where(np.isnan(exact.slope[0]), 0.0, _shares(off, bound))
    at, slope_at = int(np.argmax(share)), int(np.argmax(slope_share))
    return Worst(
        name,
        framework,
        dtype,
        float(share[at]),
        float(x[at]),
        float(np.max(ulps)),
        float(slope_share[slope_at]),
        float(x[slope_at]),
    )


def _shares(error: Array, bound: Array) -> Array:
    """How much of its bound each error is; 0 where the bound is infinite, ∞ for NaN."""
    shares = np.where(error == 0, 0.0, np.where(np.isinf(bound), 0.0, error / bound))
    return np.nan_to_num(shares, nan=np.inf, posinf=np.inf)


def measure(frameworks: Sequence[str] = FRAMEWORKS, names: Sequence[str] = (*NAMES, *PARAMETERISED)) -> Iterator[Worst]:
    """Every activation in every framework that has it."""
    at = {dtype: points(dtype) for dtype in PRECISIONS}
    answers = {framework: _ask(framework, names, at) for framework in frameworks}
    for name in names:
        for dtype in PRECISIONS:
            exact = None
            for framework in frameworks:
                y = answers[framework].get(f"{name}/{dtype}/value")
                if y is not None:
                    exact = exact or truth(named(name), at[dtype])
                    slopes = answers[framework].get(f"{name}/{dtype}/slope")
                    yield judged(framework, name, dtype, at[dtype], exact, y, slopes)


def _ask(framework: str, names: Sequence[str], at: dict[str, Array]) -> dict[str, Array]:
    with temporary_folder("conformance-activations-") as folder:
        np.savez(folder / "points.npz", **at)  # type: ignore[arg-type]
        (folder / "names.json").write_text(json.dumps(list(names)))
        command = [sys.executable, "-m", "conformance.truth.activation_worker", framework, str(folder)]
        done = run_kept(command, stdout=PIPE, stderr=PIPE, text=True, env=subprocess_environment())
        if done.returncode != 0:
            print(f"{framework}: {[*done.stderr.strip().splitlines(), ''][-2:]}", file=sys.stderr)
            return {}
        print(f"{framework}: {done.stdout.strip()}", file=sys.stderr)
        with np.load(folder / "answers.npz", allow_pickle=False) as stored:
            return dict(stored)


def main(arguments: Sequence[str]) -> int:
    """Prints the table; 1 where some bound does not hold, or one that is known not to hold does."""
    table = Table(title="activations: greatest share of the bound, ulps needed, share of the derivative's bound")
    columns = ("activation", "precision", "framework", "share", "at x", "ulps", "stated", "slope", "at x", "")
    for column in columns:
        table.add_column(column, no_wrap=True)
    unexpected = 0
    for w in measure(arguments or FRAMEWORKS):
        unexpected += w.exceeds != w.is_known_wrong
        verdict = "wrong" if w.is_known_wrong else "BEYOND" if w.exceeds else ""
        verdict = "NO LONGER WRONG" if w.is_known_wrong and not w.exceeds else verdict
        numbers = (f"{w.share:.3g}", f"{w.x:.9g}", f"{w.ulps:.3g}", f"{named(w.activation).ulps:g}")
        slope = (f"{w.slope_share:.3g}", f"{w.slope_x:.9g}")
        table.add_row(w.activation, w.precision, w.framework, *numbers, *slope, verdict)
    Console(width=170).print(table)
    return int(unexpected > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
