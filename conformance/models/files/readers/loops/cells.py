"""Which cell a loop's step is: each is tried, and told only where the oracle's own step gives all the same numbers.

The sums inside the step (`linear`) are the gates' arguments. A SimpleRNN has one of input and state, an LSTM four, a
GRU two, and of its candidate either two more, of the input and of the state alone (the reset comes after the product),
or one of the input, while the state's product with the reset is found by solving for its kernel.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

import refimpl as ri
from refimpl import InvalidArgument
from refimpl.activations import named

from .....contract import Array
from . import linear
from .linear import Sum
from .loop import Carried, Loop, step

Squash = tuple[str, float, float]
_SQUASHES: tuple[Squash, ...] = (
    *(("sigmoid", 1.0, 0.0), ("hard_sigmoid", 1.0, -3.0), ("hard_sigmoid_keras2", 5.0, -2.5)),
    *(("hard_sigmoid", 1.0, 0.0), ("hard_sigmoid_keras2", 1.0, 0.0)),
    *(("tanh", 1.0, 0.0), ("relu", 1.0, 0.0), ("linear", 1.0, 0.0)),
)
"""Gates' functions, and what of their argument an exporter may have taken out: the sum is scaled and shifted by it."""
_ALMOST = 2.0**-8
"""So near to 1/6 a constant is a sixth that was rounded, to float16 or further."""
_CURVES = ("tanh", "relu", "linear", "sigmoid", "softsign", "elu", "gelu", "silu", "selu", "softplus", "exponential")
_TRIES, _NEAR = 6, 1e-6
_ROUNDED = 1e-12
"""Of the greatest weight: what probing in float64 may have rounded."""
_ACTIVATION = (
    "Tanh",
    "Relu",
    "Sigmoid",
    "Elu",
    "Selu",
    "Softsign",
    "Softplus",
    "Exp",
    "Clip",
    "Max",
    "Min",
    "HardSigmoid",
)


@dataclass(frozen=True)
class Found:
    """A loop's cell.

    states    what is carried as h, or h and c
    x, mask   the sequences inside that are the input and, where there is one, the mask
    outputs   what is kept of every step as the output, inside; "" for nothing
    """

    cell: Any
    params: Mapping[str, Array]
    states: tuple[Carried, ...]
    x: str
    mask: str
    masked_output: str
    outputs: str


def found_in(loop: Loop) -> Found | str:
    """The cell, or why there is none that is known."""
    inputs = [name for name in loop.sequences if linear.width(loop, name)]
    if len(inputs) != 1:
        return f"{len(inputs)} sequences are multiplied in it, not one"
    x, masks = inputs[0], [name for name in loop.sequences if name not in inputs]
    own = [each for each in loop.carried if linear.width(loop, each.given)]
    if not own or len(masks) > 1:
        return "no state is multiplied in it" if not own else f"{len(masks)} sequences beside its input"
    units = linear.width(loop, own[0].given)
    sizes = {x: linear.width(loop, x)} | {each.given: units for each in loop.carried}
    open_ = {name: np.ones((1, 1), bool) for name in masks}
    try:
        cut = linear.sums(loop, linear.frontier(loop, list(sizes)), x, sizes, open_)
    except (ValueError, IndexError) as error:
        return f"a step of it cannot be computed: {error}"
    trial = _Trial(loop, x, sizes, open_)
    for cell, params, states in _candidates(trial, [each for each in cut if each.of_input or each.of_states()]):
        if trial.agrees(cell, params, states):
            return _wired(trial, cell, _as_stored(loop, params), states, masks)
    return "none of SimpleRNN, LSTM and GRU computes what its step does"


class _Trial:
    """A step at random values, which a cell must reproduce."""

    def __init__(self, loop: Loop, x: str, sizes: Mapping[str, int], open_: Mapping[str, Array]) -> None:
        self.loop, self.x, self.sizes, self.open = loop, x, sizes, open_
        self.rows = max(_TRIES, 2 * max(sizes.values()))
        rng = np.random.default_rng(0)
        self.given = {name: rng.standard_normal((self.rows, size)) for name, size in sizes.items()}
        self.made = self.computed(self.given)

    def computed(self, given: Mapping[str, Array]) -> dict[str, Array]:
        more = {name: np.repeat(value, self.rows, axis=0) for name, value in self.open.items()}
        return step(self.loop, {**given, **more})

    def agrees(self, cell: Any, params: Mapping[str, Array], states: Sequence[Carried]) -> bool:
        if any(each.made not in self.made for each in states):
            return False
        some = slice(0, _TRIES)
        try:
            run = ri.forward(
                cell, params, self.given[self.x][some, None], tuple(self.given[each.given][some] for each in states)
            )
        except InvalidArgument:
            return False
        return all(near(self.made[each.made][some], its) for each, its in zip(states, run.state, strict=True))


