"""Faults that one call alone does not show: what a call leaves behind, and what calls at once share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ....contract import Array, Case
from ..autodiff import Var
from ..cell_equations import LayerDirection, State
from ..layer import Textbook

Answer = dict[str, Array]


class StateLeftBehind(Textbook):
    """Where no initial state is given, a layer goes on from the final state of the call before."""

    left: Mapping[str, Array] | None = None

    def observe(self, case: Case) -> Answer:
        before, names = self.left or {}, [f"state.{name}" for name in case.state_names]
        if case.initial_state is None and all(
            name in before and before[name].shape == (len(case.x), size)
            for name, size in zip(names, case.cell.state_sizes, strict=True)
        ):
            case = case.replace(initial_state=tuple(before[name].astype(case.dtype) for name in names))
        self.left = super().observe(case)
        return dict(self.left)


class WrongInTheHundredthCall(Textbook):
    """One call of many reads a buffer that has just been given back."""

    at = staticmethod(lambda call: call == 100)
    calls = 0

    def observe(self, case: Case) -> Answer:
        self.calls += 1
        found = super().observe(case)
        return found | ({"outputs": found["outputs"] + 1} if self.at(self.calls) else {})


class WrongInEverySeventhCall(WrongInTheHundredthCall):
    """Of a ring of seven buffers one is never filled."""

    at = staticmethod(lambda call: call % 7 == 0)


class WrongAfterAnotherShape(Textbook):
    """The first call after one of another batch still has its number of rows in the mean of the weights' gradients."""

    rows = 0

    def observe(self, case: Case) -> Answer:
        before, self.rows = self.rows, len(case.x)
        found = super().observe(case)
        wrong = bool(before) and before != self.rows
        return {n: value * 2 if wrong and n.startswith("d_params") else value for n, value in found.items()}


class InferenceLeavesGradientsOff(Textbook):
    """After a call without gradients the next one's gradient of the input is zero."""

    off = False

    def observe(self, case: Case) -> Answer:
        before, self.off = self.off, not case.wants_gradients
        found = super().observe(case)
        return found | ({"d_x": np.zeros_like(case.x)} if before and "d_x" in found else {})


class InputChangedInTheNextCall(Textbook):
    """A buffer that belongs to the caller is kept, and the next call writes into it."""

    kept: Array | None = None

    def observe(self, case: Case) -> Answer:
        found = super().observe(case)
        if self.kept is not None:
            self.kept[...] = 0
        self.kept = case.x
        return found


class ScratchBufferShared(Textbook):
    """Between two products of a step the state lies in a buffer that all threads share."""

    buffer: State

    def step(self, at: LayerDirection, t: int, x: Var, state: State) -> State:
        self.buffer = state
        x = x * 1
        return super().step(at, t, x, self.buffer)


class GradientsAddUp(Textbook):
    """A layer adds the weights' gradients of a call to those of the calls before, as where they are not set to zero."""

    def layer(self, case: Case) -> Callable[[Case], Answer]:
        total: dict[str, Array] = {}

        def call(other: Case) -> Answer:
            found = self.observe(other)
            for name, value in found.items():
                if name.startswith("d_params"):
                    found[name] = total[name] = value + total.get(name, np.zeros_like(value))
            return found

        return call


class LayerOfTheFirstLength(Textbook):
    """A layer has room for as many steps as it was made for, and leaves later ones' outputs zero."""

    def layer(self, case: Case) -> Callable[[Case], Answer]:
        room = case.x.shape[1]

        def call(other: Case) -> Answer:
            found = self.observe(other)
            outputs = found["outputs"].copy()
            outputs[:, room:] = 0
            return found | {"outputs": outputs}

        return call


class WeightsOfTheLayerMadeLast(Textbook):
    """All layers of one cell look at the weights of the one that was made last."""

    def __init__(self) -> None:
        self.made: dict[Any, Mapping[str, Array]] = {}

    def layer(self, case: Case) -> Callable[[Case], Answer]:
        self.made[case.cell, case.dtype] = case.params
        return lambda other: self.observe(other.replace(params=self.made[case.cell, case.dtype]))


class LayerKeepsItsState(Textbook):
    """A layer that is not stateful starts from the final state of its last call, where the batch is as large."""

    def layer(self, case: Case) -> Callable[[Case], Answer]:
        return StateLeftBehind().observe


class InitialStateOfTheFirstCall(Textbook):
    """A layer that is traced has the initial state of the first call of each size in it as a constant."""

    def layer(self, case: Case) -> Callable[[Case], Answer]:
        traced: dict[Any, tuple[Array, ...] | None] = {}
        return lambda other: self.observe(
            other.replace(initial_state=traced.setdefault(other.x.shape, other.initial_state))
        )
