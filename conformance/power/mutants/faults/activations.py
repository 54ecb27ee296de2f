"""Faults in which activation is taken, and in what is clipped before it."""

from __future__ import annotations

import numpy as np

from ..activations import FUNCTIONS, SLOPES
from ..autodiff import Array, Var
from ..cell_equations import LayerDirection
from ..layer import Textbook


class ClipIgnored(Textbook):
    """The activations' arguments are not clipped, as in ONNX's reference evaluator."""

    def clipped(self, at: LayerDirection, role: str, a: Var) -> Var:
        return a


class ClipSparesTheCell(Textbook):
    """The cell state is not clipped on its way to the output, as in ONNX Runtime 1.31."""

    def clipped(self, at: LayerDirection, role: str, a: Var) -> Var:
        return a if role == "output_activation" else super().clipped(at, role, a)


class ClipAboveOnly(Textbook):
    """The arguments are clipped above and not below."""

    def clipped(self, at: LayerDirection, role: str, a: Var) -> Var:
        if at.cell.clip is None:
            return a
        return a.apply(np.minimum(a.value, at.cell.clip), (a.value < at.cell.clip).astype(a.value.dtype))


class _Activated(Textbook):
    """An activation is taken for another: ``taken`` by name."""

    taken: tuple[str, str]

    def _of(self, name: str) -> str:
        return self.taken[1] if name == self.taken[0] else name

    def activation_value(self, name: str, a: Array) -> Array:
        return super().activation_value(self._of(name), a)

    def activation_slope(self, name: str, y: Array, a: Array) -> Array:
        return super().activation_slope(self._of(name), y, a)


class HardSigmoidOfKeras2(_Activated):
    """The hard sigmoid is 0.2 x + 0.5, that of Keras 2 and ONNX, where Keras 3's is due."""

    taken = ("hard_sigmoid", "hard_sigmoid_keras2")


class HardSigmoidOfKeras3(_Activated):
    """The hard sigmoid is (x + 3) / 6, that of Keras 3 and PyTorch, where Keras 2's is due."""

    taken = ("hard_sigmoid_keras2", "hard_sigmoid")


class ReluIsTanh(_Activated):
    """The activation relu is not looked at: tanh it is."""

    taken = ("relu", "tanh")


class GatesAlwaysSigmoid(Textbook):
    """The activation of the gates is not looked at: the logistic function it is."""

    def activate(self, at: LayerDirection, role: str, a: Var) -> Var:
        if role != "recurrent_activation":
            return super().activate(at, role, a)
        y = FUNCTIONS["sigmoid"](self.clipped(at, role, a).value)
        return self.clipped(at, role, a).apply(y, SLOPES["sigmoid"](y))


class ActivationsExchanged(Textbook):
    """The gates get the candidate's activation, and the candidate the gates'."""

    def activate(self, at: LayerDirection, role: str, a: Var) -> Var:
        other = {"activation": "recurrent_activation", "recurrent_activation": "activation"}
        return super().activate(at, role if at.kind == "SimpleRNN" else other.get(role, role), a)