def near(one: Array, other: Array) -> bool:
    """Whether two arrays are the same but for folding weights."""
    scale = float(np.abs(other).max(initial=0.0))
    return one.shape == other.shape and bool(np.abs(one - other).max(initial=0.0) <= _NEAR * scale + 1e-30)


def _candidates(trial: _Trial, cut: Sequence[Sum]) -> Iterator[tuple[Any, dict[str, Array], tuple[Carried, ...]]]:
    size, units = trial.sizes[trial.x], next(n for name, n in trial.sizes.items() if name != trial.x)
    for h in trial.loop.carried:
        full = [s for s in cut if s.of_input and s.of_states() == [h.given]]
        if len(full) == 1:
            for curve in _CURVES:
                rnn = ri.SimpleRNN(size, units, activation=curve)
                yield *_of_sums(rnn, full, h), (h,)
        squashes = (*_SQUASHES, *_rounded_sixths(trial.loop))
        for c in trial.loop.carried if len(full) == 4 else ():
            if c is not h:
                yield from ((*each, (h, c)) for each in _lstms(size, units, squashes, full, h))
        if len(full) == 2:
            yield from ((*each, (h,)) for each in _grus(trial, size, units, squashes, full, cut, h))


def _rounded_sixths(loop: Loop) -> Iterator[Squash]:
    """Keras 3's hard_sigmoid, ``relu6(x + 3) / 6``, where the file multiplies by a sixth that was rounded."""
    factors = {
        float(loop.constants[name].reshape(-1)[0])
        for node in loop.nodes
        for name in (node.inputs if node.operator == "Mul" else ())
        if name in loop.constants and loop.constants[name].size == 1
    }
    for factor in sorted(factors):
        if _NEAR < abs(6 * factor - 1) < _ALMOST:
            yield f"hard_sigmoid({factor!r},{3 * factor!r},{6 * factor!r})", 1.0, -3.0


def _of_sums(cell: Any, sums: Sequence[Sum], h: Carried) -> tuple[Any, dict[str, Array]]:
    kernel = np.concatenate([s.kernel for s in sums], axis=1)
    recurrent = np.concatenate([s.recurrent[h.given] for s in sums], axis=1)
    bias = np.concatenate([s.bias for s in sums])
    if not bias.any():
        return dataclasses.replace(cell, use_bias=False), {"kernel": kernel, "recurrent_kernel": recurrent}
    return cell, {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias}


def _moved(each: Sum, scale: float, shift: float) -> Sum:
    if (scale, shift) == (1.0, 0.0):
        return each
    recurrent = {name: scale * value for name, value in each.recurrent.items()}
    return Sum(scale * each.kernel, recurrent, scale * each.bias + shift)


def _lstms(
    size: int, units: int, squashes: Sequence[Squash], full: Sequence[Sum], h: Carried
) -> Iterator[tuple[Any, dict[str, Array]]]:
    for squash, scale, shift in squashes:
        for order in permutations(range(4)):
            gates = [full[k] if at == 2 else _moved(full[k], scale, shift) for at, k in enumerate(order)]
            for curve in _CURVES[:4]:
                cell = ri.LSTM(size, units, activation=curve, recurrent_activation=squash)
                yield _of_sums(cell, gates, h)


