"""The whole path: how far may a framework's parameters drift from the oracle's, and how far do they?

Let ``d`` be the difference of the two states (all parameters and slots) before a step ``F``. After it the difference
is ``F(ŝ) - F(s)`` plus what either side rounded within the step, ``L``, which `single_steps` bounds at the states that
they really had. By the mean value theorem ``F(ŝ) - F(s)`` lies in ``J d``, where ``J`` encloses the Jacobian of the
step wherever the states may be. ``J`` comes of the same equations once more, on `Tangent` arrays whose values span that
region.

``d`` is kept as a zonotope, ``d = G ε`` with every ``|ε| <= 1``: a step makes ``G`` into ``[J G, diag(r)]``, where
``r = L + L̂ + rad(J) |d|``. So what one step rounds is carried on by the product of the Jacobians *with their signs*, as
it is carried on in truth, and absolute values are taken only at the end. Bounding operation by operation, from step to
step, instead would grow by the Jacobian's absolute values and the operations' besides, and say nothing after a few
dozen steps.

The tolerance grows as the training dynamics amplify a disturbance: slowly while the path is stable, fast where it
bends sharply (RMSprop and Adam divide small gradients by small roots). When it is infinite, nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.optimizers import OptimizerState
from refimpl.rounded import Rounded

from ...cases.training import Task, Trace
from .single_steps import Bounded, infinite_where_unknown, prescribed_step
from .tangent import FLOAT64, Tangent
from .tracing import Named

Array = Any
_STILL = 1e-200  # gradients and slots this small are zeros but for underflow; what they move is far below any rounding


@dataclass(frozen=True)
class Trajectory:
    """The greatest difference of any parameter, and the greatest tolerance, before each step and after the last.

    ratio   the greatest ratio of difference to tolerance of any one parameter; above 1 is wrong
    where   the parameter that has it
    """

    difference: Sequence[float]
    tolerance: Sequence[float]
    ratio: Sequence[float]
    where: Sequence[str]

    def claimed_steps(self) -> int:
        """Before how many steps something is claimed."""
        finite = [bool(np.isfinite(t)) for t in self.tolerance]
        return finite.index(False) - 1 if False in finite else len(finite) - 1


def differences(oracle: Trace, trace: Trace) -> list[float]:
    """The greatest difference of any parameter before each step and after the last."""
    return [
        max(float(np.abs(its[name].astype(np.float64) - ours[name]).max()) for name in ours)
        for its, ours in zip(trace.params, oracle.params, strict=True)
    ]


def follow_trajectory(task: Task, trace: Trace, oracle: Trace, steps: int) -> Trajectory:
    """The first ``steps`` steps of the trace beside the oracle's; both are those of the same task and precision."""
    flat = _StateVector(task)
    generators = np.zeros((flat.states, 0))
    found: list[tuple[float, float, float, str]] = [flat.verdict(trace, oracle, 0, np.zeros(flat.states))]
    for k in range(steps):
        reach = np.abs(generators).sum(axis=1)
        if not np.isfinite(reach).all():
            found += [(float("nan"), float("inf"), 0.0, "")] * (steps - k)
            break
        with np.errstate(all="ignore"):
            middle, radius, still = flat.jacobian(oracle.params[k], oracle.state(k), k, reach)
            local = flat.local(prescribed_step(task, trace.params[k], trace.state(k), k))
            local = local + flat.local(prescribed_step(task, oracle.params[k], oracle.state(k), k))
            carried = middle @ generators
            fresh = local + radius @ reach
            fresh = np.where(still, local + reach, fresh)
            carried[still] = 0
        fresh = infinite_where_unknown(fresh)
        new = np.zeros((flat.states, flat.states))
        np.fill_diagonal(new, fresh)
        generators = np.concatenate([infinite_where_unknown(carried), new[:, fresh > 0]], axis=1)
        found.append(flat.verdict(trace, oracle, k + 1, np.abs(generators).sum(axis=1)))
    return Trajectory(*map(list, zip(*found, strict=True)))


