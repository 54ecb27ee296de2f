"""A cell unrolled over time, and back-propagation through time.

The cell knows one step; direction, mask, lengths, dropout and the initial state are properties of the sequence
and live here. `unroll` and `unroll_adjoint` are the whole algorithm; `running` checks what goes in.

What makes it fast: only what depends on the step before is done step by step. The steps are gone through in *pieces* of
as many as fit in a processor's cache, and a piece is one product of all its inputs with the kernel, one evaluation of
all slopes that the adjoint needs, and one product for each parameter's gradient. Time comes first in memory, so that a
step is one block. Each number is kept once (`trace`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from .arrays import Array
from .linear import Factors, affine, affine_adjoint, bias_gradient, kernel_gradient
from .parameters import Cell, Gates, Kept, Parameters, State, StepCotangents
from .trace import Trace, blank, carrier, pieces, stacked

MASKED_OUTPUTS = ("repeat", "zeros", "state")
OUTPUT_ORDERS = ("original", "processing")

T = TypeVar("T")


@dataclass(frozen=True)
class Traversal:
    """How a cell goes over a sequence; each field as in `running.forward`."""

    mask: Array | None = None
    masked_output: str = "repeat"
    reverse: bool = False
    output_order: str = "original"
    return_sequences: bool = True

    def order(self, steps: Sequence[T]) -> Sequence[T]:
        """The steps, or pieces of them, in the order in which they are processed."""
        return steps[::-1] if self.reverse else steps

    @property
    def shown(self) -> slice:
        """Which steps' outputs are returned, and in which order."""
        flipped = self.reverse and self.output_order == "processing"
        if not self.return_sequences:
            return slice(0, 1) if self.reverse else slice(-1, None)
        return slice(None, None, -1) if flipped else slice(None)


@dataclass(frozen=True)
class Run:
    """What `forward` computed, and from what.

    outputs   ``(batch, time, output)`` in the order that was asked for, or ``(batch, 1, output)``, the last alone
    state     the final state, a tuple of ``(batch, size)`` in the order of ``cell.state_names``
    gates     each intermediate by name, ``(batch, time, hidden)``, at its own step; empty where nothing was to be kept
    before    the state before each step, a tuple of ``(batch, time, size)``; empty likewise
    dropout   the factors by name, ``input`` and ``recurrent``; see `linear`
    """

    cell: Cell
    params: Parameters
    x: Array
    initial_state: State
    traversal: Traversal
    outputs: Array
    state: State
    gates: Gates
    before: State
    dropout: dict[str, Factors] = field(default_factory=dict)


@dataclass(frozen=True)
class Gradients:
    """What `backward` computed: the gradients of ``sum(d_outputs * outputs) + sum(d_state * state)``.

    params          parameter name to gradient, in the parameter's shape
    x               ``(batch, time, input)``
    initial_state   a tuple of ``(batch, size)``
    """

    params: Parameters
    x: Array
    initial_state: State


def unroll(
    cell: Cell,
    params: Parameters,
    x: Array,
    initial_state: State,
    traversal: Traversal,
    dropout: dict[str, Factors],
    keep: bool = True,
) -> Run:
    """The cell over all steps of ``x``, arguments already checked; also for arrays that carry their own arithmetic."""
    batch, time, _ = x.shape
    inputs, of_input = x.swapaxes(0, 1), dropout.get("input")
    step = cell.step(params, dropout.get("recurrent"))
    state, output = _between_steps(initial_state), np.zeros((batch, cell.output_size), x.dtype)
    masked, wanted = traversal.mask is not None, traversal.return_sequences
    trace = Trace(cell, x, state, reverse=traversal.reverse, masked=masked, keep=keep, outputs=wanted)
    for piece in traversal.order(pieces(cell, x)):
        projected = affine(inputs[piece], params["kernel"], params.get("bias"), of_input)
        for t, of_x in traversal.order(list(zip(range(time)[piece], projected, strict=True))):
            after, gates = step(of_x, state)
            if traversal.mask is None:
                state = _between_steps(after)
                output = state[0]
            else:
                keeps = traversal.mask[:, t, None]
                state, output = _masked(traversal.masked_output, keeps, after, state, output)
            trace.add(t, state, output, gates)
    return Run(
        cell,
        params,
        x,
        initial_state,
        traversal,
        outputs=trace.outputs[:, traversal.shown] if wanted else stacked([output], x, cell.output_size).swapaxes(0, 1),
        state=state,
        gates=trace.gates,
        before=trace.before,
        dropout=dropout,
    )


def _masked(masked_output: str, keep: Array, after: State, state: State, output: Array) -> tuple[State, Array]:
    """The state after a step and its output; where it is masked, those before it, or zeros as the output."""
    state = _between_steps(tuple(np.where(keep, new, old) for new, old in zip(after, state, strict=True)))
    masked = {"repeat": output, "zeros": np.zeros(output.shape, output.dtype), "state": state[0]}
    return state, np.where(keep, state[0], masked[masked_output])


