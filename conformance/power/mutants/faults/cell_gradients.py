"""Faults in the gradients of a cell; every value is right.

`stop_gradient` cuts the path of a gradient, `straight_through` exchanges it.
"""

from __future__ import annotations

import numpy as np

from ....contract import Array, Case
from ..activations import SLOPES
from ..autodiff import Var, blocks, concatenate, stop_gradient, straight_through
from ..cell_equations import LayerDirection, State
from ..layer import Textbook


class InputBiasGradientDropped(Textbook):
    """The gradient of the input's bias is zeros."""

    def bias(self, at: LayerDirection, t: int) -> Var | None:
        bias = super().bias(at, t)
        return None if bias is None else stop_gradient(bias)


class RecurrentBiasGradientDropped(Textbook):
    """The gradient of the recurrent bias is zeros."""

    def recurrent_bias(self, at: LayerDirection, t: int) -> Var | None:
        bias = super().recurrent_bias(at, t)
        return None if bias is None else stop_gradient(bias)


class RecurrentBiasGradientIsTheInputs(Textbook):
    """The GRU's recurrent bias gets the gradient of the input's, although the reset gate multiplies it."""

    def returned_gradients(self, case: Case, found: dict[str, Array]) -> dict[str, Array]:
        own = {name: found.get(name.replace("recurrent_bias", "bias")) for name in found if "recurrent_bias" in name}
        return found | {name: value for name, value in own.items() if value is not None}


class BiasGradientOfTheForgetGate(Textbook):
    """i and o get the forget gate's bias gradient: https://github.com/hanbt/learn_dl/issues/53"""

    def returned_gradients(self, case: Case, found: dict[str, Array]) -> dict[str, Array]:
        def wrong(d: Array) -> Array:
            _, f, g, _ = np.split(d, 4)
            return np.concatenate([f, f, g, f])

        its = {name for name in found if name.endswith("bias") and case.kind == "LSTM"}
        return found | {name: wrong(found[name]) for name in its}


class InitialStateMissingInTheKernelGradient(Textbook):
    """The gradient of the recurrent kernel leaves out the first step, whose state is the initial one."""

    def recurrent_kernel(self, at: LayerDirection, t: int) -> Var:
        kernel = super().recurrent_kernel(at, t)
        return stop_gradient(kernel) if t == 0 else kernel


class KernelGradientOfTheLastStep(Textbook):
    """The gradient of the kernel is that of the last step, and not the sum over all."""

    def kernel(self, at: LayerDirection, t: int) -> Var:
        kernel = super().kernel(at, t)
        return kernel if t == at.case.x.shape[1] - 1 else stop_gradient(kernel)


class RecurrentGradientTransposed(Textbook):
    """The gradient of a square recurrent kernel is transposed."""

    def returned_gradients(self, case: Case, found: dict[str, Array]) -> dict[str, Array]:
        names = [n for n in found if n.endswith("recurrent_kernel") and len(set(found[n].shape)) == 1]
        return found | {name: found[name].T for name in names}


class KernelGradientFromTheWrongInput(Textbook):
    """A middle layer's kernel gets the gradient of another input: https://github.com/apache/mxnet/pull/18203"""

    def product(self, at: LayerDirection, v: Var, kernel: Var, factors: Array | None) -> Var:
        right = super().product(at, v, kernel, factors)
        if not at.layer or at.last or kernel is not at.params["kernel"]:
            return right
        other = stop_gradient(np.roll(v.value, 1, axis=1))
        return straight_through(right, super().product(at, v, stop_gradient(kernel), factors) + other @ kernel)


class DerivativeAtTheArgument(Textbook):
    """The formula for the slope from the value gets the argument: 1 - x² for tanh."""

    def activation_slope(self, name: str, y: Array, a: Array) -> Array:
        return SLOPES[name](a)


class ReluSlopeOneAtZero(Textbook):
    """The slope of relu at exactly 0 is 1."""

    def activation_slope(self, name: str, y: Array, a: Array) -> Array:
        return (a >= 0).astype(y.dtype) if name == "relu" else super().activation_slope(name, y, a)


class HardSigmoidSlopeOfKeras2(Textbook):
    """The hard sigmoid's slope is 1/5, that of Keras 2, and its values Keras 3's."""

    def activation_slope(self, name: str, y: Array, a: Array) -> Array:
        return super().activation_slope("hard_sigmoid_keras2" if name == "hard_sigmoid" else name, y, a)


class HardSigmoidSlopeEverywhere(Textbook):
    """The hard sigmoid's slope is the same where it is flat."""

    def activation_slope(self, name: str, y: Array, a: Array) -> Array:
        return np.full_like(y, 1 / 6) if name == "hard_sigmoid" else super().activation_slope(name, y, a)


