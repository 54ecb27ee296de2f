"""How far faithful implementations do lie from the exact result: the spread of sampled evaluations.

A proven bound (`rounding`) holds for the worst case and soon says nothing. Beside it stands what rounding errors *do*:
the cell's own equations are run once more on `sampled.Sampled` arrays, whose operations err at random. The deviations
are those of a number from the exact result, not from the samples' mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from . import checks, sampled_sequence, sequence
from .arrays import Array
from .errors import InvalidArgument
from .leaning import leanings
from .noise import LEAST_EXPONENT, MOST_SAMPLES, Noise
from .parameters import Gates, Parameters, State
from .pooling import together
from .precision import Precision
from .running import AnyRun, checked_cotangents, checked_run, unroll, unroll_adjoint
from .sampled import Sampled
from .sampled_sequence import TooFarOff, cells_runs, may_be_at_once, part_of
from .sequence import Gradients
from .stack import named_cells

SAMPLES = 12
MOST = 10_000
"""Samples that may be asked for."""
COMES_APART = 0.5
"""Deviations of more than this share of the values: the samples come apart, and do not say how likely an error is.
It is so only where some gate's have come apart; else what is far off is so in proportion, as where a difference of
nearly equal numbers is small."""
COMES_APART_AT_KINKS = 2.0
"""The same where a slope may be either of two: then deviations are large and still in proportion."""
_UNITS, _LEAST = (
    4,
    100.0,
)  # few units say nothing of a scale; numbers below so many of the smallest are lost, not chaotic
_PIECE = 2**23
"""How many errors of all gates, steps and samples a piece of the batch has at most."""
_MANY, _STRIDE = 2**13, 3
"""Of kernels of so many numbers a gate, which are pooled, the gradients are made of every third sample."""


@dataclass(frozen=True)
class Spread:
    """Standard deviations of what faithful implementations return, in the shapes of `Run` and `Gradients`.

    outputs, state, gates   as in `sequence.Run`
    gradients               as in `sequence.Gradients`; None where no cotangents were given
    """

    outputs: Array
    state: tuple[Array, ...]
    gates: Gates
    gradients: Gradients | None


def spread(
    run: AnyRun,
    dtype: Any,
    d_outputs: Any = None,
    d_state: Sequence[Any] | None = None,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
) -> Spread:
    """Elementwise standard deviations of faithful implementations from the exact result, from sampled evaluations.

    run         what `forward` returned, in float64 or float32
    dtype       the implementation's arithmetic: a `Precision`, the name of one that is known, or a NumPy dtype
    d_outputs   cotangents, as in `backward`; None for both: no gradients
    d_state
    samples     how many evaluations; each number's variance is then pooled with those of its row and unit
    seed        of the random errors: the same seed gives the same spread

    Where a deviation is no longer small against the values (`COMES_APART`) it only says that the case is chaotic. 0 is
    a number that no operation rounds. Raises `InvalidArgument` for another dtype and what does not fit the run.
    """
    wanted = d_outputs is not None or d_state is not None
    found = moments(run, dtype, d_outputs, d_state, gradients=wanted, samples=samples, seed=seed)
    deviations = {name: each.deviation for name, each in found.items()}
    cell, names = run.cell, run.cell.state_names
    gradients = None
    if wanted:
        gradients = Gradients(
            {name: deviations[f"d_params.{name}"] for name in cell.parameter_shapes},
            deviations["d_x"],
            tuple(deviations[f"d_initial_state.{name}"] for name in names),
        )
    return Spread(
        deviations["outputs"],
        tuple(deviations[f"state.{name}"] for name in names),
        Gates({name: deviations[f"gates.{name}"] for name in run.gates}),
        gradients,
    )


@dataclass(frozen=True)
class Moments:
    """A quantity of a run: the values, and the deviations of faithful implementations.

    share    how large a deviation may be against the values before it is chaotic
    least    values below this are lost rather than chaotic
    coupled  whether the units of a row and step are
    either   whether something in the run, at a kink or a jump, may be either of two: all samples have the difference
    in_reach whether float64 has room for the squares of its errors
    lost     whether errors were carried to first order through a slope as small as its own error, as of a saturated
             unit: a product of several such slopes may be off by any number of these deviations
    many     ``(3, samples)``, what each sample's errors have in common (`leaning`); None where it was not asked for
    """

    value: Array
    deviation: Array
    share: float
    least: float
    coupled: bool
    either: bool
    in_reach: bool
    lost: bool
    many: Array | None = None

    @cached_property
    def chaotic(self) -> Array:
        """Where a deviation is large against the values of its row and step, or of all where units are few.

        What the samples say of other units that are coupled with it is then worth nothing either.
        """
        with np.errstate(over="ignore"):
            square = np.square(self.value)
        by_row = square.ndim > 1 and square.shape[-1] >= _UNITS
        mean = square.mean(axis=-1, keepdims=True) if by_row else square.sum() / max(1, square.size)
        chaotic = ~(self.deviation <= self.share * np.maximum(np.sqrt(mean), self.least))
        if by_row and self.coupled and chaotic.any():
            return np.broadcast_to(chaotic.any(axis=-1, keepdims=True), chaotic.shape)
        return chaotic

    @cached_property
    def unknown(self) -> Array:
        """Where the samples do not say how far off a faithful implementation may be."""
        return self.chaotic | ~np.isfinite(self.deviation) | (not self.in_reach)


def moments(
    run: AnyRun,
    dtype: Any,
    d_outputs: Any = None,
    d_state: Sequence[Any] | None = None,
    *,
    gradients: bool = True,
    samples: int = SAMPLES,
    seed: int = 0,
    first: int = 0,
    careful: bool = False,
    many: bool = False,
) -> dict[str, Moments]:
    """`spread` by the quantities' names (`named`), with the values; ``first`` numbers the samples, to have others;
    ``careful`` evaluations look at partial sums one by one; ``many`` asks for `Moments.many`."""
    precision = Precision.of(dtype)
    samples = checks.integer(2, MOST)("samples", samples)
    seed = checks.count("seed", seed)
    first = checks.count("first", first)
    if not checked_run(run).gates:
        raise InvalidArgument("run", expected="one that keeps what the adjoint needs", got="one of keep=False")
    outputs, state = checked_cotangents(run, d_outputs, d_state, dtype=None, check_finite=False)
    numbers = max(cell.hidden_size**2 for _, cell in named_cells(run.cell))
    stride = 1 if numbers < _MANY else min(_STRIDE, max(1, samples // 3))
    repeats = _repeats(run, outputs, state) if gradients else 1.0
    shared: dict[str, Any] = {"steps": run.x.shape[1], "stride": stride, "careful": careful, "repeats": repeats}
    values: dict[str, Array] = {}
    variances: dict[str, Array] = {}
    in_common: list[dict[str, Array]] = []
    at_kinks = at_jumps = apart = lost = False
    with np.errstate(all="ignore"):
        for begin in range(first, first + samples, MOST_SAMPLES):
            count = min(MOST_SAMPLES, first + samples - begin)
            noise = Noise(precision, count, (seed, begin), **shared)
            found = sampled_parts(run, noise, outputs, state, gradients)
            its: dict[str, Array] = {}
            for name, parts in found.items():
                values[name], its[name] = _joined(parts)
                variances[name] = variances.get(name, 0.0) + its[name] * (count / samples)
            if many:
                in_common.append(leanings(found, values, its))
            at_kinks, at_jumps = at_kinks or noise.at_kinks, at_jumps or noise.at_jumps
            apart, lost = apart or noise.apart, lost or noise.lost_slopes
    share = COMES_APART_AT_KINKS if at_kinks else COMES_APART if apart else np.inf
    return {
        name: Moments(
            values[name],
            deviation,
            share,
            _LEAST * noise.least,
            not name.startswith("d_params."),
            at_kinks or at_jumps,
            _in_reach(values[name], precision),
            lost,
            np.concatenate([each[name] for each in in_common], axis=1) if many else None,
        )
        for name, deviation in together(variances, samples, max(1, samples // stride), noise.unit).items()
    }


def _in_reach(value: Array, precision: Precision) -> bool:
    """Whether float64 can square the errors of these numbers: else the samples' variances are infinite, or no less than
    those of numbers which are far larger."""
    size = float(np.abs(value).max(initial=0.0))
    fine = 2.0**LEAST_EXPONENT / precision.unit_roundoff if precision.least < LEAST_EXPONENT else 0.0
    return size == 0 or fine < size < 2.0**-LEAST_EXPONENT


def named(run: Any, gradients: Gradients | None, state_names: Sequence[str]) -> dict[str, Array]:
    """A run and its gradients by the quantities' names: ``outputs``, ``state.h``, ``gates.i``, ``d_params.kernel``…"""
    found = {"outputs": run.outputs}
    found |= {f"state.{n}": part for n, part in zip(state_names, run.state, strict=True)}
    found |= {f"gates.{name}": gate for name, gate in run.gates.items()}
    if gradients is not None:
        found |= {f"d_params.{name}": d for name, d in gradients.params.items()}
        found["d_x"] = gradients.x
        found |= {f"d_initial_state.{n}": d for n, d in zip(state_names, gradients.initial_state, strict=True)}
    return found


