"""Faults in how a layer is called: what it changes, keeps, accepts, and gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....contract import Array, Case
from ..autodiff import Var
from ..layer import Textbook, unmasked_steps


class ParameterChanged(Textbook):
    """The call scales the recurrent bias in place."""

    def observe(self, case: Case) -> dict[str, Array]:
        found = super().observe(case)
        for name, value in case.params.items():
            if name.endswith("recurrent_bias"):
                value *= 2
        return found


class InputChanged(Textbook):
    """Masked steps are set to zeros where the input lies."""

    def observe(self, case: Case) -> dict[str, Array]:
        found = super().observe(case)
        kept = unmasked_steps(case)
        if kept is not None:
            case.x[~kept] = 0
        return found


class InitialStateChanged(Textbook):
    """The final state is written where the initial one was."""

    def observe(self, case: Case) -> dict[str, Array]:
        found = super().observe(case)
        for name, part in zip(case.state_names, case.initial_state or (), strict=False):
            part[...] = found[f"state.{name}"]
        return found


class MaskChanged(Textbook):
    """A backward run flips the mask where it lies."""

    def observe(self, case: Case) -> dict[str, Array]:
        found = super().observe(case)
        if case.reverse and case.mask is not None:
            case.mask[...] = case.mask[:, ::-1].copy()
        return found


class CotangentChanged(Textbook):
    """The backward pass sums up where the outputs' cotangent lies."""

    def observe(self, case: Case) -> dict[str, Array]:
        found = super().observe(case)
        if case.d_outputs is not None:
            np.cumsum(case.d_outputs, axis=1, out=case.d_outputs)
        return found


class WideInputAccepted(Textbook):
    """Of an input that is too wide the first features are read."""

    def observe(self, case: Case) -> dict[str, Array]:
        return super().observe(case.replace(x=case.x[:, :, : case.cell.input_size]))


class StateOfMoreRowsAccepted(Textbook):
    """Of a state with too many rows the first are read."""

    def observe(self, case: Case) -> dict[str, Array]:
        state = case.initial_state and tuple(part[: len(case.x)] for part in case.initial_state)
        return super().observe(case.replace(initial_state=state))


class WideStateAccepted(Textbook):
    """Of a state that is too wide the first units are read."""

    def observe(self, case: Case) -> dict[str, Array]:
        sizes = case.cell.state_sizes
        state = case.initial_state and tuple(p[:, :n] for p, n in zip(case.initial_state, sizes, strict=True))
        return super().observe(case.replace(initial_state=state))


class RefusalForgotten(Textbook):
    """What it says that it refuses is computed."""

    def check(self, case: Case) -> None:
        if case.lengths is None:
            super().check(case)


class RefusedInOtherWords(Textbook):
    """What it says that it refuses raises another error."""

    def check(self, case: Case) -> None:
        if case.lengths is not None and case.call_options.get("layout") == "unbatched":
            raise IndexError("too many indices")
        super().check(case)


class EmptyBatchRaises(Textbook):
    """A batch without a row raises, as an LSTM of Keras on TensorFlow."""

    def check(self, case: Case) -> None:
        super().check(case)
        if not len(case.x):
            raise ZeroDivisionError("division by zero")


class LeftoverPastTheLength(Textbook):
    """Past a row's length stands what the memory held: https://github.com/microsoft/onnxruntime/pull/1193"""

    left: Array | None = None

    def outputs_batch_major(self, case: Case, outputs: Var) -> Var:
        found, kept = super().outputs_batch_major(case, outputs), unmasked_steps(case)
        left, self.left = self.left, found.value
        if left is None or case.lengths is None or kept is None or not left.size:
            return found
        memory = np.resize(left, found.shape).astype(found.value.dtype)
        return found.apply(np.where(kept[:, :, None], found.value, memory), np.ones_like(memory))


class Widened(Textbook):
    """Float32 comes back as float64."""

    def observe(self, case: Case) -> dict[str, Array]:
        return {name: value.astype(np.float64) for name, value in super().observe(case).items()}


class CompiledForTheFirstWeights(Textbook):
    """The compiled function is looked up by sizes, and has the first weights in it."""

    def __init__(self) -> None:
        self.compiled: dict[tuple[Any, ...], Mapping[str, Array]] = {}

    def observe(self, case: Case) -> dict[str, Array]:
        params = {name: value.copy() for name, value in case.params.items()}
        first = self.compiled.setdefault((case.cell, case.x.shape, case.dtype), params)
        return super().observe(case.replace(params=first))


class CompiledForTheFirstOptions(Textbook):
    """The compiled function is looked up without the options of masked outputs, and has the first ones in it."""

    def __init__(self) -> None:
        self.compiled: dict[tuple[Any, ...], str] = {}

    def observe(self, case: Case) -> dict[str, Array]:
        first = self.compiled.setdefault((case.cell, case.x.shape, case.dtype), case.masked_output)
        return super().observe(case.replace(masked_output=first))


class ReadsWhatLiesThere(Textbook):
    """An array is read as if it lay in one piece, row by row."""

    def observe(self, case: Case) -> dict[str, Array]:
        return super().observe(case.map_arrays(_as_it_lies))


def _as_it_lies(array: Array) -> Array:
    return array if array.flags.c_contiguous else array.ravel(order="K").reshape(array.shape)


class Unrepeatable(Textbook):
    """Sums come in another order in every other call, so that they round otherwise."""

    calls = 0

    def observe(self, case: Case) -> dict[str, Array]:
        self.calls += 1
        unit = np.finfo(case.dtype).eps * (self.calls % 2)
        return {name: value * case.dtype.type(1 + unit) for name, value in super().observe(case).items()}


class OneStepShortCut(Textbook):
    """A sequence of one step takes a path of its own, which forgets the initial state."""

    def initial_state(self, case: Case) -> Sequence[Array]:
        given = super().initial_state(case)
        return [part * 0 for part in given] if case.x.shape[1] == 1 else given
