"""Faults in directions, layers, and the layout in which a layer is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ....contract import Array, Case
from ..autodiff import Var, concatenate, stop_gradient
from ..cell_equations import LayerDirection
from ..layer import Textbook


class OutputsNotFlipped(Textbook):
    """A backward run's outputs stay in the order of processing: https://github.com/keras-team/keras/issues/1703"""

    def outputs_in_order(self, at: LayerDirection, outputs: Var) -> Var:
        return outputs


class OutputsAlwaysFlipped(Textbook):
    """A backward run's outputs are in their own order even where the order of processing is asked for."""

    def outputs_in_order(self, at: LayerDirection, outputs: Var) -> Var:
        return self.reversed_steps(at, outputs)


class InputNotReversed(Textbook):
    """The backward direction reads its input forward, and only its outputs are flipped."""

    def input_in_order(self, at: LayerDirection, x: Var) -> Var:
        return x


class PaddingReversedToo(Textbook):
    """The whole padded axis is reversed and not each row within its length; see https://github.com/pytorch/pytorch/issues/1811"""

    def reversed_steps(self, at: LayerDirection, sequence: Var) -> Var:
        return sequence[:, ::-1]


class ReversedFromTheEndOfThePadding(Textbook):
    """A backward row's padding is read as input first: https://github.com/onnx/onnx-tensorflow/issues/342"""

    def reversed_steps(self, at: LayerDirection, sequence: Var) -> Var:
        return sequence[:, ::-1]

    def mask_in_order(self, at: LayerDirection, kept: Array | None) -> Array | None:
        return None if at.reverse and at.case.lengths is not None else super().mask_in_order(at, kept)


class BatchReversed(Textbook):
    """Called time-major, the backward outputs are flipped along the batch: https://github.com/tensorflow/tensorflow/issues/39635"""

    def outputs_in_order(self, at: LayerDirection, outputs: Var) -> Var:
        return (
            outputs[::-1]
            if at.case.call_options.get("layout") == "time-major"
            else super().outputs_in_order(at, outputs)
        )


class BackwardHalfFirst(Textbook):
    """The backward direction's half comes first."""

    def merged(self, at: LayerDirection, merge: str, forward: Var, backward: Var) -> Var:
        return super().merged(at, merge, *((backward, forward) if merge == "concat" else (forward, backward)))


class DirectionsInterleaved(Textbook):
    """The axes of direction and features are exchanged: the halves alternate unit by unit."""

    def merged(self, at: LayerDirection, merge: str, forward: Var, backward: Var) -> Var:
        both = super().merged(at, merge, forward, backward)
        size = both.shape[-1]
        return both[..., np.arange(size).reshape(2, -1).T.ravel()] if merge == "concat" else both


class NextLayerGetsTheForwardHalf(Textbook):
    """The next layer is fed the forward half only."""

    def merged(self, at: LayerDirection, merge: str, forward: Var, backward: Var) -> Var:
        return super().merged(at, merge, forward, backward if at.last else backward * 0)


class MergeIgnored(Textbook):
    """Directions that should be multiplied are added."""

    def merged(self, at: LayerDirection, merge: str, forward: Var, backward: Var) -> Var:
        return super().merged(at, "sum" if merge == "mul" else merge, forward, backward)


class AverageNotHalved(Textbook):
    """The average of both directions is their sum."""

    def merged(self, at: LayerDirection, merge: str, forward: Var, backward: Var) -> Var:
        return super().merged(at, "sum" if merge == "ave" else merge, forward, backward)


class OneActivationForBoth(Textbook):
    """The backward cell's activation is not looked at, as in ONNX's reference evaluator."""

    def activate(self, at: LayerDirection, role: str, a: Var) -> Var:
        layers = getattr(at.case.cell, "layers", ())
        other = layers[at.layer].forward if at.reverse and layers and layers[at.layer].forward else at.cell
        a = self.clipped(at, role, a)
        name = str(getattr(other, role) or other.activation)
        value = self.activation_value(name, a.value)
        return a.apply(value, self.activation_slope(name, value, a.value))


