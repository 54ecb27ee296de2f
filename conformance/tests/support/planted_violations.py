"""Implementations that violate an invariant, a refusal or the state between calls, each in one way, and are else right.

A single answer seldom shows the violation: most of them agree with the oracle case by case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.parts import unmasked_steps_of
from conformance.contract import Array, Case, Quantities
from conformance.implementations.oracle.layers import Oracle, OracleSession

_ONE_WAY = {"direction": ("forward", "backward")}


class Right:
    """Without a fault: masks, lengths and dropout of one cell, in a few combinations."""

    name = "right"
    versions: Mapping[str, str] = {"planted": "1.0"}
    dtypes: Sequence[str] = ("float64",)
    ignores_nan_padding = True
    refused: Sequence[Mapping[str, Any]] = (
        {"when": {"lengths": ("zero",)}, "reason": "rows without a step", "message": "expected lengths above zero"},
    )
    cells: Sequence[Mapping[str, Any]] = (
        {"kind": "LSTM", **_ONE_WAY, "mask": ("none", "right", "left"), "masked_output": ("zeros",)},
        {"kind": "LSTM", **_ONE_WAY, "lengths": ("sorted", "unsorted", "zero")},
        {"kind": "LSTM", **_ONE_WAY, "lengths": ("none",)},
        {"kind": "SimpleRNN", "activation": ("tanh", "relu"), "idle_dropout": (False, True)},
    )

    def observe(self, case: Case) -> Quantities:
        if case.lengths is not None and not case.lengths.all():
            raise ValueError("expected lengths above zero")
        spoiled = ~np.isfinite(case.x) & unmasked_steps_of(case)[:, :, None]
        if not spoiled.any():
            return Oracle().observe(case).values
        found = Oracle().observe(case.replace(x=np.where(spoiled, 0, case.x))).values
        return self.reached(case, found, np.any(spoiled, axis=2))

    def reached(self, case: Case, found: Quantities, spoiled: Array) -> Quantities:
        """The answer with NaN wherever a number that is none has come: the oracle takes no such number."""
        order = np.s_[:, ::-1] if case.options["direction"] == "backward" else np.s_[:, :]
        since = np.logical_or.accumulate(spoiled[order], axis=1)[order]
        if not case.return_sequences:
            since = np.any(since, axis=1, keepdims=True)
        steps = {"outputs", *(name for name in found if name.startswith("gates"))}
        reaches = {name: since[:, :, None] if name in steps else spoiled.any(axis=1) for name in found}
        return {
            name: np.where(
                True
                if name.startswith("d_params")
                else reached.reshape(len(case.x), -1, *[1] * (found[name].ndim - 2)),
                np.nan,
                found[name],
            )
            for name, reached in reaches.items()
        }

    def stateful(self, case: Case) -> OracleSession | None:
        return OracleSession(case)


class Unrepeatable(Right):
    """Each call rounds in another way."""

    calls = 0

    def observe(self, case: Case) -> Quantities:
        self.calls += 1
        found = dict(super().observe(case))
        return found | {"outputs": found["outputs"] * (1 + 2.0**-52 * (self.calls % 2))}


class Mutating(Right):
    """It computes where its input was."""

    def observe(self, case: Case) -> Quantities:
        found = super().observe(case)
        case.x[...] *= 2
        return found


class IgnoresStrides(Right):
    """It reads an array as if it lay in one piece, row by row."""

    def observe(self, case: Case) -> Quantities:
        return super().observe(case.map_arrays(_misread))


def _misread(array: Array) -> Array:
    return array if array.flags.c_contiguous else array.ravel(order="K").reshape(array.shape)


class Cached(Right):
    """Its compiled function is looked up by sizes alone, and has the weights in it."""

    def __init__(self) -> None:
        self.compiled: dict[tuple[Any, ...], Case] = {}

    def observe(self, case: Case) -> Quantities:
        first = self.compiled.setdefault((case.cell, case.x.shape), case)
        return super().observe(case.replace(params=first.params))


class ReadsPadding(Right):
    """What stands in masked steps reaches the outputs: too little to be seen beside rounding."""

    def observe(self, case: Case) -> Quantities:
        found = dict(super().observe(case))
        return found | {"outputs": found["outputs"] * (1 + 2.0**-52 * (np.nansum(case.x) > 0))}


class SpreadsNan(Right):
    """It masks by multiplying with zero."""

    def observe(self, case: Case) -> Quantities:
        found = dict(super().observe(case))
        return found | {"outputs": found["outputs"] + 0 * np.sum(case.x)}


class MixesRows(Right):
    """Its rows share a product with a row that is not there."""

    def reached(self, case: Case, found: Quantities, spoiled: Array) -> Quantities:
        return dict(found) | {"outputs": np.full_like(found["outputs"], np.nan)}


class ReachesEarlierSteps(Right):
    """NaN in some step is NaN in all steps of its row."""

    def reached(self, case: Case, found: Quantities, spoiled: Array) -> Quantities:
        return super().reached(case, found, np.broadcast_to(spoiled.any(axis=1, keepdims=True), spoiled.shape))


class SwallowsNan(Right):
    """It takes NaN for zero."""

    def reached(self, case: Case, found: Quantities, spoiled: Array) -> Quantities:
        return found


class PadsWithOnes(Right):
    """Outputs past a row's length are one."""

    def observe(self, case: Case) -> Quantities:
        found = dict(super().observe(case))
        if case.lengths is not None:
            found["outputs"] = np.where(unmasked_steps_of(case)[:, :, None], found["outputs"], 1.0)
        return found


