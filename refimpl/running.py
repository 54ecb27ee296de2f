"""`forward` and `backward`: checked arguments in, named results out, for a cell and for a stack of layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import checks, sequence, stack
from .arrays import Array
from .errors import InvalidArgument
from .parameters import Cell, Parameters, State
from .sequence import MASKED_OUTPUTS, OUTPUT_ORDERS, Gradients, Run, Traversal
from .stack import Stack, StackRun

AnyRun = Run | StackRun


def forward(
    cell: Cell | Stack,
    params: Mapping[str, Any],
    x: Any,
    initial_state: Sequence[Any] | None = None,
    mask: Any = None,
    lengths: Any = None,
    reverse: bool = False,
    *,
    masked_output: str = "repeat",
    output_order: str = "original",
    return_sequences: bool = True,
    dropout: Mapping[str, Any] | None = None,
    keep: bool = True,
    check_finite: bool = True,
) -> AnyRun:
    """Runs the cell, or the layers, over ``x`` and keeps what the adjoint needs.

    cell              `SimpleRNN`, `LSTM`, `GRU`, or a `Stack` of layers of them
    params            the parameters by name, in ``cell.parameter_shapes``
    x                 ``(batch, time, input)``; float64 in, float64 out; float32 likewise; object arrays of
                      numbers with their own arithmetic (balls) go through the same equations
    initial_state     a tuple of ``(batch, size)``, in the order of ``cell.state_names``; None, for all or one: zeros
    mask              ``(batch, time)`` bool; where False, the step leaves the state alone
    lengths           ``(batch,)`` integers from 0 to time: a mask of each row's first steps whose masked
                      outputs are zeros, as in PyTorch's PackedSequence and ONNX's sequence_lens
    reverse           process the last step first. With lengths, each row is reversed within its length, since the steps
                      past it leave the state alone. A stack has its directions in its layers
    masked_output     what a masked step outputs: "repeat" the output of the step processed before it, zeros
                      at first (Keras), "zeros" (Keras's ``zero_output_for_mask``), or "state", the hidden state
                      that it leaves alone (Keras's loop on JAX, against its documentation)
    output_order      "original": each output at its own step (ONNX, PyTorch); "processing": the first to be processed
                      first, which matters where ``reverse`` (Keras's ``go_backwards``). Gates stay at their own step
    return_sequences  False: the only output is that of the step processed last, ``(batch, 1, output)``; where both
                      directions are merged, each direction's own last (Keras)
    dropout           name to factors, 0 or ``1/(1-p)``: ``input`` ``(batch, input)`` and ``recurrent``
                      ``(batch, output)``, the same at every step, or with a leading axis of one a gate, in
                      ``cell.gate_order``; in a stack with the prefixes of its parameters, and ``l1.between``
                      ``(batch, time, size)`` for what layer 1 gets of layer 0
    keep              False: nothing is kept but the outputs and the final state; `backward` refuses such a run
    check_finite      refuse NaN and infinity

    The run keeps the arrays that it was given, and its outputs are among what it needs: change none before `backward`.
    Empty batch works. Zero time steps give outputs of shape (batch, 0, output) and the initial state as final state.
    Raises `InvalidArgument`, before any arithmetic, for whatever does not fit.
    """
    if not isinstance(cell, Stack) and not stack.is_cell(cell):
        raise InvalidArgument("cell", expected="SimpleRNN, LSTM, GRU or a Stack of layers", got=checks.described(cell))
    check_finite = checks.flag("check_finite", check_finite)
    axes = {"batch": None, "time": None, "input": cell.input_size}
    x = checks.array("x", x, axes, check_finite=check_finite)
    batch, time, _ = x.shape
    ready = checks.parameters(cell, params, dtype=x.dtype, check_finite=check_finite)
    initial = checks.state("initial_state", initial_state, cell, batch, dtype=x.dtype, check_finite=check_finite)
    masked_output = checks.one_of("masked_output", masked_output, MASKED_OUTPUTS)
    output_order = checks.one_of("output_order", output_order, OUTPUT_ORDERS)
    reverse, keep = checks.flag("reverse", reverse), checks.flag("keep", keep)
    return_sequences = checks.flag("return_sequences", return_sequences)
    if isinstance(cell, Stack) and (reverse or output_order != "original"):
        expected = "False and 'original' for a stack, whose layers have their directions"
        raise InvalidArgument("reverse, output_order", expected=expected, got=f"{reverse}, {output_order!r}")
    if time == 0 and not return_sequences:
        raise InvalidArgument("return_sequences", expected="True where there is no step", got="False")
    if lengths is not None:
        masked_output = "zeros"
    ready_mask = checks.mask(mask, lengths, batch, time)
    if ready_mask is not None:  # whatever stands in a masked step, even NaN, must not reach anything
        x = np.where(ready_mask[:, :, None], x, np.zeros_like(x))
    factors = checks.dropout(cell, dropout, batch, time, dtype=x.dtype, check_finite=check_finite)
    traversal = Traversal(ready_mask, masked_output, reverse, output_order, return_sequences)
    return unroll(cell, ready, x, initial, traversal, factors, keep)


def backward(
    run: AnyRun,
    d_outputs: Any = None,
    d_state: Sequence[Any] | None = None,
    *,
    check_finite: bool = True,
) -> Gradients:
    """Back-propagates cotangents of a run's outputs and final state to everything that went in.

    d_outputs   in the shape of ``run.outputs``; None: zeros
    d_state     a tuple in the shapes of ``run.state``; None, for the whole or for a part: zeros

    Raises `InvalidArgument`, before any arithmetic, for a shape or dtype other than the run's, and for a run that kept
    nothing.
    """
    dtype = checked_run(run).x.dtype
    if not run.gates:
        raise InvalidArgument("run", expected="one that keeps what the adjoint needs", got="one of keep=False")
    cotangents = checked_cotangents(run, d_outputs, d_state, dtype=dtype, check_finite=check_finite)
    return unroll_adjoint(run, *cotangents)


def unroll(
    cell: Cell | Stack,
    params: Parameters,
    x: Array,
    initial_state: State,
    traversal: Traversal,
    dropout: dict[str, Any],
    keep: bool = True,
    of_cell: Callable[..., Run] = sequence.unroll,
) -> AnyRun:
    """`forward` after its checks; also for arrays that carry their own arithmetic, whose cells ``of_cell`` unrolls."""
    if isinstance(cell, Stack):
        return stack.unroll(cell, params, x, initial_state, traversal, dropout, keep, of_cell)
    return of_cell(cell, params, x, initial_state, traversal, dropout, keep)


def unroll_adjoint(
    run: AnyRun, d_outputs: Array, d_state: State, of_cell: Callable[..., Gradients] = sequence.unroll_adjoint
) -> Gradients:
    """`backward` after its checks; also for arrays that carry their own arithmetic."""
    if isinstance(run, StackRun):
        return stack.unroll_adjoint(run, d_outputs, d_state, of_cell)
    return of_cell(run, d_outputs, d_state)


def checked_run(run: Any) -> AnyRun:
    """``run``, if it is one."""
    if not isinstance(run, Run | StackRun):
        raise InvalidArgument("run", expected="what forward returned", got=checks.described(run))
    return run


def checked_cotangents(
    run: AnyRun, d_outputs: Any, d_state: Sequence[Any] | None, *, dtype: Any, check_finite: bool
) -> tuple[Array, State]:
    """The cotangents of a run, None filled with zeros; `InvalidArgument` for what does not fit it."""
    batch, time, output = checked_run(run).outputs.shape
    check_finite = checks.flag("check_finite", check_finite)
    if d_outputs is None:
        d_outputs = np.zeros((batch, time, output), dtype)
    axes = {"batch": batch, "time": time, "output": output}
    return (
        checks.array("d_outputs", d_outputs, axes, dtype=dtype, check_finite=check_finite),
        checks.state("d_state", d_state, run.cell, batch, dtype=dtype, check_finite=check_finite),
    )
