"""Faults in the states: initial, final, handed from layer to layer, and kept from call to call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....contract import Array, Case, Quantities
from ..autodiff import Var
from ..cell_equations import LayerDirection, State
from ..layer import Textbook
from ..stateful_layer import StatefulLayer


class CellStartsAsHidden(Textbook):
    """The LSTM's initial cell state is taken from the initial hidden state."""

    def initial_state_of(self, prefix: str, cell: Any, initial: Mapping[str, Var]) -> State:
        h, *c = super().initial_state_of(prefix, cell, initial)
        return (h, h) if c and h.shape == c[0].shape else (h, *c)


class StatesExchanged(Textbook):
    """The LSTM's initial states are taken in the order c h: https://github.com/neulab/xnmt/issues/223"""

    def initial_state_of(self, prefix: str, cell: Any, initial: Mapping[str, Var]) -> State:
        state = super().initial_state_of(prefix, cell, initial)
        return state[::-1] if state[0].shape == state[-1].shape else state


class FinalStatesExchanged(Textbook):
    """The LSTM's final states are given in the order c h."""

    def final_state(self, at: LayerDirection, states: Sequence[State], computed: Sequence[State]) -> State:
        state = super().final_state(at, states, computed)
        return state[::-1] if state[0].shape == state[-1].shape else state


class InitialStateIgnored(Textbook):
    """Every sequence starts from zeros."""

    def initial_state_of(self, prefix: str, cell: Any, initial: Mapping[str, Var]) -> State:
        return tuple(part * 0 for part in super().initial_state_of(prefix, cell, initial))


class InitialCellIgnored(Textbook):
    """The LSTM's cell state starts from zeros."""

    def initial_state_of(self, prefix: str, cell: Any, initial: Mapping[str, Var]) -> State:
        h, *c = super().initial_state_of(prefix, cell, initial)
        return (h, *(part * 0 for part in c))


class LayersStartLikeTheFirst(Textbook):
    """Every layer starts from the first one's initial state."""

    def initial_state_of(self, prefix: str, cell: Any, initial: Mapping[str, Var]) -> State:
        return super().initial_state_of("l0" + prefix[2:] if prefix else prefix, cell, initial)


class DirectionsStartAlike(Textbook):
    """The backward direction starts from the forward one's initial state."""

    def initial_state_of(self, prefix: str, cell: Any, initial: Mapping[str, Var]) -> State:
        other = prefix.replace("_reverse", "")
        return super().initial_state_of(other if f"{other}h" in initial else prefix, cell, initial)


class BackwardStartsWhereForwardEnded(Textbook):
    """The backward direction starts from the forward direction's final state."""

    ended: State | None = None

    def run_direction(self, at: LayerDirection, x: Var, state: State) -> tuple[Var, State]:
        if at.reverse and self.ended is not None:
            state = self.ended
        outputs, final = super().run_direction(at, x, state)
        self.ended = None if at.reverse or not hasattr(at.case.cell, "layers") else final
        return outputs, final


class FinalStatesByDirection(Textbook):
    """The final states are given direction by direction and not layer by layer."""

    def run_layers(
        self, case: Case, params: Mapping[str, Var], x: Var, initial: Mapping[str, Var]
    ) -> tuple[Var, Mapping[str, Var]]:
        outputs, final = super().run_layers(case, params, x, initial)
        by_direction = sorted(final, key=lambda name: "reverse" in name)
        return outputs, dict(zip(final, (final[name] for name in by_direction), strict=True))


class FinalStateOfTheLastStep(Textbook):
    """The final state is what the last step computed, even where a row has ended before."""

    def final_state(self, at: LayerDirection, states: Sequence[State], computed: Sequence[State]) -> State:
        return computed[-1]


class FinalStateOfTheStepBefore(Textbook):
    """The final state is that before the last step."""

    def final_state(self, at: LayerDirection, states: Sequence[State], computed: Sequence[State]) -> State:
        return states[-2] if len(states) > 1 else states[-1]


class FinalStateOfTheFirstStep(Textbook):
    """The backward direction's final state is taken at the last step of the input, which it processes first."""

    def final_state(self, at: LayerDirection, states: Sequence[State], computed: Sequence[State]) -> State:
        return states[1] if at.reverse and len(states) > 1 else states[-1]


class FinalStateReadOffTheOutputs(Textbook):
    """The final h is the last output, even of a row whose last outputs are zeros since it has ended."""

    def run_direction(self, at: LayerDirection, x: Var, state: State) -> tuple[Var, State]:
        outputs, final = super().run_direction(at, x, state)
        return outputs, (self.last_output(at, outputs)[:, 0], *final[1:]) if outputs.shape[1] else final


