"""Faults in the equations of a cell: gates, their order, biases, peepholes."""

from __future__ import annotations

from collections.abc import Sequence

from ..autodiff import Var, blocks, concatenate
from ..cell_equations import LayerDirection
from ..layer import Textbook


class ResetBefore(Textbook):
    """A GRU that should reset after the recurrent product resets before it: https://github.com/onnx/keras-onnx/pull/33"""

    def reset_after(self, at: LayerDirection, t: int, h: Var, r: Var) -> Var:
        return self.reset_before(at, t, h, r)


class ResetAfter(Textbook):
    """A GRU that should reset before the recurrent product resets after it."""

    def reset_before(self, at: LayerDirection, t: int, h: Var, r: Var) -> Var:
        return r * self.recurrent(at, t, h, 2)


class RecurrentBiasOutsideReset(Textbook):
    """The GRU's recurrent bias of the candidate is added outside the reset product."""

    def reset_after(self, at: LayerDirection, t: int, h: Var, r: Var) -> Var:
        bias = self.recurrent_bias(at, t)
        product = self.recurrent(at, t, h, 2)
        if bias is None:
            return r * product
        its = blocks(bias, 3)[2]
        return r * (product - its) + its


class ResetGatesTheInputToo(Textbook):
    """The GRU's reset gate multiplies the input's part of the candidate as well."""

    def candidate(self, at: LayerDirection, t: int, x_n: Var, h: Var, r: Var) -> Var:
        return r * x_n + (super().candidate(at, t, x_n, h, r) - x_n)


class ScratchNotCleared(Textbook):
    """Without a recurrent bias the GRU's buffer for ``h U_n`` adds up: https://github.com/microsoft/onnxruntime/pull/3893"""

    scratch: Var | None = None

    def reset_after(self, at: LayerDirection, t: int, h: Var, r: Var) -> Var:
        product = self.recurrent(at, t, h, 2)
        if self.recurrent_bias(at, t) is None and t and self.scratch is not None:
            product = product + self.scratch
        self.scratch = product
        return r * product


class UpdateGateInverted(Textbook):
    """The GRU's z and 1 - z are exchanged, as the papers do: https://github.com/pytorch/pytorch/issues/20129"""

    def interpolated(self, at: LayerDirection, z: Var, h: Var, n: Var) -> Var:
        return (1 - z) * h + z * n


class _Reordered(Textbook):
    """Gates are read from other blocks of the weights."""

    kind: str
    order: Sequence[int]

    def block(self, at: LayerDirection, gate: int) -> int:
        return self.order[gate] if at.kind == self.kind else gate


class UpdateAndResetExchanged(_Reordered):
    """The GRU's weights are read in the order r z n, PyTorch's."""

    kind, order = "GRU", (1, 0, 2)


class UpdateAndCandidateExchanged(_Reordered):
    """The GRU's weights are read in the order n r z."""

    kind, order = "GRU", (2, 1, 0)


class InputAndForgetExchanged(_Reordered):
    """The LSTM's weights are read in the order f i g o."""

    kind, order = "LSTM", (1, 0, 2, 3)


class CandidateAndOutputExchanged(_Reordered):
    """The LSTM's weights are read in the order i f o g."""

    kind, order = "LSTM", (0, 1, 3, 2)


class GatesInOrderOfOnnx(_Reordered):
    """The LSTM's weights are read in ONNX's order, i o f g."""

    kind, order = "LSTM", (0, 2, 3, 1)


class GatesInOrderOfTensorFlow1(_Reordered):
    """The LSTM's weights are read in the order of TensorFlow 1, i g f o."""

    kind, order = "LSTM", (0, 2, 1, 3)


class InputBiasDropped(Textbook):
    """The bias of the input's product is left out."""

    def bias(self, at: LayerDirection, t: int) -> Var | None:
        return None


class RecurrentBiasDropped(Textbook):
    """The bias of the recurrent product is left out."""

    def recurrent_bias(self, at: LayerDirection, t: int) -> Var | None:
        return None


class BiasAtTheFirstStepOnly(Textbook):
    """The bias is there at the first step only."""

    def bias(self, at: LayerDirection, t: int) -> Var | None:
        return super().bias(at, t) if t == 0 else None