class SigmoidSlopeOfTanh(Textbook):
    """The gates are pulled back by the slope of tanh."""

    def activation_slope(self, name: str, y: Array, a: Array) -> Array:
        return super().activation_slope("tanh" if name == "sigmoid" else name, y, a)


class ClipPassesTheGradient(Textbook):
    """What was clipped passes its gradient on."""

    def clipped(self, at: LayerDirection, role: str, a: Var) -> Var:
        return straight_through(super().clipped(at, role, a), a)


class ForgottenPathToTheCellBefore(Textbook):
    """The cell state passes no gradient to the one before it."""

    def cell_state(self, f: Var, c: Var, i: Var, g: Var) -> Var:
        return super().cell_state(f, stop_gradient(c), i, g)


class ForgetGateFromTheNewCell(Textbook):
    """The forget gate gets the gradient that the cell state after the step would give it, and not the one before."""

    def cell_state(self, f: Var, c: Var, i: Var, g: Var) -> Var:
        after = super().cell_state(f, c, i, g)
        return straight_through(after, f * stop_gradient(after) + stop_gradient(f) * c + i * g)


class OutputGateFromThePlainCell(Textbook):
    """The output gate gets the gradient of o c and not of o ψ(c)."""

    def hidden_state(self, o: Var, c: Var, shown: Var) -> Var:
        return straight_through(o * shown, o * stop_gradient(c) + stop_gradient(o) * shown)


class PeepholeGradientDropped(Textbook):
    """The gradient of the peepholes is zeros."""

    def peepholes(self, at: LayerDirection) -> list[Var]:
        return [stop_gradient(p) for p in super().peepholes(at)]


class PeepholesPassNothingToTheCell(Textbook):
    """The output gate's peephole passes no gradient to the cell: see https://github.com/tensorflow/tensorflow/issues/34171"""

    def peephole_cell(self, before: Var, after: Var) -> Var:
        return stop_gradient(after)


class ProjectionGradientDropped(Textbook):
    """The gradient of the projection's kernel is zeros."""

    def projected(self, at: LayerDirection, t: int, h: Var) -> Var:
        return h @ stop_gradient(at.params["projection_kernel"]) if at.cell.proj_size else h


class ResetGateWithoutGradient(Textbook):
    """The GRU's reset gate gets no gradient."""

    def candidate(self, at: LayerDirection, t: int, x_n: Var, h: Var, r: Var) -> Var:
        return super().candidate(at, t, x_n, h, stop_gradient(r))


class UpdateGateGradientOfTheOtherSign(Textbook):
    """The GRU's update gate gets the gradient of n + h and not of h - n."""

    def interpolated(self, at: LayerDirection, z: Var, h: Var, n: Var) -> Var:
        passed = stop_gradient(z) * h + stop_gradient(1 - z) * n
        return straight_through(super().interpolated(at, z, h, n), passed + z * stop_gradient(h) + z * stop_gradient(n))


class KeptStateWithoutGradient(Textbook):
    """The GRU's state passes no gradient to the one before it but through the gates."""

    def interpolated(self, at: LayerDirection, z: Var, h: Var, n: Var) -> Var:
        return super().interpolated(at, z, stop_gradient(h), n)


class ResetStateGradientUnreset(Textbook):
    """A GRU that resets before the product passes the gradient of h U and not of (r h) U to the state."""

    def reset_before(self, at: LayerDirection, t: int, h: Var, r: Var) -> Var:
        right = super().reset_before(at, t, h, r)
        return straight_through(right, self.recurrent(at, t, straight_through(r * h, r * stop_gradient(h) + h), 2))


class RecurrentDropoutIgnoredInBackward(Textbook):
    """Dropout multiplies the values, but not the gradients."""

    def dropped(self, v: Var, factors: Array) -> Var:
        return straight_through(v * factors, v)


class CutAfterOneStep(Textbook):
    """Gradients go one step back through the state and no further."""

    def step(self, at: LayerDirection, t: int, x: Var, state: State) -> State:
        cut = t and t % 2 == 0
        return super().step(at, t, x, tuple(stop_gradient(part) for part in state) if cut else state)


class GatesSplitWrongly(Textbook):
    """The LSTM's gradients of i and f are exchanged on their way to the weights."""

    def split(self, at: LayerDirection, a: Var, gates: int) -> list[Var]:
        found = super().split(at, a, gates)
        if at.kind != "LSTM":
            return found
        i, f, g, o = blocks(a, 4)
        passed = blocks(concatenate([f, i, g, o]), 4)
        return [straight_through(right, other) for right, other in zip(found, passed, strict=True)]
