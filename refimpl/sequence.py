"""A cell unrolled over time, and back-propagation through time.

The cell knows one step; direction, mask, lengths, dropout and the initial state are properties of the sequence
and live here. `unroll` and `unroll_adjoint` are the whole algorithm; `running` checks what goes in.

All steps' inputs go through the kernel in one product before the recurrence, and each parameter's gradient
is one product over all steps after it; only what depends on the previous step is done step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .activations import Array
from .linear import Factors, affine, affine_adjoint, bias_gradient, kernel_gradient, over_time
from .parameters import ARGUMENTS, Cell, Gates, Parameters, State, StepCotangents

MASKED_OUTPUTS = ("repeat", "zeros", "state")
OUTPUT_ORDERS = ("original", "processing")


@dataclass(frozen=True)
class Traversal:
    """How a cell goes over a sequence; each field as in `running.forward`."""

    mask: Array | None = None
    masked_output: str = "repeat"
    reverse: bool = False
    output_order: str = "original"
    return_sequences: bool = True

    def order(self, time: int) -> Sequence[int]:
        """The steps in the order in which they are processed."""
        return range(time)[::-1] if self.reverse else range(time)

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
    gates     each intermediate by name, ``(batch, time, hidden)``, at its own step
    before    the state before each step, a tuple of ``(batch, time, size)``
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
    cell: Cell, params: Parameters, x: Array, initial_state: State, traversal: Traversal, dropout: dict[str, Factors]
) -> Run:
    """The cell over all steps of ``x``, arguments already checked; also for arrays that carry their own arithmetic."""
    batch, time, _ = x.shape
    zeros = np.zeros((batch, cell.output_size), x.dtype)
    projected = affine(x, params["kernel"], params.get("bias"), over_time(dropout.get("input")))
    state, output = _between_steps(initial_state), zeros
    outputs, gates, before = (_one_a_step(time) for _ in range(3))
    for t in traversal.order(time):
        before[t] = state
        after, gates[t] = cell.step(params, projected[:, t], state, dropout.get("recurrent"))
        if traversal.mask is None:
            state = _between_steps(after)
            output = state[0]
        else:
            keep = traversal.mask[:, t, None]
            state = _between_steps(tuple(np.where(keep, new, old) for new, old in zip(after, state, strict=True)))
            masked = {"repeat": output, "zeros": zeros, "state": state[0]}[traversal.masked_output]
            output = np.where(keep, state[0], masked)
        outputs[t] = output
    hidden, arguments = (np.zeros((batch, k * cell.hidden_size), x.dtype) for k in (1, len(cell.gate_order)))
    like = {name: arguments if name == ARGUMENTS else hidden for name in cell.gate_names}
    return Run(
        cell,
        params,
        x,
        initial_state,
        traversal,
        outputs=_stack(outputs, zeros)[:, traversal.shown],
        state=state,
        gates=Gates({name: _stack([g[name] for g in gates], each) for name, each in like.items()}),
        before=tuple(_stack([s[k] for s in before], part) for k, part in enumerate(initial_state)),
        dropout=dropout,
    )


def unroll_adjoint(run: Run, d_outputs: Array, d_state: State) -> Gradients:
    """The gradients of a run, arguments already checked; also for arrays that carry their own arithmetic."""
    cell, traversal, (batch, time, _) = run.cell, run.traversal, run.x.shape
    zeros = tuple(np.zeros((batch, size), run.x.dtype) for size in cell.state_sizes)
    repeated = zeros[0]  # the cotangent of this output that masked steps, repeating it, pass on
    d_shown = dict(zip(range(time)[traversal.shown], range(time), strict=False))
    cotangents: list[Any] = _one_a_step(time)
    for t in reversed(traversal.order(time)):
        before = tuple(part[:, t] for part in run.before)
        d_state = _between_steps(d_state, before[0])
        d_output = d_outputs[:, d_shown[t]] + repeated if t in d_shown else repeated
        if traversal.mask is None:
            d_after, d_held = (d_state[0] + d_output, *d_state[1:]), None
        else:
            keep = traversal.mask[:, t, None]
            d_after = tuple(np.where(keep, d, zero) for d, zero in zip(d_state, zeros, strict=True))
            d_after = (d_after[0] + np.where(keep, d_output, zeros[0]), *d_after[1:])
            d_held = tuple(np.where(keep, zero, d) for d, zero in zip(d_state, zeros, strict=True))
            if traversal.masked_output == "repeat":
                repeated = np.where(keep, zeros[0], d_output)
            elif traversal.masked_output == "state":
                d_held = (d_held[0] + np.where(keep, zeros[0], d_output), *d_held[1:])
        cotangents[t], d_state = cell.adjoint(
            run.params,
            Gates({name: gate[:, t] for name, gate in run.gates.items()}),
            before,
            d_after,
            run.dropout.get("recurrent"),
        )
        if d_held is not None:
            d_state = tuple(through + held for through, held in zip(d_state, d_held, strict=True))
    return _accumulated(run, cotangents, _between_steps(d_state))


def _accumulated(run: Run, cotangents: list[StepCotangents], d_initial_state: State) -> Gradients:
    """From each step's cotangents, the gradients that sum over all steps."""
    cell, batch = run.cell, run.x.shape[0]
    columns = np.zeros((batch, run.params["kernel"].shape[1]), run.x.dtype)
    d_xw = d_hu = _stack([each.projected for each in cotangents], columns)
    if any(each.recurrent is not each.projected for each in cotangents):
        d_hu = _stack([each.recurrent for each in cotangents], columns)
    d_output = None
    if "projection_kernel" in run.params:
        zeros = np.zeros((batch, cell.output_size), run.x.dtype)
        d_output = _stack([each.output for each in cotangents], zeros)
    of_input, of_recurrent = over_time(run.dropout.get("input")), over_time(run.dropout.get("recurrent"))
    found = {"kernel": kernel_gradient(run.x, d_xw, of_input)}
    found |= cell.gradients(run.gates, run.before, StepCotangents(d_xw, d_hu, d_output), of_recurrent)
    if cell.use_bias:
        found["bias"] = bias_gradient(d_xw)
    if cell.use_recurrent_bias:
        found["recurrent_bias"] = bias_gradient(d_hu)
    params = {name: found[name] for name in run.params}
    return Gradients(params, affine_adjoint(d_xw, run.params["kernel"], of_input), d_initial_state)


def _between_steps(state: State, beside: Array | None = None) -> State:
    """The state, or its cotangent; arrays that carry their own error make it one of the step to come (`symbols`)."""
    first = state[0]
    return first.renewed(state[1:], beside) if hasattr(first, "renewed") else state


def _one_a_step(time: int) -> list[Any]:
    return [None] * time


def _stack(steps: list[Any], like: Array) -> Array:
    """``(batch, time, features)`` from one ``(batch, features)`` a step; ``like`` one that has none.

    In memory time comes first, so that a step is one piece and nothing is copied on the way to the next product.
    """
    stacked = np.stack(steps, axis=0) if steps else np.stack([like], axis=0)[:0]
    return stacked.swapaxes(0, 1)