class FinalStatesInSortedOrder(Textbook):
    """Rows are sorted by their lengths, and the final states stay so."""

    def final_state(self, at: LayerDirection, states: Sequence[State], computed: Sequence[State]) -> State:
        if at.case.lengths is None:
            return states[-1]
        order = np.argsort(-at.case.lengths, kind="stable")
        return tuple(part[order,] for part in states[-1])


class EmptyRowEndsInZeros(Textbook):
    """The final state of a row of length 0 is zeros and not its initial state, as in ONNX Runtime 1.31."""

    def final_state(self, at: LayerDirection, states: Sequence[State], computed: Sequence[State]) -> State:
        lengths = at.case.lengths
        return states[-1] if lengths is None else tuple(part * (lengths > 0)[:, None] for part in states[-1])


class FirstStepSkipped(Textbook):
    """The loop starts at the second step: the first leaves the state alone."""

    def step(self, at: LayerDirection, t: int, x: Var, state: State) -> State:
        return state if t == 0 else super().step(at, t, x, state)


class StateLostAfterAChunk(Textbook):
    """Long sequences run in chunks of twelve steps, and each chunk starts from zeros."""

    def step(self, at: LayerDirection, t: int, x: Var, state: State) -> State:
        return super().step(at, t, x, tuple(part * 0 for part in state) if t and t % 12 == 0 else state)


class UnbatchedStateKeepsItsBatch(Textbook):
    """Called without a batch axis, the final state has one."""

    def final_state_in_layout(self, layout: str, state: Var) -> Var:
        return state


class _StatefulFault(Textbook):
    """A fault of the layer that keeps its state."""

    class Faulty(StatefulLayer):
        """The stateful layer with the fault."""

    def stateful(self, case: Case) -> StatefulLayer:
        return self.Faulty(self, case)


class StateNotKept(_StatefulFault):
    """A stateful layer starts every call from zeros."""

    class Faulty(StatefulLayer):
        def call(self, x: Array, mask: Any = None, initial_state: Any = None) -> Quantities:
            self.state = None
            return super().call(x, mask, initial_state)


class CellNotKept(_StatefulFault):
    """A stateful LSTM keeps h from call to call, but not c."""

    class Faulty(StatefulLayer):
        def call(self, x: Array, mask: Any = None, initial_state: Any = None) -> Quantities:
            if self.state is not None:
                self.state = (self.state[0], *(part * 0 for part in self.state[1:]))
            return super().call(x, mask, initial_state)


class ResetDoesNothing(_StatefulFault):
    """reset leaves the state as it is: https://github.com/soumith/cudnn.torch/issues/348"""

    class Faulty(StatefulLayer):
        def reset(self) -> None:
            pass


class ResetOfTheHiddenStateOnly(_StatefulFault):
    """reset sets h to zeros, but not c."""

    class Faulty(StatefulLayer):
        def reset(self) -> None:
            if self.state is not None:
                self.state = (self.state[0] * 0, *self.state[1:])


class GivenStateDropped(_StatefulFault):
    """A stateful layer does not look at a state that it is given."""

    class Faulty(StatefulLayer):
        def call(self, x: Array, mask: Any = None, initial_state: Any = None) -> Quantities:
            return super().call(x, mask, None if self.state is not None else initial_state)


class GivenStateReturns(_StatefulFault):
    """Once given, a state is what every later call starts from: https://github.com/tensorflow/tensorflow/issues/32299"""

    class Faulty(StatefulLayer):
        given: Any = None

        def call(self, x: Array, mask: Any = None, initial_state: Any = None) -> Quantities:
            self.given = self.given if initial_state is None else initial_state
            return super().call(x, mask, self.given)

        def reset(self) -> None:
            self.given = None
            super().reset()


class StateKeptOfMaskedSteps(_StatefulFault):
    """A stateful layer keeps the state as if no step had been masked."""

    class Faulty(StatefulLayer):
        def call(self, x: Array, mask: Any = None, initial_state: Any = None) -> Quantities:
            start = self.state if initial_state is None else initial_state
            found = super().call(x, mask, initial_state)
            self.state = start
            super().call(np.nan_to_num(x), None)
            return found


class ReloadSaysTheStateStays(_StatefulFault):
    """A loaded layer is said to go on with the state, but starts from zeros."""

    class Faulty(StatefulLayer):
        def reload(self) -> bool:
            return not super().reload()


class ReloadLosesABias(_StatefulFault):
    """A loaded layer's biases are zeros: they were not saved."""

    class Faulty(StatefulLayer):
        def reload(self) -> bool:
            params = self.case.params.items()
            self.case = self.case.replace(params={k: v * 0 if k.endswith("bias") else v for k, v in params})
            return super().reload()
