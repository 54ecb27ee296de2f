"""A cell unrolled over time, and back-propagation through time.

The cell knows one step; direction, mask, lengths and the initial state are properties of the sequence
and live here. `unroll` and `unroll_adjoint` are the whole algorithm; `forward` and `backward` put checked
arguments in and named results out.

All steps' inputs go through the kernel in one product before the recurrence, and each parameter's gradient
is one product over all steps after it; only what depends on the previous step is done step by step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks
from .activations import Array
from .errors import InvalidArgument
from .linear import affine, bias_gradient, kernel_gradient
from .parameters import Cell, Gates, Parameters, State

MASKED_OUTPUTS = ("repeat", "zeros")


@dataclass(frozen=True)
class Run:
    """What `forward` computed, and from what.

    outputs   ``(batch, time, hidden)``, in the order of the input's steps, in either direction
    state     the final state, a tuple of ``(batch, hidden)`` in the order of ``cell.state_names``
    gates     each intermediate by name, ``(batch, time, hidden)``
    before    the state before each step, a tuple of ``(batch, time, hidden)``
    """

    cell: Cell
    params: Parameters
    x: Array
    initial_state: State
    mask: Array | None
    masked_output: str
    reverse: bool
    outputs: Array
    state: State
    gates: Gates
    before: State


@dataclass(frozen=True)
class Gradients:
    """What `backward` computed: the gradients of ``sum(d_outputs * outputs) + sum(d_state * state)``.

    params          parameter name to gradient, in the parameter's shape
    x               ``(batch, time, input)``
    initial_state   a tuple of ``(batch, hidden)``
    """

    params: Parameters
    x: Array
    initial_state: State


def forward(
    cell: Cell,
    params: Mapping[str, Any],
    x: Any,
    initial_state: Sequence[Any] | None = None,
    mask: Any = None,
    lengths: Any = None,
    reverse: bool = False,
    *,
    masked_output: str = "repeat",
    check_finite: bool = True,
) -> Run:
    """Runs the cell over ``x`` and keeps what the adjoint needs.

    cell            `SimpleRNN`, `LSTM` or `GRU`
    params          the cell's parameters by name, in ``cell.parameter_shapes``
    x               ``(batch, time, input)``; float64 in, float64 out; float32 likewise; object arrays of
                    numbers with their own arithmetic (balls) go through the same equations
    initial_state   a tuple of ``(batch, hidden)``, in the order of ``cell.state_names``; None: zeros
    mask            ``(batch, time)`` bool; where False, the step leaves the state alone
    lengths         ``(batch,)`` integers from 0 to time: a mask of each row's first steps whose masked
                    outputs are zeros, as in PyTorch's PackedSequence and ONNX's sequence_lens
    reverse         process the last step first; outputs stay at their own step, as in ONNX and PyTorch
                    (Keras's ``go_backwards`` returns them flipped). With lengths, each row is
                    reversed within its length, since the steps past it leave the state alone
    masked_output   what a masked step outputs: "repeat" the output of the step processed before it, zeros
                    at first (Keras), or "zeros" (Keras's ``zero_output_for_mask``)
    check_finite    refuse NaN and infinity

    The run keeps the arrays that it was given: change none of them before `backward`. Empty batch works. Zero time
    steps give outputs of shape (batch, 0, hidden) and the initial state as final state. Raises `InvalidArgument`,
    before any arithmetic, for whatever does not fit.
    """
    if not hasattr(cell, "step"):
        raise InvalidArgument("cell", expected="SimpleRNN, LSTM or GRU", got=checks.described(cell))
    axes = {"batch": None, "time": None, "input": cell.input_size}
    x = checks.array("x", x, axes, check_finite=check_finite)
    batch, time, _ = x.shape
    ready = checks.parameters(cell, params, dtype=x.dtype, check_finite=check_finite)
    initial = checks.state("initial_state", initial_state, cell, batch, dtype=x.dtype, check_finite=check_finite)
    if not isinstance(masked_output, str) or masked_output not in MASKED_OUTPUTS:
        raise InvalidArgument("masked_output", expected="'repeat' or 'zeros'", got=checks.described(masked_output))
    if not isinstance(reverse, bool | np.bool_):
        raise InvalidArgument("reverse", expected="True or False", got=checks.described(reverse))
    if lengths is not None:
        masked_output = "zeros"
    ready_mask = checks.mask(mask, lengths, batch, time)
    if ready_mask is not None:  # whatever stands in a masked step, even NaN, must not reach anything
        x = np.where(ready_mask[:, :, None], x, np.zeros_like(x))
    return unroll(cell, ready, x, initial, ready_mask, masked_output, bool(reverse))


def backward(
    run: Run,
    d_outputs: Any = None,
    d_state: Sequence[Any] | None = None,
    *,
    check_finite: bool = True,
) -> Gradients:
    """Back-propagates cotangents of a run's outputs and final state to everything that went in.

    d_outputs   ``(batch, time, hidden)``; None: zeros
    d_state     a tuple of ``(batch, hidden)``, in the order of ``cell.state_names``; None, for the
                whole or for a part: zeros

    Raises `InvalidArgument`, before any arithmetic, for a shape or dtype other than the run's.
    """
    dtype = checked_run(run).x.dtype
    cotangents = checked_cotangents(run, d_outputs, d_state, dtype=dtype, check_finite=check_finite)
    return unroll_adjoint(run, *cotangents)


def checked_run(run: Any) -> Run:
    """``run``, if it is one."""
    if not isinstance(run, Run):
        raise InvalidArgument("run", expected="what forward returned", got=checks.described(run))
    return run


def checked_cotangents(
    run: Run, d_outputs: Any, d_state: Sequence[Any] | None, *, dtype: Any, check_finite: bool
) -> tuple[Array, State]:
    """The cotangents of a run, None filled with zeros; `InvalidArgument` for what does not fit it."""
    batch, time, hidden = checked_run(run).outputs.shape
    if d_outputs is None:
        d_outputs = np.zeros((batch, time, hidden), dtype)
    axes = {"batch": batch, "time": time, "hidden": hidden}
    return (
        checks.array("d_outputs", d_outputs, axes, dtype=dtype, check_finite=check_finite),
        checks.state("d_state", d_state, run.cell, batch, dtype=dtype, check_finite=check_finite),
    )


def unroll(
    cell: Cell,
    params: Parameters,
    x: Array,
    initial_state: State,
    mask: Array | None,
    masked_output: str,
    reverse: bool,
) -> Run:
    """`forward` after its checks; also for arrays that carry their own arithmetic."""
    batch, time, _ = x.shape
    projected = affine(x, params["kernel"], params.get("bias"))
    zeros = np.zeros((batch, cell.hidden_size), x.dtype)
    state, output = initial_state, zeros
    outputs, gates, before = (_one_a_step(time) for _ in range(3))
    for t in _order(time, reverse):
        before[t] = state
        after, gates[t] = cell.step(params, projected[:, t], state)
        keep = None if mask is None else mask[:, t, None]
        state = tuple(_where(keep, new, old) for new, old in zip(after, state, strict=True))
        output = _where(keep, after[0], output if masked_output == "repeat" else zeros)
        outputs[t] = output
    return Run(
        cell,
        params,
        x,
        initial_state,
        mask,
        masked_output,
        reverse,
        outputs=_stack(outputs, zeros),
        state=state,
        gates=Gates({name: _stack([g[name] for g in gates], zeros) for name in cell.gate_names}),
        before=tuple(_stack([s[k] for s in before], zeros) for k in range(len(state))),
    )


def unroll_adjoint(run: Run, d_outputs: Array, d_state: State) -> Gradients:
    """`backward` after its checks; also for arrays that carry their own arithmetic."""
    batch, time, _ = run.x.shape
    zeros = np.zeros((batch, run.cell.hidden_size), run.x.dtype)
    repeated = zeros  # the cotangent of this output that masked steps, repeating it, pass on
    d_projected, d_recurrent = _one_a_step(time), _one_a_step(time)
    for t in reversed(_order(time, run.reverse)):
        d_output = d_outputs[:, t] + repeated
        if run.mask is None:
            d_after, d_held = (d_state[0] + d_output, *d_state[1:]), None
        else:
            keep = run.mask[:, t, None]
            d_after = tuple(_where(keep, d, zeros) for d in d_state)
            d_after = (d_after[0] + _where(keep, d_output, zeros), *d_after[1:])
            d_held = tuple(_where(keep, zeros, d) for d in d_state)
            if run.masked_output == "repeat":
                repeated = _where(keep, zeros, d_output)
        d_projected[t], d_recurrent[t], d_state = run.cell.adjoint(
            run.params,
            Gates({name: gate[:, t] for name, gate in run.gates.items()}),
            tuple(part[:, t] for part in run.before),
            d_after,
        )
        if d_held is not None:
            d_state = tuple(through + held for through, held in zip(d_state, d_held, strict=True))
    return _accumulated(run, d_projected, d_recurrent, d_state)


def _accumulated(run: Run, d_projected: list[Array], d_recurrent: list[Array], d_initial_state: State) -> Gradients:
    """From each step's cotangents, the gradients that sum over all steps."""
    batch = run.x.shape[0]
    zeros = np.zeros((batch, run.params["kernel"].shape[1]), run.x.dtype)
    d_xw, d_hu = _stack(d_projected, zeros), _stack(d_recurrent, zeros)
    params = {
        "kernel": kernel_gradient(run.x, d_xw),
        "recurrent_kernel": run.cell.recurrent_kernel_gradient(run.gates, run.before[0], d_hu),
    }
    if run.cell.use_bias:
        params["bias"] = bias_gradient(d_xw)
    if run.cell.use_recurrent_bias:
        params["recurrent_bias"] = bias_gradient(d_hu)
    return Gradients(params, affine(d_xw, run.params["kernel"].T), d_initial_state)


def _order(time: int, reverse: bool) -> Sequence[int]:
    """The steps in the order in which they are processed."""
    return range(time)[::-1] if reverse else range(time)


def _one_a_step(time: int) -> list[Any]:
    return [None] * time


def _where(keep: Array | None, kept: Array, masked: Array) -> Array:
    return kept if keep is None else np.where(keep, kept, masked)


def _stack(steps: list[Any], like: Array) -> Array:
    """``(batch, time, features)`` from one ``(batch, features)`` a step; ``like`` one that has none."""
    return np.stack(steps, axis=1) if steps else np.stack([like], axis=1)[:, :0]
