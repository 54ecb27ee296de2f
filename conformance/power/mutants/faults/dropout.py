"""Faults in dropout, whose factors are given: 0, or 1 / (1 - rate)."""

from __future__ import annotations

import numpy as np

from ....contract import Array, Case
from ..autodiff import Var
from ..cell_equations import LayerDirection
from ..layer import Textbook


class RecurrentDropoutAtInputRate(Textbook):
    """Recurrent dropout looks at the rate of input dropout: https://github.com/keras-team/keras/pull/19397"""

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        found = super().factors(at, t, name)
        if name == "input" or found is None:
            return found
        its = super().factors(at, t, "input")
        return None if its is None else (found != 0) * its.max(initial=0)


class InputDropoutIgnored(Textbook):
    """The input is not dropped."""

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        return None if name == "input" else super().factors(at, t, name)


class RecurrentDropoutIgnored(Textbook):
    """The state is not dropped."""

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        return None if name == "recurrent" else super().factors(at, t, name)


class ScaleMissing(Textbook):
    """What is not dropped is not multiplied by 1 / (1 - rate)."""

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        found = super().factors(at, t, name)
        return None if found is None else (found != 0).astype(found.dtype)


class ScaleSquared(Textbook):
    """What is not dropped is multiplied by 1 / (1 - rate) twice."""

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        found = super().factors(at, t, name)
        return None if found is None else found * found


class FactorsDrawnAnewEachStep(Textbook):
    """Factors that hold for the whole sequence are drawn for each step: https://github.com/tensorflow/tensorflow/issues/38922"""

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        found = super().factors(at, t, name)
        return None if found is None else np.roll(found, t, axis=-1)


class OneFactorForAllGates(Textbook):
    """Each gate gets the first gate's factors: https://github.com/tensorflow/tensorflow/issues/40215"""

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        found = super().factors(at, t, name)
        return found[0] if found is not None and found.ndim == 3 else found


class FactorsOfTheGatesExchanged(Textbook):
    """The gates' factors are in another order than the gates."""

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        found = super().factors(at, t, name)
        return found[::-1] if found is not None and found.ndim == 3 else found


class FactorsOfTheFirstRow(Textbook):
    """All rows have the first row's factors."""

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        found = super().factors(at, t, name)
        return None if found is None else np.broadcast_to(found[..., :1, :], found.shape)


class StaleFactors(Textbook):
    """Factors are drawn once and used in every call: https://github.com/tensorflow/tensorflow/issues/29391"""

    def __init__(self) -> None:
        self.drawn: dict[tuple[object, ...], Array] = {}

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        found = super().factors(at, t, name)
        return None if found is None else self.drawn.setdefault((name, found.shape, found.dtype), found)


class KeptStateDroppedToo(Textbook):
    """Recurrent dropout drops the state that the GRU's update gate keeps as well."""

    def interpolated(self, at: LayerDirection, z: Var, h: Var, n: Var) -> Var:
        factors = at.dropout.get("recurrent")
        if factors is not None:
            h = h * (factors if factors.ndim == 2 else factors[0])
        return super().interpolated(at, z, h, n)


class DropoutInEvaluation(Textbook):
    """A layer that is not being trained drops nothing, but still multiplies by 1 / (1 - rate)."""

    def layer_input(self, case: Case, layer: int, inputs: Var, factors: Array | None) -> Var:
        return super().layer_input(
            case, layer, inputs * 2 if case.call_options.get("idle_dropout") else inputs, factors
        )


class BetweenDropoutIgnored(Textbook):
    """Nothing is dropped between layers, as in PyTorch's decomposed layers."""

    def layer_input(self, case: Case, layer: int, inputs: Var, factors: Array | None) -> Var:
        return inputs


class BetweenDropoutOnce(Textbook):
    """There is dropout between the first two layers only."""

    def layer_input(self, case: Case, layer: int, inputs: Var, factors: Array | None) -> Var:
        return super().layer_input(case, layer, inputs, factors if layer == 1 else None)


class BetweenFactorsOfTheFirstStep(Textbook):
    """Between layers each step has the first step's factors."""

    def layer_input(self, case: Case, layer: int, inputs: Var, factors: Array | None) -> Var:
        first = None if factors is None else np.broadcast_to(factors[:, :1], factors.shape)
        return super().layer_input(case, layer, inputs, first)


class BetweenScaleMissing(Textbook):
    """Between layers, what is not dropped is not multiplied by 1 / (1 - rate)."""

    def layer_input(self, case: Case, layer: int, inputs: Var, factors: Array | None) -> Var:
        return super().layer_input(
            case, layer, inputs, None if factors is None else (factors != 0).astype(factors.dtype)
        )


class DropsAfterTheLastLayer(Textbook):
    """Dropout between layers comes after the last one as well."""

    def merged(self, at: LayerDirection, merge: str, forward: Var, backward: Var) -> Var:
        return self._dropped(at, super().merged(at, merge, forward, backward))

    def returned_outputs(self, at: LayerDirection, outputs: list[Var], zeros: Var) -> Var:  # type: ignore[override]
        found = super().returned_outputs(at, outputs, zeros)
        both = getattr(at.case.cell, "layers", (None,))[at.layer]
        return found if both is not None and both.forward and both.backward else self._dropped(at, found)

    def _dropped(self, at: LayerDirection, outputs: Var) -> Var:
        factors = (at.case.dropout or {}).get("l1.between")
        return outputs * factors if at.last and factors is not None and factors.shape == outputs.shape else outputs
