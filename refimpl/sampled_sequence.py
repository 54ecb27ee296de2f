"""A cell unrolled over time on arrays that carry samples of their errors, cheaply: all steps at once.

The values before each step are known from the run. So the cell's own step, and its own adjoint, find for all steps at
once what each adds to the errors, and `tracing` what each makes of the errors before it. That is exact to first order.
Where errors are so large that an activation bends, `TooFarOff` is raised; then `sequence` goes step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import sequence
from .arrays import Array
from .linear import Factors, affine
from .noise import BACKWARD
from .parameters import Cell, Gates, Kept, Parameters, State, StepCotangents
from .precision import Precision
from .propagation import Propagation
from .sampled import Sampled
from .sampled_activations import PROBED, STRAIGHT
from .sequence import Gradients, Run, Traversal
from .tracing import Program, Traced

_LOST = 0.1  # of a slope, that is an error: a product of several such slopes is larger than to first order
_STRAIGHT_ACTIVATIONS = frozenset({"tanh", "sigmoid", "linear", None})


class TooFarOff(Exception):
    """Errors are no longer linear in those before them."""


def may_be_at_once(run: Any, precision: Precision) -> bool:
    """Whether to try: there are rows and steps, roundings are small, and no slope of any cell jumps."""
    small = precision.unit_roundoff < STRAIGHT / 8 and precision.cut < STRAIGHT
    return small and run.x.size > 0 and all(_is_straight(each.cell) for each in cells_runs(run))


def _is_straight(cell: Cell) -> bool:
    names = ("activation", "recurrent_activation", "output_activation")
    return {getattr(cell, name, None) for name in names} <= _STRAIGHT_ACTIVATIONS and not getattr(cell, "clip", None)


@dataclass(frozen=True)
class SampledRun(Run):
    """A run of which the values were known."""

    known: Any = None


def unroll(
    known: Run,
    cell: Cell,
    params: Parameters,
    x: Any,
    initial_state: State,
    traversal: Traversal,
    dropout: dict[str, Factors],
    keep: bool = True,
) -> SampledRun:
    """As `sequence.unroll`, of a run with at least one step whose values are known."""
    noise, mask = x.noise, traversal.mask
    projected: Any = affine(x.swapaxes(0, 1), params["kernel"], params.get("bias"), dropout.get("input"))
    values = [part.swapaxes(0, 1).astype(np.float64) for part in known.before]
    exact = tuple(Sampled(noise, value) for value in values)
    program = Program(values)
    noise.begin(0)
    after, gates = cell.step(params, dropout.get("recurrent"))(projected, exact)
    linear, linear_gates = cell.step(*_values(params, dropout.get("recurrent")))(projected.value, program.state)
    own = [_errors(part) for part in after]
    new = {id(part): k for k, part in enumerate(after)}  # some gates are the state after the step
    if mask is not None:
        keeps = mask.T[:, :, None]
        after, linear = _chosen(keeps, after, exact), _chosen(keeps, linear, program.state)
        own = [_errors(part) for part in after]
    propagation = Propagation(
        program, [_errors(part) for part in initial_state], linear, own, backwards=traversal.reverse
    )
    if not propagation.reach(PROBED) * noise.unit <= STRAIGHT:
        raise TooFarOff
    before, states = (
        tuple(Sampled(noise, value, delta.swapaxes(0, 1)) for value, delta in zip(of_all, deltas, strict=True))
        for of_all, deltas in ((values, propagation.before), ([p.value for p in after], propagation.after))
    )
    outputs: Any = states[0]
    if mask is not None and traversal.masked_output != "state":
        given = mask.T if traversal.masked_output == "zeros" else _since_the_first(traversal, mask.T)
        outputs = np.where(given[:, :, None], outputs, np.zeros(outputs.shape))
    last = 0 if traversal.reverse else -1
    found = {
        name: states[new[id(gate)]] if mask is None and id(gate) in new else _whole(gate, its, propagation)
        for name, gate, its in zip(cell.gate_names, gates, linear_gates, strict=True)
    }
    return SampledRun(
        cell,
        params,
        x,
        initial_state,
        traversal,
        outputs=outputs[traversal.shown].swapaxes(0, 1),
        state=tuple(
            Sampled(noise, part.value[last], delta) for part, delta in zip(states, propagation.final, strict=True)
        ),
        gates=Gates({name: gate.swapaxes(0, 1) for name, gate in found.items()}),
        before=tuple(part.swapaxes(0, 1) for part in before),
        dropout=dropout,
        known=known,
    )


def unroll_adjoint(run: SampledRun, d_outputs: Any, d_state: State) -> Gradients:
    """As `sequence.unroll_adjoint`."""
    cell, traversal, noise, time = run.cell, run.traversal, d_outputs.noise, run.x.shape[1]
    kept, states = (tuple(each.swapaxes(0, 1) for each in of_all) for of_all in (run.gates.values(), run.before))
    shown = _output_cotangents(traversal, d_outputs, time)
    seen: list[State] = [()] * time
    sequence.unroll_adjoint(run.known, d_outputs.value, tuple(d.value for d in d_state), seen)
    values = [np.stack(parts).astype(np.float64) for parts in zip(*seen, strict=True)]
    values[0] = values[0] + shown.value
    exact = tuple(Sampled(noise, value) for value in values)
    program = Program(values)
    slopes = cell.slopes(kept, states)
    noise.lost_slopes |= any(map(_is_lost, slopes))
    noise.begin(BACKWARD)
    adjoints = (
        cell.adjoint(run.params, run.dropout.get("recurrent")),
        cell.adjoint(*_values(run.params, run.dropout.get("recurrent"))),
    )
    keeps = None if traversal.mask is None else traversal.mask.T[:, :, None]
    cotangents, through = _step(adjoints[0], slopes, exact, keeps)
    linear_cotangents, linear = _step(adjoints[1], tuple(_value(each) for each in slopes), program.state, keeps)
    following = _following(shown, traversal.reverse)
    after = through[0] + following, *through[1:]
    first = 0 if traversal.reverse else -1
    initial = d_state[0] + shown[first], *d_state[1:]
    propagation = Propagation(
        program,
        [_errors(part) for part in initial],
        linear,
        [_errors(part) for part in after],
        backwards=not traversal.reverse,
    )
    if not propagation.reach(PROBED) < np.inf:
        raise TooFarOff
    last = -1 if traversal.reverse else 0
    whole = StepCotangents(
        *(
            None if its is None else _whole(its, of, propagation)
            for its, of in zip(cotangents, linear_cotangents, strict=True)
        )
    )
    if cotangents.recurrent is cotangents.projected:
        whole = whole._replace(recurrent=whole.projected)
    d_x, d_params = sequence.sums(run, slice(None), kept, states, whole)
    return Gradients(
        d_params,
        d_x.swapaxes(0, 1),
        tuple(Sampled(noise, part.value[last], delta) for part, delta in zip(after, propagation.final, strict=True)),
    )


def _is_lost(slope: Any) -> bool:
    """Whether some of it is hardly known, by a few samples: as that of a saturated unit."""
    if not isinstance(slope, Sampled) or slope.delta is None:
        return False
    most = (_LOST / slope.noise.unit) * np.abs(slope.narrow())
    return bool((np.abs(slope.delta[:PROBED]) > most).any())


def _step(adjoint: Any, slopes: Kept, d_state: State, keeps: Array | None) -> tuple[StepCotangents, State]:
    """The adjoint of all steps; what is masked passes by."""
    if keeps is None:
        found: tuple[StepCotangents, State] = adjoint(slopes, d_state)
        return found
    d_after = tuple(np.where(keeps, d, np.zeros(d.shape)) for d in d_state)
    cotangents, through = adjoint(slopes, d_after)
    return cotangents, _chosen(keeps, through, d_state)


def _chosen(keeps: Array, yes: Sequence[Any], no: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(np.where(keeps, one, other) for one, other in zip(yes, no, strict=True))


def _output_cotangents(traversal: Traversal, d_outputs: Any, time: int) -> Any:
    """``(time, batch, output)``: the cotangent of the hidden state after each step that comes from outputs."""
    d = d_outputs.swapaxes(0, 1)
    if not traversal.return_sequences:
        last = np.zeros((time, 1, 1), bool)
        last[traversal.shown] = True
        d = np.where(last, d, np.zeros((time, *d.shape[1:])))
    else:
        d = d[traversal.shown]
    mask, masked_output = traversal.mask, traversal.masked_output
    if mask is None or masked_output == "state":
        return d
    keeps = mask.T[:, :, None]
    if masked_output == "repeat":
        repeated, each = None, {}
        for t in reversed(traversal.order(range(time))):
            each[t] = d[t] if repeated is None else d[t] + repeated
            repeated = np.where(keeps[t], np.zeros(each[t].shape), each[t])
        d = np.stack([each[t] for t in range(time)], axis=0)
    return np.where(keeps, d, np.zeros(d.shape))


def _following(shown: Any, reverse: bool) -> Any:
    """What comes from the outputs of the step whose adjoint is the next; of the last, nothing."""
    nothing = np.zeros((1, *shown.shape[1:]))
    parts = [shown[1:], nothing] if reverse else [nothing, shown[:-1]]
    return np.concatenate(parts, axis=0) if shown.shape[0] > 1 else shown * 0


def _since_the_first(traversal: Traversal, mask: Array) -> Array:
    """``(time, batch)``: whether a step was not masked, or one processed before it."""
    order = slice(None, None, -1) if traversal.reverse else slice(None)
    found: Array = np.logical_or.accumulate(mask[order], axis=0)[order]
    return found


def _whole(part: Any, linear: Any, propagation: Propagation) -> Any:
    """An array with all its errors: what the steps add, and what is linear."""
    if not isinstance(linear, Traced) or not linear.terms:
        return part
    own = part.settled() if part.terms > 1 else part.delta
    errors = propagation.errors(linear.terms, part.shape)
    if own is not None:
        errors = np.add(errors, own, out=np.empty(own.shape, own.dtype))  # samples first, also in memory
    return Sampled(part.noise, part.value, errors, part.pending, part.terms)


def _errors(part: Any) -> Array:
    """All the errors of an array; zeros where there are none."""
    errors = part.settled()
    return np.zeros((part.noise.samples, *part.shape), part.noise.real) if errors is None else errors


def _values(params: Parameters, factors: Factors) -> tuple[Parameters, Factors]:
    return {name: _value(value) for name, value in params.items()}, factors and tuple(_value(each) for each in factors)


def _value(array: Any) -> Any:
    return array.value if isinstance(array, Sampled) else array


def part_of(run: Run, rows: slice) -> Run:
    """The same run of some rows of the batch."""
    if rows == slice(0, len(run.x)):
        return run
    mask = run.traversal.mask
    return replace(
        run,
        x=run.x[rows],
        initial_state=tuple(part[rows] for part in run.initial_state),
        traversal=replace(run.traversal, mask=None if mask is None else mask[rows]),
        outputs=run.outputs[rows],
        state=tuple(part[rows] for part in run.state),
        gates=Gates({name: gate[rows] for name, gate in run.gates.items()}),
        before=tuple(part[rows] for part in run.before),
        dropout={name: f and tuple(each[rows] for each in f) for name, f in run.dropout.items()},
    )


def cells_runs(run: Any) -> Sequence[Run]:
    """The runs of all cells, as a stack goes through them."""
    return [one for directions in run.runs for one in directions] if hasattr(run, "runs") else [run]