class DropsAtInference(Right):
    """Where it has dropout, it scales even if it is not being trained."""

    def observe(self, case: Case) -> Quantities:
        found = dict(super().observe(case))
        return found | ({"outputs": 2 * found["outputs"]} if case.call_options.get("idle_dropout") else {})


class SteepAtTheKink(Right):
    """Where all is zeros, the slope of relu is 1."""

    def observe(self, case: Case) -> Quantities:
        found = dict(super().observe(case))
        at_the_kink = "d_x" in found and not case.x.any()
        return found | ({"d_x": np.ones_like(case.x)} if at_the_kink else {})


class ReadsAPart(Right):
    """Of an input that is too wide the first features are read."""

    def observe(self, case: Case) -> Quantities:
        return super().observe(case.replace(x=case.x[:, :, : case.cell.input_size]))


class RefusesInOtherWords(Right):
    """The error is another one than is said."""

    refused = ({**Right.refused[0], "message": "lengths must be positive"},)


class RefusesNoMore(Right):
    """A release has learned what it is said to refuse."""

    def observe(self, case: Case) -> Quantities:
        return Oracle().observe(case).values


class WrongInACorner(Right):
    """The final state is wrong where a backward run begins in masked steps at the right."""

    def observe(self, case: Case) -> Quantities:
        found = dict(super().observe(case))
        if case.reverse and case.options["mask"] == "right":
            found["state.h"] = found["state.h"] + 1
        return found


class _Session(OracleSession):
    """A session of which one method is wrong."""


class ForgetsState(Right):
    """Every call starts from zeros."""

    class Its(_Session):
        def call(self, x: Array, mask: Array | None = None, initial_state: Any = None) -> Quantities:
            self.state = None
            return super().call(x, mask, initial_state)

    def stateful(self, case: Case) -> OracleSession:
        return self.Its(case)


class IgnoresGivenState(ForgetsState):
    """A state that is given does not replace the one that is kept."""

    class Its(_Session):
        def call(self, x: Array, mask: Array | None = None, initial_state: Any = None) -> Quantities:
            return super().call(x, mask, initial_state if self.state is None else self.state)


class NeverResets(ForgetsState):
    """``reset`` does nothing."""

    class Its(_Session):
        def reset(self) -> None:
            pass


class LosesWeights(ForgetsState):
    """The loaded layer has other weights."""

    class Its(_Session):
        def reload(self) -> bool:
            self.case = self.case.replace(params={name: value * 2 for name, value in self.case.params.items()})
            return super().reload()


class SaysItKeepsState(ForgetsState):
    """It says that the loaded layer goes on with the state, but it does not."""

    class Its(_Session):
        def reload(self) -> bool:
            super().reload()
            return True


class FreshCases(Right):
    """It draws other factors of dropout than those of the case, and says which."""

    cells: Sequence[Mapping[str, Any]] = ({"kind": "SimpleRNN", "dropout": (True,)},)
    refused = ()

    def prepare(self, case: Case) -> Case:
        factors = build_case(SeededChooser(5, case.x.size), dict(case.options) | {"gradients": False}).dropout or {}
        drawn = {name: np.resize(factors[name], value.shape) for name, value in (case.dropout or {}).items()}
        return case.replace(dropout=drawn)

    def observe(self, case: Case) -> Quantities:
        return super().observe(self.prepare(case))