def _grus(
    trial: _Trial,
    size: int,
    units: int,
    squashes: Sequence[Squash],
    full: Sequence[Sum],
    cut: Sequence[Sum],
    h: Carried,
) -> Iterator[tuple[Any, dict[str, Array]]]:
    nothing = np.zeros(units)
    of_x = [s for s in cut if s.of_input and not s.of_states()]
    of_h = [s for s in cut if not s.of_input and s.of_states() == [h.given] and not _is_state(s, h)]
    for squash, scale, shift in squashes:
        for z, r in permutations([_moved(s, scale, shift) for s in full]):
            for inner in of_x:
                for outer in of_h:
                    candidate = Sum(inner.kernel, outer.recurrent, inner.bias)
                    for curve in _CURVES[:4]:
                        cell = ri.GRU(size, units, activation=curve, recurrent_activation=squash)
                        _, params = _of_sums(cell, [z, r, candidate], h)
                        params.setdefault("bias", np.zeros(3 * units))
                        params["recurrent_bias"] = np.concatenate([nothing, nothing, outer.bias])
                        yield cell, params
            for inner, kernel in _before(trial, named(squash), r, h):
                candidate = Sum(inner.kernel, {h.given: kernel}, inner.bias)
                for curve in _CURVES[:4]:
                    before = ri.GRU(size, units, curve, squash, reset_after=False, use_recurrent_bias=False)
                    yield _of_sums(before, [z, r, candidate], h)


def _is_state(each: Sum, h: Carried) -> bool:
    kernel = each.recurrent[h.given]
    return bool(np.array_equal(kernel, np.eye(len(kernel))) and not each.bias.any())


def _before(trial: _Trial, squash: Any, r: Sum, h: Carried) -> Iterator[tuple[Sum, Array]]:
    """The candidate's argument where the reset comes before the product: its part of the input, and its kernel."""
    names = [node.inputs[0] for node in trial.loop.nodes if node.operator in _ACTIVATION]
    still = {**trial.given, h.given: np.zeros_like(trial.given[h.given])}
    without, gate = trial.computed(still), trial.given
    met = squash(gate[trial.x] @ r.kernel + gate[h.given] @ r.recurrent[h.given] + r.bias) * gate[h.given]
    for name in names:
        whole, part = trial.made.get(name), without.get(name)
        if whole is None or part is None or whole.shape != met.shape or part.shape != met.shape:
            continue
        kernel = np.linalg.lstsq(met, whole - part, rcond=None)[0]
        lifted = np.column_stack([trial.given[trial.x], np.ones(trial.rows)])
        solved = np.linalg.lstsq(lifted, part, rcond=None)[0]
        if kernel.any() and near(lifted @ solved, part):
            yield Sum(solved[:-1], {}, solved[-1]), kernel


def _as_stored(loop: Loop, params: Mapping[str, Array]) -> dict[str, Array]:
    """The numbers that the loop's weights have in the file, in their type, where probing only rounded them."""
    weights = [value for value in loop.constants.values() if value.dtype.kind == "f" and value.ndim]
    dtype = max((value.dtype for value in weights), default=np.dtype(np.float32))
    pool = np.unique(np.concatenate([np.zeros(1), *(value.astype(np.float64).ravel() for value in weights)]))
    pool = np.unique(np.concatenate([pool, -pool]))
    found = {}
    for name, value in params.items():
        after = np.searchsorted(pool, value).clip(1, len(pool) - 1)
        nearest = np.where(value - pool[after - 1] < pool[after] - value, pool[after - 1], pool[after])
        close = np.abs(nearest - value) <= _ROUNDED * np.abs(value).max(initial=0.0)
        found[name] = nearest.astype(dtype) if close.all() else np.where(close, nearest, value)
    return found


def _wired(
    trial: _Trial, cell: Any, params: dict[str, Array], states: tuple[Carried, ...], masks: Sequence[str]
) -> Found | str:
    """What goes in and comes out, and what becomes of a masked step."""
    new = trial.made[states[0].made]
    kept = [name for name in trial.loop.kept if name in trial.made and near(trial.made[name], new)]
    outputs = kept[0] if kept else ""
    if not masks:
        return Found(cell, params, states, trial.x, "", "repeat", outputs)
    closed = step(trial.loop, {**trial.given, masks[0]: np.zeros((trial.rows, 1), bool)})
    if not all(near(closed[each.made], trial.given[each.given]) for each in states):
        return "a step that is masked changes its state"
    before = [trial.given[each.given] for each in trial.loop.carried if each not in states and each.from_zero]
    manners = [("zeros", np.zeros_like(new)), ("state", trial.given[states[0].given])]
    manners += [("repeat", value) for value in before]
    for manner, value in manners if outputs else [("repeat", new)]:
        if not outputs or np.array_equal(closed[outputs], value):
            return Found(cell, params, states, trial.x, masks[0], manner, outputs)
    return "what it returns of a masked step is none of zeros, the state, and the output before, at first zeros"
