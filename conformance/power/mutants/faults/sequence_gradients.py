"""Faults in the gradients of a sequence and of layers: states, masks, directions, merges, sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ....contract import Array, Case
from ..autodiff import Var, concatenate, stop_gradient, straight_through, where
from ..cell_equations import LayerDirection, State
from ..layer import Textbook


class HiddenCotangentIgnored(Textbook):
    """The cotangent of the final h is not looked at."""

    def final_state(self, at: LayerDirection, states: Sequence[State], computed: Sequence[State]) -> State:
        h, *c = super().final_state(at, states, computed)
        return (stop_gradient(h), *c)


class CellCotangentIgnored(Textbook):
    """The cotangent of the final c is not looked at."""

    def final_state(self, at: LayerDirection, states: Sequence[State], computed: Sequence[State]) -> State:
        h, *c = super().final_state(at, states, computed)
        return (h, *(stop_gradient(part) for part in c))


class StateCotangentOfTheLastLayerOnly(Textbook):
    """The cotangents of the lower layers' final states are not looked at."""

    def final_state(self, at: LayerDirection, states: Sequence[State], computed: Sequence[State]) -> State:
        state = super().final_state(at, states, computed)
        return state if at.last else tuple(stop_gradient(part) for part in state)


class StateCotangentOfMaskedRowsLost(Textbook):
    """The cotangent of the final state reaches only rows that run to the last step."""

    def final_state(self, at: LayerDirection, states: Sequence[State], computed: Sequence[State]) -> State:
        if len(states) == 1:
            return states[-1]
        return tuple(
            where((new.value == held.value).all(axis=1, keepdims=True), held, stop_gradient(held))
            for held, new in zip(states[-1], computed[-1], strict=True)
        )


class OnlyTheLastOutputPullsBack(Textbook):
    """Only the last step's output passes a gradient; one step's did in https://github.com/pjreddie/darknet/issues/2366"""

    def returned_outputs(self, at: LayerDirection, outputs: Sequence[Var], zeros: Var) -> Var:
        return super().returned_outputs(at, [*map(stop_gradient, outputs[:-1]), *outputs[-1:]], zeros)


class HiddenGradientMissing(Textbook):
    """The gradient of the initial h is zeros."""

    def returned_gradients(self, case: Case, found: dict[str, Array]) -> dict[str, Array]:
        return found | {name: found[name] * 0 for name in found if name.startswith("d_initial") and name.endswith("h")}


class CellGradientMissing(Textbook):
    """The gradient of the initial c is zeros."""

    def returned_gradients(self, case: Case, found: dict[str, Array]) -> dict[str, Array]:
        return found | {name: found[name] * 0 for name in found if name.startswith("d_initial") and name.endswith("c")}


class MaskedStepsLeakGradient(Textbook):
    """The state that a masked step computes and sets aside gets the gradient all the same."""

    def masked_state(self, at: LayerDirection, t: int, keep: Array | None, after: State, before: State) -> State:
        held = super().masked_state(at, t, keep, after, before)
        if keep is None:
            return held
        zeros = [where(keep, part * 0, part) for part in before]
        return tuple(straight_through(h, new + zero) for h, new, zero in zip(held, after, zeros, strict=True))


class HeldStateWithoutGradient(Textbook):
    """A masked step passes no gradient to the state that it leaves alone."""

    def masked_state(self, at: LayerDirection, t: int, keep: Array | None, after: State, before: State) -> State:
        return super().masked_state(at, t, keep, after, tuple(stop_gradient(part) for part in before))


class RepeatedOutputWithoutGradient(Textbook):
    """The cotangent of an output that is repeated is dropped."""

    def step_output(
        self, at: LayerDirection, t: int, keep: Array | None, after: State, held: State, before: Var
    ) -> Var:
        return super().step_output(at, t, keep, after, held, stop_gradient(before))


class PaddingOutputsPullBack(Textbook):
    """The cotangents of outputs that are zeros by the mask are not set aside."""

    def step_output(
        self, at: LayerDirection, t: int, keep: Array | None, after: State, held: State, before: Var
    ) -> Var:
        found = super().step_output(at, t, keep, after, held, before)
        return straight_through(found, held[0]) if keep is not None and self.masks_with_zeros(at) else found


class CotangentsNotFlipped(Textbook):
    """A backward run's cotangents are not flipped with its outputs."""

    def outputs_in_order(self, at: LayerDirection, outputs: Var) -> Var:
        return straight_through(super().outputs_in_order(at, outputs), outputs)


class InputGradientNotFlipped(Textbook):
    """A backward run's gradient of the input is not flipped back."""

    def input_in_order(self, at: LayerDirection, x: Var) -> Var:
        return straight_through(super().input_in_order(at, x), x)