def sampled_parts(run: AnyRun, noise: Noise, d_outputs: Array, d_state: State, gradients: bool) -> dict[str, list[Any]]:
    """Every quantity, in pieces of the batch; of parameters' gradients, which are sums over them, in one."""
    if not noise.careful and may_be_at_once(run, noise.precision):
        noise.carry_to_first_order(True)
        try:
            found = _in_pieces(run, noise, d_outputs, d_state, gradients)
        except TooFarOff:
            found = {}
        if found and all(noise.in_float32(getattr(part, "value", part)) for parts in found.values() for part in parts):
            return found
        noise.carry_to_first_order(False)
    return _in_pieces(run, noise, d_outputs, d_state, gradients)


def _in_pieces(run: AnyRun, noise: Noise, d_outputs: Array, d_state: State, gradients: bool) -> dict[str, list[Any]]:
    params = {name: Sampled.given(noise, value, noise.precision.weights) for name, value in run.params.items()}
    found: dict[str, list[Any]] = {}
    for rows in _pieces(run, noise.samples):
        noise.begin_piece(rows.start)
        part = _of_rows(run, noise, rows, params, d_outputs, d_state, gradients)
        for name, value in named(*part, run.cell.state_names).items():
            found.setdefault(name, []).append(value)
    return {name: [_total(parts)] if name.startswith("d_params.") else parts for name, parts in found.items()}


