"""Each recorded step by itself: is it the step that the rules prescribe, from where the framework stood?

The oracle makes every step again from the parameters and the optimizer's slots that the framework *itself had* before
it, on arrays that carry their rounding error (`refimpl.rounded`), through forward pass, loss, backward pass, clipping
and update. So nothing adds up over the steps, the bound stays within a few roundings of the step, and what it says is
strong: if every step is within its bound, the framework's whole path is one that the rules allow, but for the rounding
of each single step. The first step starts from the given weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.optimizers import OptimizerState
from refimpl.precision import Precision
from refimpl.rounded import Rounded

from ...cases.training import Task, Trace
from .tracing import Named

Array = Any
_ANALYSIS = 1 + 1e-6  # the bounds are themselves computed in float64: round them up by this much


@dataclass(frozen=True)
class Bounded:
    """Values in float64, and what a faithful implementation in the working precision may differ from them."""

    value: Mapping[str, Array]
    bound: Mapping[str, Array]


@dataclass(frozen=True)
class WorstError:
    """Where one quantity is nearest to its bound, or furthest beyond.

    ratio   of the difference to the bound; above 1 is wrong
    """

    quantity: str
    step: int
    index: tuple[int, ...]
    expected: float
    got: float
    bound: float
    ratio: float

    def __str__(self) -> str:
        where = f"{self.quantity}{list(self.index)}" if self.index else self.quantity
        return (
            f"step {self.step}: {where}: expected {self.expected!r}, got {self.got!r}; "
            f"off by {abs(self.got - self.expected):.3g}, bound {self.bound:.3g}, ratio {self.ratio:.3g}"
        )


def check_each_step(task: Task, trace: Trace, first: int = 0) -> list[WorstError]:
    """For each quantity, its worst over all steps: ``loss``, ``gradients.…``, ``params.…``, ``slots.momentum.…``."""
    worst: dict[str, WorstError] = {}
    for k in range(first, trace.steps):
        expected = prescribed_step(task, trace.params[k], trace.state(k), k)
        for found in worst_errors(k, recorded_step(trace, k), expected):
            if found.quantity not in worst or not found.ratio <= worst[found.quantity].ratio:
                worst[found.quantity] = found
    start = Bounded(task.params, {name: np.zeros(value.shape) for name, value in task.params.items()})
    worst |= {f"start.{w.quantity}": w for w in worst_errors(-1, trace.params[0], start)}
    return list(worst.values())


def recorded_step(trace: Trace, step: int) -> Named:
    """What the trace says of one step, by quantity."""
    found: dict[str, Array] = {"loss": np.array(trace.losses[step])}
    found |= {f"gradients.{name}": value for name, value in trace.gradients[step].items()}
    found |= {f"params.{name}": value for name, value in trace.params[step + 1].items()}
    for slot, named in trace.slots[step + 1].items():
        found |= {f"slots.{slot}.{name}": value for name, value in named.items()}
    return found


def prescribed_step(task: Task, params: Named, state: OptimizerState, step: int) -> Bounded:
    """What the step leads to from there, and within what bounds."""
    with np.errstate(all="ignore"):
        done = rounded_step(task, params, state, step)
        rounded = {"loss": done.loss} | {f"gradients.{name}": g for name, g in done.gradients.items()}
        rounded |= {f"params.{name}": w for name, w in done.params.items()}
        for slot, named in done.state.slots.items():
            rounded |= {f"slots.{slot}.{name}": v for name, v in named.items()}
        own = Precision.of("float64").unit_roundoff / Precision.of(task.dtype).unit_roundoff  # the oracle's share of it
        return Bounded(
            {name: r.value for name, r in rounded.items()},
            {name: infinite_where_unknown(r.bound * (1 + own) * _ANALYSIS) for name, r in rounded.items()},
        )


def infinite_where_unknown(bound: Array) -> Array:
    """The bound, infinite where it came out as no number."""
    return np.where(np.isnan(bound), np.inf, bound)


def rounded_step(task: Task, params: Named, state: OptimizerState, step: int) -> ri.training.Step:
    """The step on arrays that carry their errors, in the task's precision."""
    precision = Precision.of(task.dtype)

    def given(array: Array) -> Rounded:
        return array if isinstance(array, Rounded) else Rounded.given(precision, array)

    x, target = task.batch(step)
    return ri.training.step(
        task.model,
        task.loss,
        task.optimizer,
        {name: given(value) for name, value in params.items()},
        OptimizerState(step, {s: {n: given(v) for n, v in named.items()} for s, named in state.slots.items()}),
        x if np.issubdtype(x.dtype, np.integer) else given(x),
        target,
        task.clip,
        task.logits_shortcut,
    )


def worst_errors(step: int, got: Named, expected: Bounded) -> Iterator[WorstError]:
    """The worst element of each quantity."""
    if got.keys() != expected.value.keys():
        raise ValueError(f"quantities {', '.join(expected.value)} were expected, not {', '.join(got)}")
    for name, value in expected.value.items():
        its = np.asarray(got[name], np.float64)
        if its.shape != value.shape:
            raise ValueError(f"{name}: shape {value.shape} was expected, not {its.shape}")
        with np.errstate(all="ignore"):
            off = np.abs(its - value)
            ratio = np.where(off == 0, 0.0, off / expected.bound[name])
        ratio = np.where(np.isfinite(expected.bound[name]) & np.isfinite(off), ratio, np.inf)  # nothing said is no pass
        where = np.unravel_index(int(np.argmax(ratio)), ratio.shape) if ratio.ndim else ()
        index = tuple(int(k) for k in where)
        numbers = (float(array[index]) for array in (value, its, expected.bound[name], ratio))
        yield WorstError(name, step, index, *numbers)
