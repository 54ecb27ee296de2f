"""A correct recurrent layer as textbooks have it, independent of the oracle: what every mutant is but for one fault.

It follows the plug-in protocol and nothing else of the suite. What a mutant may replace is a method; the gradients
follow, since everything is computed by automatic differentiation (`autodiff`).

Options of its own: ``layout``, in which the layer is called, ``batch-major``, ``time-major`` or ``unbatched`` (one row,
without a batch axis); ``idle_dropout``, a layer with a rate of dropout that is not being trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...contract import Array, Case
from .autodiff import Var, concatenate, gradients, stack, where
from .cell_equations import CellEquations, LayerDirection, State
from .options import CELLS, REFUSED
from .stateful_layer import StatefulLayer

_DROPPED = ("input", "recurrent")


class Textbook(CellEquations):
    """The layer; a mutant's name is its class's."""

    versions: Mapping[str, str] = {"numpy": np.__version__}
    dtypes: Sequence[str] = ("float64", "float32")
    cells: Sequence[Mapping[str, Any]] = CELLS
    refused: Sequence[Mapping[str, Any]] = REFUSED
    empty_batch = True
    ignores_nan_padding = True

    @property
    def name(self) -> str:
        return type(self).__name__

    def stateful(self, case: Case) -> StatefulLayer:
        return StatefulLayer(self, case)

    def layer(self, case: Case) -> Callable[[Case], dict[str, Array]]:
        return self.observe

    def drawing(self, case: Case, seed: int) -> Callable[[], dict[str, Array]]:
        """The layer in training; each call draws new factors."""
        rng = np.random.default_rng(seed)
        return lambda: self.observe(
            case.replace(dropout={name: self.draw(rng, name, f) for name, f in (case.dropout or {}).items()})
        )

    def draw(self, rng: np.random.Generator, name: str, factors: Array) -> Array:
        """New factors in the shape of these, at their rate."""
        scale = factors.max()
        return np.asarray(np.where(rng.random(factors.shape) < 1 / scale, scale, 0), factors.dtype)

    def observe(self, case: Case) -> dict[str, Array]:
        """Outputs, final states and, where a cotangent is given, every gradient."""
        self.check(case)
        params = {name: Var(value) for name, value in case.params.items()}
        x, initial = Var(case.x), [Var(part) for part in self.initial_state(case)]
        native, final = self.call(case, params, self.input_in_layout(case, x), initial)
        outputs = self.outputs_batch_major(case, native)
        states = [self.state_batch_major(case, final[name]) for name in case.state_names]
        found = {"outputs": outputs.value}
        found |= {f"state.{name}": part.value for name, part in zip(case.state_names, states, strict=True)}
        if case.wants_gradients:
            d_state = case.d_state or (None,) * len(states)
            cotangents = [(outputs, case.d_outputs), *zip(states, d_state, strict=True)]
            leaves = {f"d_params.{name}": value for name, value in params.items()} | {"d_x": x}
            leaves |= {f"d_initial_state.{name}": part for name, part in zip(case.state_names, initial, strict=True)}
            pulled = gradients(cotangents, list(leaves.values()))
            found |= self.returned_gradients(case, dict(zip(leaves, pulled, strict=True)))
        return found

    def returned_gradients(self, case: Case, found: dict[str, Array]) -> dict[str, Array]:
        """The gradients, as the layer gives them."""
        return found

    def check(self, case: Case) -> None:
        """Refuses what does not fit."""
        if case.call_options.get("layout") == "unbatched" and case.lengths is not None:
            raise ValueError("lengths need a batch axis")
        if case.x.shape[2] != case.cell.input_size:
            raise ValueError(f"expected an input of size {case.cell.input_size}, got {case.x.shape[2]}")
        for part, size in zip(case.initial_state or (), case.cell.state_sizes, strict=False):
            if part.shape != (len(case.x), size):
                raise ValueError(f"expected a state of shape {(len(case.x), size)}, got {part.shape}")

    def initial_state(self, case: Case) -> Sequence[Array]:
        return case.initial_state_or_zeros()

    # How the layer is called ------------------------------------------------------------------------------------------

    def call(
        self, case: Case, params: Mapping[str, Var], x: Var, initial: Sequence[Var]
    ) -> tuple[Var, Mapping[str, Var]]:
        """The layer in the layout that it is called in: its outputs, and its final states by name."""
        layout = case.call_options.get("layout", "batch-major")
        if layout == "time-major":
            x = x.swapaxes(0, 1)
        elif layout == "unbatched":
            x = x[None]
        outputs, final = self.run_layers(case, params, x, dict(zip(case.state_names, initial, strict=True)))
        states = {name: self.final_state_in_layout(layout, state) for name, state in final.items()}
        return self.outputs_in_layout(layout, outputs), states

    def outputs_in_layout(self, layout: str, outputs: Var) -> Var:
        """The outputs ``(batch, time, features)`` in the layout."""
        return outputs.swapaxes(0, 1) if layout == "time-major" else outputs[0] if layout == "unbatched" else outputs

    def final_state_in_layout(self, layout: str, state: Var) -> Var:
        return state[0] if layout == "unbatched" else state

    def input_in_layout(self, case: Case, x: Var) -> Var:
        """The case's input in the layout."""
        layout = case.call_options.get("layout")
        return x.swapaxes(0, 1) if layout == "time-major" else x[0] if layout == "unbatched" else x

    def outputs_batch_major(self, case: Case, outputs: Var) -> Var:
        """The outputs, batch-major again, as the case has them."""
        layout = case.call_options.get("layout")
        return outputs.swapaxes(0, 1) if layout == "time-major" else outputs[None] if layout == "unbatched" else outputs

    def state_batch_major(self, case: Case, state: Var) -> Var:
        return state[None] if case.call_options.get("layout") == "unbatched" else state

    # Layers -----------------------------------------------------------------------------------------------------------

    def run_layers(
        self, case: Case, params: Mapping[str, Var], x: Var, initial: Mapping[str, Var]
    ) -> tuple[Var, Mapping[str, Var]]:
        """Every layer in every direction; ``(batch, time, features)``."""
        stacked = getattr(case.cell, "layers", (None,))
        factors, inputs = case.dropout or {}, x
        final: dict[str, Var] = {}
        for k, layer in enumerate(stacked):
            inputs = self.layer_input(case, k, inputs, factors.get(f"l{k}.between"))
            directions = [("", case.cell, case.reverse)] if layer is None else _directions(k, layer)
            results = []
            for prefix, cell, reverse in directions:
                its = self.weights(prefix, cell, params)
                dropout = {name: factors[prefix + name] for name in _DROPPED if prefix + name in factors}
                at = LayerDirection(case, cell, k, k == len(stacked) - 1, reverse, its, dropout)
                outputs, state = self.run_direction(at, inputs, self.initial_state_of(prefix, cell, initial))
                results.append(outputs)
                final |= {prefix + name: part for name, part in zip(cell.state_names, state, strict=True)}
            inputs = results[0] if len(results) == 1 else self.merged(at, layer.merge, *results)
        return inputs, final

    def weights(self, prefix: str, cell: Any, params: Mapping[str, Var]) -> Mapping[str, Var]:
        """One cell's parameters by their names in it."""
        return {name: params[prefix + name] for name in cell.parameter_shapes}

    def initial_state_of(self, prefix: str, cell: Any, initial: Mapping[str, Var]) -> State:
        """One cell's initial state."""
        return tuple(initial[prefix + name] for name in cell.state_names)

    def layer_input(self, case: Case, layer: int, inputs: Var, factors: Array | None) -> Var:
        """The layer's input: the outputs of the layer before, with dropout between them."""
        return inputs if factors is None else inputs * factors

    def merged(self, at: LayerDirection, merge: str, forward: Var, backward: Var) -> Var:
        match merge:
            case "concat":
                return concatenate([forward, backward])
            case "mul":
                return forward * backward
            case "ave":
                return (forward + backward) / 2
            case _:
                return forward + backward

    # One direction of one layer ---------------------------------------------------------------------------------------

    def run_direction(self, at: LayerDirection, x: Var, state: State) -> tuple[Var, State]:
        """All steps, in the order in which they are processed: outputs at their own steps, and the final state."""
        kept = unmasked_steps(at.case)
        x = self.input_in_order(at, self.without_padding(x, kept))
        kept = self.mask_in_order(at, kept)
        zeros = Var(np.zeros_like(state[0].value))
        states, computed = [state], [state]
        outputs: list[Var] = []
        for t in range(x.shape[1]):
            after = self.step(at, t, x[:, t], states[-1])
            keep = None if kept is None else self.unmasked_rows(kept, t)
            held = self.masked_state(at, t, keep, after, states[-1])
            before = outputs[-1] if outputs else zeros
            outputs.append(self.step_output(at, t, keep, after, held, before))
            states.append(held)
            computed.append(after)
        return self.returned_outputs(at, outputs, zeros), self.final_state(at, states, computed)

    def without_padding(self, x: Var, kept: Array | None) -> Var:
        """What stands in masked steps reaches nothing, not even as NaN."""
        return x if kept is None else where(kept[:, :, None], x, Var(np.zeros_like(x.value)))

    def input_in_order(self, at: LayerDirection, x: Var) -> Var:
        return self.reversed_steps(at, x) if at.reverse else x

    def mask_in_order(self, at: LayerDirection, kept: Array | None) -> Array | None:
        """The mask in the order of the steps; rows reversed within their lengths end where they ended."""
        turn = at.reverse and kept is not None and at.case.lengths is None
        return kept[:, ::-1] if turn and kept is not None else kept

    def reversed_steps(self, at: LayerDirection, sequence: Var) -> Var:
        """The steps from last to first, each row's within its length."""
        lengths = at.case.lengths
        if lengths is None:
            return sequence[:, ::-1]
        steps = np.arange(sequence.shape[1])
        places = np.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
        return sequence[np.arange(len(lengths))[:, None], places]

    def unmasked_rows(self, kept: Array, t: int) -> Array:
        """Which rows count at the step, ``(batch, 1)``."""
        return kept[:, t, None]

    def masked_state(self, at: LayerDirection, t: int, keep: Array | None, after: State, before: State) -> State:
        """The state after the step: where it does not count, that before it."""
        if keep is None:
            return after
        return tuple(where(keep, new, old) for new, old in zip(after, before, strict=True))

    def step_output(
        self, at: LayerDirection, t: int, keep: Array | None, after: State, held: State, before: Var
    ) -> Var:
        """The step's output: where it does not count, zeros or the output before it."""
        if keep is None:
            return after[0]
        return where(keep, after[0], Var(np.zeros_like(before.value)) if self.masks_with_zeros(at) else before)

    def masks_with_zeros(self, at: LayerDirection) -> bool:
        """Whether masked outputs are zeros."""
        return at.case.lengths is not None or at.case.masked_output == "zeros"

    def returned_outputs(self, at: LayerDirection, outputs: Sequence[Var], zeros: Var) -> Var:
        """The outputs that are returned, ``(batch, time, features)``."""
        if not outputs:
            return stack([zeros], axis=1)[:, :0]
        every = self.outputs_in_order(at, stack(outputs, axis=1)) if at.reverse else stack(outputs, axis=1)
        if at.case.return_sequences or not at.last:
            return every
        return self.last_output(at, every)

    def outputs_in_order(self, at: LayerDirection, outputs: Var) -> Var:
        """A backward run's outputs, at their own steps again, or from last to first where that is asked for."""
        own = self.reversed_steps(at, outputs)
        return own[:, ::-1] if at.case.output_order == "processing" else own

    def last_output(self, at: LayerDirection, outputs: Var) -> Var:
        """The output of the step processed last, ``(batch, 1, features)``."""
        return outputs[:, :1] if at.reverse and at.case.output_order == "original" else outputs[:, -1:]

    def final_state(self, at: LayerDirection, states: Sequence[State], computed: Sequence[State]) -> State:
        """From the states before the first step and after each one, and what each step computed, masked or not."""
        return states[-1]


def unmasked_steps(case: Case) -> Array | None:
    """Which steps count, ``(batch, time)``; None where all do."""
    if case.lengths is not None:
        return np.asarray(np.arange(case.x.shape[1]) < case.lengths[:, None])
    return case.mask


def _directions(k: int, layer: Any) -> list[tuple[str, Any, bool]]:
    """A layer's directions: the prefix of its names, the cell, whether it runs backward."""
    both = ((f"l{k}.", layer.forward, False), (f"l{k}_reverse.", layer.backward, True))
    return [each for each in both if each[1] is not None]