def _of_rows(
    run: AnyRun,
    noise: Noise,
    rows: slice,
    params: Parameters,
    d_outputs: Array,
    d_state: State,
    gradients: bool,
) -> tuple[AnyRun, Gradients | None]:
    """The run of some rows of the batch, and its gradients; all steps at once where errors are carried so."""
    at_once = noise.linear
    known = iter([part_of(each, rows) for each in cells_runs(run)] if at_once else ())
    again = unroll(
        run.cell,
        params,
        Sampled.given(noise, run.x[rows]),
        tuple(Sampled.given(noise, part[rows]) for part in run.initial_state),
        replace(run.traversal, mask=None if run.traversal.mask is None else run.traversal.mask[rows]),
        {
            name: factors and tuple(Sampled.given(noise, factor[rows]) for factor in factors)
            for name, factors in run.dropout.items()
        },
        of_cell=(lambda *given: sampled_sequence.unroll(next(known), *given)) if at_once else sequence.unroll,
    )
    if not gradients:
        return again, None
    cotangents = Sampled.given(noise, d_outputs[rows]), tuple(Sampled.given(noise, d[rows]) for d in d_state)
    adjoint = sampled_sequence.unroll_adjoint if at_once else sequence.unroll_adjoint
    return again, unroll_adjoint(again, *cotangents, of_cell=adjoint)


def _total(parts: list[Any]) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _repeats(run: AnyRun, d_outputs: Array, d_state: State) -> float:
    """How often, in the mean, a row of the batch occurs, times how often a step does: in all that goes in."""
    batch, time, size = run.x.shape
    if batch and time and size and len(set(run.x[:, 0, 0])) == batch and len(set(run.x[0, :, 0])) == time:
        return 1.0
    by_row = (run.x, d_outputs, *run.initial_state, *d_state)
    by_step = (run.x, d_outputs) if d_outputs.shape[1] == time else (run.x,)
    rows = len({tuple(each[k].tobytes() for each in by_row) for k in range(batch)})
    steps = len({tuple(each[:, k].tobytes() for each in by_step) for k in range(time)})
    return float(batch * time / max(1, rows * steps))


def _joined(parts: list[Any]) -> tuple[Array, Array]:
    """The values, and the variances."""
    pairs = [
        (part.value, part.variance()) if isinstance(part, Sampled) else (part, np.zeros(part.shape)) for part in parts
    ]
    if len(pairs) == 1:
        return pairs[0]
    return np.concatenate([value for value, _ in pairs]), np.concatenate([variance for _, variance in pairs])


def _pieces(run: AnyRun, samples: int) -> Iterator[slice]:
    batch, time, _ = run.x.shape
    columns = max(cell.hidden_size * len(cell.gate_order) for _, cell in named_cells(run.cell))
    rows = max(1, _PIECE // (samples * max(1, time) * columns))
    count = max(1, -(-batch // rows))
    rows = max(1, -(-batch // count))
    yield from (slice(k, min(k + rows, batch)) for k in range(0, max(1, batch), rows))