class BiasOfAnotherGate(Textbook):
    """Each gate gets the bias of the gate before it."""

    def bias(self, at: LayerDirection, t: int) -> Var | None:
        return _turned(at, super().bias(at, t))


class RecurrentBiasOfAnotherGate(Textbook):
    """Each gate gets the recurrent bias of the gate before it."""

    def recurrent_bias(self, at: LayerDirection, t: int) -> Var | None:
        return _turned(at, super().recurrent_bias(at, t))


def _turned(at: LayerDirection, bias: Var | None) -> Var | None:
    if bias is None:
        return None
    *others, last = blocks(bias, len(at.cell.gate_order))
    return concatenate([last, *others])


class BiasInAnotherOrder(Textbook):
    """The GRU's bias is z r n where the weights are r z n: https://github.com/openvinotoolkit/openvino/pull/17651"""

    def bias(self, at: LayerDirection, t: int) -> Var | None:
        bias = super().bias(at, t)
        if at.kind != "GRU" or bias is None:
            return bias
        z, r, n = blocks(bias, 3)
        return concatenate([r, z, n])


class ForgetBiasAfterSigmoid(Textbook):
    """The forget bias is added to the forget gate and not to its argument."""

    def forget_gate(self, at: LayerDirection, i: Var, a_f: Var) -> Var:
        if at.cell.input_forget or not at.cell.forget_bias:
            return super().forget_gate(at, i, a_f)
        return self.activate(at, "recurrent_activation", a_f) + float(at.cell.forget_bias)


class ForgetBiasDropped(Textbook):
    """The forget bias is left out."""

    def forget_gate(self, at: LayerDirection, i: Var, a_f: Var) -> Var:
        return 1 - i if at.cell.input_forget else self.activate(at, "recurrent_activation", a_f)


class CoupledGateIgnored(Textbook):
    """With ``input_forget`` the forget gate is its own still, as in ONNX's reference evaluator."""

    def forget_gate(self, at: LayerDirection, i: Var, a_f: Var) -> Var:
        if not at.cell.input_forget:
            return super().forget_gate(at, i, a_f)
        return self.activate(at, "recurrent_activation", a_f)


class CoupledGateIsTheInputGate(Textbook):
    """With ``input_forget`` f is i and not 1 - i."""

    def forget_gate(self, at: LayerDirection, i: Var, a_f: Var) -> Var:
        return i if at.cell.input_forget else super().forget_gate(at, i, a_f)


class GatesAddedToTheCell(Textbook):
    """The cell gets i + g and not i g: https://github.com/MartinuzziFrancesco/torchrecurrent/issues/22"""

    def cell_state(self, f: Var, c: Var, i: Var, g: Var) -> Var:
        return f * c + i + g


class CellShownPlain(Textbook):
    """The LSTM's output is o c: the activation of c is left out. https://github.com/XiaLiPKU/RESCAN/issues/2"""

    def activated_cell(self, at: LayerDirection, c: Var) -> Var:
        return c


class OutputActivationIgnored(Textbook):
    """The cell state goes through the candidate's activation even where it has one of its own."""

    def activated_cell(self, at: LayerDirection, c: Var) -> Var:
        return self.activate(at, "activation", c)


class PeepholesDropped(Textbook):
    """The peepholes are left out."""

    def peepholes(self, at: LayerDirection) -> list[Var]:
        return [p * 0 for p in super().peepholes(at)]


class PeepholesInAnotherOrder(Textbook):
    """The peepholes are read in the order i o f: https://github.com/webmachinelearning/webnn-baseline/pull/81"""

    def peepholes(self, at: LayerDirection) -> list[Var]:
        i, f, o = super().peepholes(at)
        return [i, o, f]


class OutputGateSeesTheCellBefore(Textbook):
    """The output gate's peephole looks at the cell state before the step and not after it."""

    def peephole_cell(self, before: Var, after: Var) -> Var:
        return before


class PeepholeAfterActivation(Textbook):
    """The output gate's peephole is added after its activation: https://github.com/Lasagne/Lasagne/issues/448"""

    def output_gate(self, at: LayerDirection, a_o: Var, peeped: Var | None) -> Var:
        o = self.activate(at, "recurrent_activation", a_o)
        return o if peeped is None else o + peeped