class _StateVector:
    """A task's state as one vector: the parameters, then each slot's, in the order of their names."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.shapes = task.model.parameter_shapes
        self.slots = task.optimizer.slot_names
        self.params = task.model.parameter_count
        self.states = self.params * (1 + len(self.slots))

    def vector(self, named: Named) -> Array:
        return np.concatenate([np.asarray(named[name], np.float64).reshape(-1) for name in self.shapes])

    def named(self, vector: Array) -> dict[str, Array]:
        sizes = np.cumsum([int(np.prod(shape)) for shape in self.shapes.values()])[:-1]
        parts = zip(self.shapes.items(), np.split(vector, sizes), strict=True)
        return {name: part.reshape(shape) for (name, shape), part in parts}

    def local(self, bounded: Bounded) -> Array:
        """The bounds on one step's rounding, as a vector."""
        prefixes = ["params.", *(f"slots.{slot}." for slot in self.slots)]
        return np.concatenate([self.vector({n: bounded.bound[p + n] for n in self.shapes}) for p in prefixes])

    def verdict(self, trace: Trace, oracle: Trace, step: int, reach: Array) -> tuple[float, float, float, str]:
        off = np.abs(self.vector(trace.params[step]) - self.vector(oracle.params[step]))
        tolerance = reach[: self.params]
        with np.errstate(all="ignore"):
            ratio = np.where(off == 0, 0.0, off / tolerance)
        worst = int(np.argmax(ratio))
        names = [f"{name}{list(map(int, i))}" for name, shape in self.shapes.items() for i in np.ndindex(shape)]
        return float(off.max()), float(tolerance.max()), float(ratio[worst]), names[worst]

    def jacobian(self, params: Named, state: OptimizerState, step: int, reach: Array) -> tuple[Array, Array, Array]:
        """The midpoint and radius of an enclosure of the step's Jacobian within ``reach`` of there; and which rows
        belong to parameters that have never had a gradient, which stand still."""
        n = self.params
        parts = [self.named(part) for part in np.split(reach, 1 + len(self.slots))]
        spread = {name: _around(value, parts[0][name]) for name, value in params.items()}
        slots = {
            slot: {name: _around(value, parts[1 + k][name]) for name, value in state.slots[slot].items()}
            for k, slot in enumerate(self.slots)
        }
        by_params, gradients, squares = self._gradients(spread, step)
        size = np.concatenate([(greatest_absolute_value(gradients[name].value)).reshape(-1) for name in self.shapes])
        for slot in self.slots:
            size = size + np.concatenate(
                [greatest_absolute_value(slots[slot][name]).reshape(-1) for name in self.shapes]
            )
        rows = {"gradient": by_params["gradient"], "square": by_params["square"]}
        middle, radius = np.zeros((self.states, self.states)), np.zeros((self.states, self.states))
        for k, (mid, rad) in enumerate(self._rule(spread, gradients, squares, slots, step)):
            at = slice(k * n, (k + 1) * n)
            for source, (first, second) in enumerate(zip(mid, rad, strict=True)):
                if source < 2:  # through the gradient, or its square
                    h, e = rows["gradient" if source == 0 else "square"]
                    middle[at, :n] += first[:, None] * h
                    radius[at, :n] += np.abs(first)[:, None] * e + second[:, None] * (np.abs(h) + e)
                else:
                    column = np.arange((source - 2) * n, (source - 1) * n)
                    middle[at.start + np.arange(n), column] += first
                    radius[at.start + np.arange(n), column] += second
        still = np.tile(size < _STILL, 1 + len(self.slots))
        return np.where(still[:, None], 0, middle), np.where(still[:, None], 0, radius), still

    def _gradients(self, params: Mapping[str, Rounded], step: int) -> tuple[Any, Mapping[str, Tangent], Any]:
        """Along each parameter, the gradients that the optimizer gets, and what it takes for their squares where that
        is another number (`optimizers`): the derivatives as matrices, then both."""
        n, task = self.params, self.task
        units = {name: np.zeros((n, *shape)) for name, shape in self.shapes.items()}
        begin = 0
        for name, shape in self.shapes.items():
            size = int(np.prod(shape))
            units[name].reshape(n, size)[begin : begin + size] = np.eye(size)
            begin += size
        moving = {name: Tangent(value, Rounded.given(FLOAT64, units[name])) for name, value in params.items()}
        model, loss = task.model, task.loss
        if task.logits_shortcut:
            model, loss = ri.training.without_final_activation(model, loss)
        x, target = task.batch(step)
        if not np.issubdtype(x.dtype, np.integer):
            x = Tangent.constant_of(np.asarray(x, np.float64), n)
        passed = model.forward(moving, x, check_finite=False)
        by_occurrence = task.optimizer.manner == "keras-tensorflow"
        found = model.backward(passed, loss.gradient(target, passed.output), squares=by_occurrence)
        gradients = task.clip(found.params) if task.clip else found.params
        squares = {name: found.squares.get(name, g * g) for name, g in gradients.items()}
        own = {name: squares[name] if name in found.squares else None for name in gradients}
        rows = {"gradient": _rows(gradients, self.shapes), "square": _rows(squares, self.shapes)}
        if all(value is None for value in own.values()):
            rows["square"] = tuple(np.zeros_like(part) for part in rows["square"])
        else:
            mask = np.concatenate(
                [np.full(int(np.prod(shape)), float(own[name] is not None)) for name, shape in self.shapes.items()]
            )
            rows["square"] = tuple(part * mask[:, None] for part in rows["square"])
        return rows, gradients, own

    def _rule(
        self, params: Any, gradients: Any, squares: Any, slots: Any, step: int
    ) -> list[tuple[list[Array], list[Array]]]:
        """The optimizer's rule, element by element: for each part of the new state, its derivatives in the gradient, in
        the square where that is another number, in the parameter and in each slot: midpoints and radii."""
        directions = 3 + len(self.slots)

        def along(value: Rounded, k: int) -> Tangent:
            slope = np.zeros((directions, *value.shape))
            slope[k] = 1
            return Tangent(value, Rounded.given(FLOAT64, slope))

        moved, after = self.task.optimizer.update(
            {name: along(value, 2) for name, value in params.items()},
            {name: along(g.value, 0) for name, g in gradients.items()},
            OptimizerState(
                step, {s: {n: along(v, 3 + k) for n, v in slots[s].items()} for k, s in enumerate(self.slots)}
            ),
            {name: along(s.value, 1) for name, s in squares.items() if s is not None},
        )
        results = [moved, *(after.slots[slot] for slot in self.slots)]
        found = []
        for result in results:
            mid = [np.concatenate([_slope(result[n].slope.value, k) for n in self.shapes]) for k in range(directions)]
            rad = [np.concatenate([_slope(result[n].slope.bound, k) for n in self.shapes]) for k in range(directions)]
            found.append((mid, rad))
        return found


def greatest_absolute_value(value: Rounded) -> Array:
    """The greatest that the number may be."""
    return np.abs(value.value) + value.bound


def _around(value: Array, reach: Array) -> Rounded:
    """All numbers within ``reach``."""
    value = np.asarray(value, np.float64)
    return Rounded(FLOAT64, value, reach, np.abs(value) + 2 * reach)


def _slope(array: Array, k: int) -> Array:
    return array[k].reshape(-1)


def _rows(named: Mapping[str, Tangent], shapes: Mapping[str, Any]) -> tuple[Array, Array]:
    """The derivatives of every element along every direction, ``(elements, directions)``: midpoints and radii."""
    values = [named[name].slope.value.reshape(named[name].directions, -1).T for name in shapes]
    bounds = [named[name].slope.bound.reshape(named[name].directions, -1).T for name in shapes]
    return np.concatenate(values), np.concatenate(bounds)