def unroll_adjoint(run: Run, d_outputs: Array, d_state: State, seen: list[State] | None = None) -> Gradients:
    """The gradients of a run, arguments already checked; also for arrays that carry their own arithmetic.

    seen   takes the cotangent of the state after each step, without that of its output
    """
    cell, traversal, time = run.cell, run.traversal, run.x.shape[1]
    adjoint = cell.adjoint(run.params, run.dropout.get("recurrent"))
    gates, before = (tuple(each.swapaxes(0, 1) for each in kept) for kept in (run.gates.values(), run.before))
    d_shown = dict(zip(range(time)[traversal.shown], range(time), strict=False))
    repeated = np.zeros(run.before[0].shape[::2], run.x.dtype)  # what masked steps pass on of this output's cotangent
    d_x = blank(carrier(run.x, *d_state), time, run.x.shape[-1])
    d_params: Parameters = {}
    for piece in reversed(traversal.order(pieces(cell, run.x))):
        kept, states = (tuple(each[piece] for each in of_all) for of_all in (gates, before))
        steps = zip(range(time)[piece], zip(*cell.slopes(kept, states), strict=True), states[0], strict=True)
        cotangents = []
        for t, its_slopes, its_state in reversed(traversal.order(list(steps))):
            d_state = _between_steps(d_state, its_state)
            if seen is not None:
                seen[t] = d_state
            d_output = d_outputs[:, d_shown[t]] if t in d_shown else None
            if traversal.mask is None:
                d_after = d_state if d_output is None else (d_state[0] + d_output, *d_state[1:])
                found, d_state = adjoint(its_slopes, d_after)
            else:
                d_output = repeated if d_output is None else d_output + repeated
                d_after, d_held, repeated = _masked_adjoint(
                    traversal.masked_output, traversal.mask[:, t, None], d_state, d_output
                )
                found, through = adjoint(its_slopes, d_after)
                d_state = tuple(part + held for part, held in zip(through, d_held, strict=True))
            cotangents.append(found)
        d_x[piece], more = sums(run, piece, kept, states, _together(run, traversal.order(cotangents[::-1])))
        for name, d in more.items():
            d_params[name] = d if name not in d_params else np.add(d_params[name], d, out=d_params[name])
    return Gradients(d_params, stacked(d_x, run.x, run.x.shape[-1]).swapaxes(0, 1), _between_steps(d_state))


def _masked_adjoint(masked_output: str, keep: Array, d_state: State, d_output: Array) -> tuple[State, State, Array]:
    """The cotangents that reach a step, that masked rows hold back, and that they pass on to the output before."""
    zeros = tuple(np.zeros(part.shape, part.dtype) for part in d_state)
    d_after = tuple(np.where(keep, d, zero) for d, zero in zip(d_state, zeros, strict=True))
    d_after = (d_after[0] + np.where(keep, d_output, zeros[0]), *d_after[1:])
    d_held = tuple(np.where(keep, zero, d) for d, zero in zip(d_state, zeros, strict=True))
    passed_on = np.where(keep, zeros[0], d_output)
    if masked_output == "state":
        d_held = (d_held[0] + passed_on, *d_held[1:])
    return d_after, d_held, passed_on if masked_output == "repeat" else zeros[0]


def _together(run: Run, cotangents: Sequence[StepCotangents]) -> StepCotangents:
    """Those of several steps, ``(time, batch, features)``."""
    cell, columns = run.cell, run.params["kernel"].shape[1]
    d_xw = d_hu = stacked([each.projected for each in cotangents], run.x, columns)
    if cotangents and cotangents[0].recurrent is not cotangents[0].projected:
        d_hu = stacked([each.recurrent for each in cotangents], run.x, columns)
    d_output = None
    if "projection_kernel" in run.params:
        d_output = stacked([each.output for each in cotangents], run.x, cell.output_size)
    return StepCotangents(d_xw, d_hu, d_output)


def sums(run: Run, piece: slice, kept: Kept, states: State, cotangents: StepCotangents) -> tuple[Array, Parameters]:
    """The cotangent of a piece's input, and what the piece adds to the parameters' gradients."""
    cell, x, (d_xw, d_hu, _) = run.cell, run.x.swapaxes(0, 1)[piece], cotangents
    of_input, of_recurrent = run.dropout.get("input"), run.dropout.get("recurrent")
    found = {"kernel": kernel_gradient(x, d_xw, of_input)}
    found |= cell.gradients(kept, states, cotangents, of_recurrent)
    if cell.use_bias:
        found["bias"] = bias_gradient(d_xw)
    if cell.use_recurrent_bias:
        found["recurrent_bias"] = bias_gradient(d_hu)
    return affine_adjoint(d_xw, run.params["kernel"], of_input), {name: found[name] for name in run.params}


def _between_steps(state: State, beside: Array | None = None) -> State:
    """The state, or its cotangent; arrays that carry their own error make it one of the step to come (`symbols`)."""
    first = state[0]
    return first.renewed(state[1:], beside) if hasattr(first, "renewed") else state
