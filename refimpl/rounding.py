"""How far a faithful implementation may lie from the exact result: a running error analysis.

The cell's own equations, step and adjoint, are run once more on `rounded.Rounded` arrays: values that carry a bound on
their error and apply, operation by operation, the rules of Higham, *Accuracy and Stability of Numerical
Algorithms* (2nd ed., SIAM 2002), to both. So there is no second set of equations that could be wrong, and
whatever the oracle learns to compute it also learns to bound.

*What it does not cover*: a formula that equals ours in exact arithmetic but loses accuracy of its own, such as
``(1 + tanh(x/2)) / 2`` for the sigmoid, which is absolutely but not relatively accurate where the sigmoid is small,
or a product grouped so that an intermediate underflows where ours does not. An implementation that computes so is
off by more than rounding must cost, and is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks
from .activations import named
from .arrays import Array
from .errors import InvalidArgument
from .parameters import Cell, Gates, State
from .precision import Precision
from .rounded import Rounded
from .running import AnyRun, checked_cotangents, checked_run, unroll, unroll_adjoint
from .sampling import Spread as Spread
from .sampling import spread as spread
from .sequence import Gradients
from .stack import Stack, named_cells

_ULPS_OF_THE_ANALYSIS = 1e-6  # the bound is itself computed in float64: round it up by this much


@dataclass(frozen=True)
class RunBound:
    """Bounds on a run, in the shapes of `sequence.Run`: outputs, state, gates."""

    outputs: Array
    state: tuple[Array, ...]
    gates: Gates


def bound(run: AnyRun, dtype: Any, state_bound: Sequence[Array | None] | None = None) -> RunBound:
    """Elementwise bounds on what any faithful implementation may deviate from the exact result.

    run           what `forward` returned, in float64 or float32
    dtype         the implementation's arithmetic: a `Precision`, the name of one that is known, or a NumPy dtype
    state_bound   bounds on the error of the initial state, one array or None a state, where an earlier run made it

    The inputs are exact where ``dtype`` can represent them, else off by what storing them in it loses.
    Raises `InvalidArgument` for another dtype.
    """
    with np.errstate(all="ignore"):
        return _of_run(_rerun(checked_run(run), Precision.of(dtype), state_bound))


def gradient_bound(run: AnyRun, dtype: Any, d_outputs: Any = None, d_state: Sequence[Any] | None = None) -> Gradients:
    """`bound` for what ``backward(run, d_outputs, d_state)`` returns, in the shapes of `Gradients`."""
    return bounds(run, dtype, d_outputs, d_state)[1]


def bounds(
    run: AnyRun,
    dtype: Any,
    d_outputs: Any = None,
    d_state: Sequence[Any] | None = None,
    state_bound: Sequence[Array | None] | None = None,
) -> tuple[RunBound, Gradients]:
    """`bound` and `gradient_bound` at once, for little more than the price of one."""
    precision = Precision.of(dtype)
    outputs, state = checked_cotangents(run, d_outputs, d_state, dtype=None, check_finite=False)
    with np.errstate(all="ignore"):
        again = _rerun(run, precision, state_bound)
        cotangents = Rounded.given(precision, outputs), tuple(Rounded.given(precision, d) for d in state)
        pulled = unroll_adjoint(again, *cotangents)
        return _of_run(again), Gradients(
            {name: _final(d) for name, d in pulled.params.items()},
            _final(pulled.x),
            tuple(_final(d) for d in pulled.initial_state),
        )


def is_smooth(cell: Cell | Stack, gradients: bool = True) -> bool:
    """Whether no slope of the cell, or of any of the layers, jumps anywhere; without ``gradients``, no value.

    Values take no slope at a point, but only the steepest of an interval, or its change over one: kinks are no jumps.

    Then each rule's bound grows with the unit roundoff u, and at least in proportion to it: it is a sum of products of
    ``γ_n``, of ``sup |f'|`` over intervals that widen with u, and of errors that do. In a finer precision u' a bound is
    at most ``u'/u`` times that in u, but for which of two valid rules `rounded` takes; twice as much covers that.
    """
    gradients = checks.flag("gradients", gradients)
    names = ("activation", "recurrent_activation", "output_activation")
    used = {getattr(each, name, None) for _, each in named_cells(cell) for name in names}
    if not gradients:
        return all(named(name).jump is None for name in used if name is not None)
    return used <= {"tanh", "sigmoid", "linear", None} and not any(
        getattr(each, "clip", None) for _, each in named_cells(cell)
    )


def _of_run(rounded: AnyRun) -> RunBound:
    return RunBound(
        _final(rounded.outputs),
        tuple(_final(part) for part in rounded.state),
        Gates({name: _final(gate) for name, gate in rounded.gates.items()}),
    )


def _rerun(run: AnyRun, precision: Precision, state_bound: Sequence[Array | None] | None = None) -> AnyRun:
    """The same run, on arrays that carry their error bounds."""
    initial = [Rounded.given(precision, part) for part in run.initial_state]
    for part, error in zip(initial, _checked_state_bound(run, state_bound), strict=True):
        part.error = part.error + error
        part.magnitude = part.magnitude + 2 * error
    return unroll(
        run.cell,
        {name: Rounded.given(precision, value, precision.weights) for name, value in run.params.items()},
        Rounded.given(precision, run.x),
        tuple(initial),
        run.traversal,
        {
            name: factors and tuple(Rounded.given(precision, factor) for factor in factors)
            for name, factors in run.dropout.items()
        },
    )


def _checked_state_bound(run: AnyRun, state_bound: Sequence[Array | None] | None) -> State:
    """Zeros for None; `InvalidArgument` for what does not fit the run, and for bounds below zero and NaN."""
    batch, dtype = run.x.shape[0], np.dtype(np.float64)
    found = checks.state("state_bound", state_bound, run.cell, batch, dtype=dtype, check_finite=False)
    for k, part in enumerate(found):
        if not (part >= 0).all():
            raise InvalidArgument(f"state_bound[{k}]", expected="bounds from 0 to infinity", got=f"{part.min()}")
    return found


def _final(rounded: Rounded | Array) -> Array:
    """The bound, rounded up for the rounding of the analysis; infinite where it says nothing."""
    if not isinstance(rounded, Rounded):  # no step was made, so there is nothing to bound
        return np.zeros(rounded.shape)
    return np.nan_to_num(rounded.bound * (1 + _ULPS_OF_THE_ANALYSIS), nan=np.inf, posinf=np.inf)