class InputGradientOfOneDirection(Textbook):
    """The input's gradient is the forward direction's alone."""

    def input_in_order(self, at: LayerDirection, x: Var) -> Var:
        stacked = hasattr(at.case.cell, "layers") and at.case.cell.layers[at.layer].forward is not None
        found = super().input_in_order(at, x)
        return stop_gradient(found) if at.reverse and stacked else found


class BackwardHalfOverwritten(Textbook):
    """Below the last layer the backward half's cotangent is lost: https://github.com/apache/mxnet/pull/18203"""

    def merged(self, at: LayerDirection, merge: str, forward: Var, backward: Var) -> Var:
        return super().merged(at, merge, forward, backward if at.last else stop_gradient(backward))


class CotangentHalvesExchanged(Textbook):
    """The halves of the cotangent go to the wrong directions."""

    def merged(self, at: LayerDirection, merge: str, forward: Var, backward: Var) -> Var:
        right = super().merged(at, merge, forward, backward)
        return straight_through(right, concatenate([backward, forward])) if merge == "concat" else right


class AveragePassesTheWholeCotangent(Textbook):
    """The average of both directions passes each of them the whole cotangent."""

    def merged(self, at: LayerDirection, merge: str, forward: Var, backward: Var) -> Var:
        right = super().merged(at, merge, forward, backward)
        return straight_through(right, forward + backward) if merge == "ave" else right


class ProductPulledBackByItself(Textbook):
    """In the product of both directions each gets its own outputs for a slope and not the other's."""

    def merged(self, at: LayerDirection, merge: str, forward: Var, backward: Var) -> Var:
        right = super().merged(at, merge, forward, backward)
        return straight_through(right, (forward * forward + backward * backward) / 2) if merge == "mul" else right


class BetweenDropoutIgnoredInBackward(Textbook):
    """Dropout between layers multiplies the values, but not the gradients."""

    def layer_input(self, case: Case, layer: int, inputs: Var, factors: Array | None) -> Var:
        return inputs if factors is None else straight_through(inputs * factors, inputs)


class FirstFactorsInBackward(Textbook):
    """Between layers the first step's factors multiply the gradients of all."""

    def layer_input(self, case: Case, layer: int, inputs: Var, factors: Array | None) -> Var:
        if factors is None:
            return inputs
        return straight_through(inputs * factors, inputs * np.broadcast_to(factors[:, :1], factors.shape))


class AveragedOverTime(Textbook):
    """The gradients of the parameters are averages over the steps and not sums."""

    def returned_gradients(self, case: Case, found: dict[str, Array]) -> dict[str, Array]:
        steps = max(case.x.shape[1], 1)
        return found | {name: found[name] / steps for name in found if name.startswith("d_params")}


class AveragedOverTheBatch(Textbook):
    """The gradients of the parameters are averages over the rows and not sums."""

    def returned_gradients(self, case: Case, found: dict[str, Array]) -> dict[str, Array]:
        rows = max(len(case.x), 1)
        return found | {name: found[name] / rows for name in found if name.startswith("d_params")}


class GradientsAddUp(Textbook):
    """The gradients of the parameters are added to what the call before left in their buffers."""

    def __init__(self) -> None:
        self.left: dict[tuple[object, ...], Array] = {}

    def returned_gradients(self, case: Case, found: dict[str, Array]) -> dict[str, Array]:
        for name in [name for name in found if name.startswith("d_params")]:
            place = (name, found[name].shape, found[name].dtype)
            self.left[place] = found[name] = found[name] + self.left.get(place, 0)
        return found


class CutAfterTenSteps(Textbook):
    """Gradients go ten steps back through the state and no further: a window that nobody asked for."""

    def step(self, at: LayerDirection, t: int, x: Var, state: State) -> State:
        ten_from_the_end = t == at.case.x.shape[1] - 10 and t > 0
        return super().step(at, t, x, tuple(map(stop_gradient, state)) if ten_from_the_end else state)


class LowerLayersWithoutGradient(Textbook):
    """Layers below the last get no gradient from above."""

    def layer_input(self, case: Case, layer: int, inputs: Var, factors: Array | None) -> Var:
        return super().layer_input(case, layer, stop_gradient(inputs) if layer else inputs, factors)


class LowerLayersInitialGradientMissing(Textbook):
    """Only the first layer's initial states get a gradient."""

    def initial_state_of(self, prefix: str, cell: object, initial: Mapping[str, Var]) -> State:
        state = super().initial_state_of(prefix, cell, initial)
        return tuple(stop_gradient(part) for part in state) if prefix and not prefix.startswith("l0") else state