class BackwardHasForwardWeights(Textbook):
    """The backward direction's recurrent kernel is the forward one's."""

    def weights(self, prefix: str, cell: Any, params: Mapping[str, Var]) -> Mapping[str, Var]:
        its = super().weights(prefix, cell, params)
        return {
            **its,
            "recurrent_kernel": params.get(
                prefix.replace("_reverse", "") + "recurrent_kernel", its["recurrent_kernel"]
            ),
        }


class LayersShareTheRecurrentKernel(Textbook):
    """Every layer has the first layer's recurrent kernel."""

    def weights(self, prefix: str, cell: Any, params: Mapping[str, Var]) -> Mapping[str, Var]:
        first = "l0" + prefix[2:] if prefix else ""
        return {**super().weights(prefix, cell, params), "recurrent_kernel": params[first + "recurrent_kernel"]}


class LastOutputAtTheLastStep(Textbook):
    """Without sequences, the backward direction's output is that of the last step, which it processes first."""

    def last_output(self, at: LayerDirection, outputs: Var) -> Var:
        return outputs[:, -1:] if at.case.output_order == "original" else outputs[:, :1]


class SequencesOfTheLastStepBetweenLayers(Textbook):
    """Without sequences, a layer gets the last output of the one before, again and again."""

    def layer_input(self, case: Case, layer: int, inputs: Var, factors: Array | None) -> Var:
        if layer and not case.return_sequences:
            inputs = concatenate([inputs[:, -1:]] * inputs.shape[1], axis=1)
        return super().layer_input(case, layer, inputs, factors)


class LayersBeyondTheSecondSkipped(Textbook):
    """A third layer gets what the second one got."""

    second_input: Var | None = None

    def layer_input(self, case: Case, layer: int, inputs: Var, factors: Array | None) -> Var:
        if layer == 2 and self.second_input is not None and self.second_input.shape == inputs.shape:
            inputs = self.second_input
        self.second_input = super().layer_input(case, layer, inputs, factors)
        return self.second_input


class BatchFirstForgotten(Textbook):
    """Called batch-major, the outputs are time-major: https://github.com/exe1023/LSTM_LN/issues/1"""

    def outputs_in_layout(self, layout: str, outputs: Var) -> Var:
        return outputs.swapaxes(0, 1) if layout == "batch-major" else super().outputs_in_layout(layout, outputs)


class TimeMajorForgotten(Textbook):
    """Called time-major, the outputs are batch-major."""

    def outputs_in_layout(self, layout: str, outputs: Var) -> Var:
        return outputs if layout == "time-major" else super().outputs_in_layout(layout, outputs)


class ReadInMemoryOrder(Textbook):
    """Called time-major, the outputs are reshaped and not transposed."""

    def outputs_in_layout(self, layout: str, outputs: Var) -> Var:
        if layout != "time-major":
            return super().outputs_in_layout(layout, outputs)
        batch, time, _ = outputs.shape
        places = np.arange(batch * time).reshape(time, batch)
        return outputs[places // time, places % time] if time else outputs.swapaxes(0, 1)


class UnbatchedOutputKeepsItsBatch(Textbook):
    """Called without a batch axis, the outputs have one."""

    def outputs_in_layout(self, layout: str, outputs: Var) -> Var:
        return outputs if layout == "unbatched" else super().outputs_in_layout(layout, outputs)


class SqueezesTooMuch(Textbook):
    """Outputs are squeezed: where there is one row, step or unit, its axis is gone."""

    def outputs_in_layout(self, layout: str, outputs: Var) -> Var:
        found = super().outputs_in_layout(layout, outputs)
        return stop_gradient(found.value.squeeze()) if 1 in found.shape else found
