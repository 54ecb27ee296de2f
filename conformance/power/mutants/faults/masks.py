"""Faults in masks and lengths."""

from __future__ import annotations

import numpy as np

from ....contract import Array
from ..autodiff import Var, where
from ..cell_equations import LayerDirection, State
from ..layer import Textbook, unmasked_steps


class MaskNotReversed(Textbook):
    """The mask is not reversed with the input: https://github.com/keras-team/keras/pull/1934"""

    def mask_in_order(self, at: LayerDirection, kept: Array | None) -> Array | None:
        return kept


class OutputMaskNotReversed(Textbook):
    """The outputs' mask is not reversed with them: https://github.com/keras-team/keras/issues/3737"""

    def step_output(
        self, at: LayerDirection, t: int, keep: Array | None, after: State, held: State, before: Var
    ) -> Var:
        kept = unmasked_steps(at.case)
        return super().step_output(at, t, None if kept is None else kept[:, t, None], after, held, before)


class OutputNotFrozen(Textbook):
    """Masked steps leave the state alone, but output what they computed."""

    def step_output(
        self, at: LayerDirection, t: int, keep: Array | None, after: State, held: State, before: Var
    ) -> Var:
        return after[0]


class StateNotFrozen(Textbook):
    """Masked steps' outputs are right, but they change the state."""

    def masked_state(self, at: LayerDirection, t: int, keep: Array | None, after: State, before: State) -> State:
        return after


class CellNotFrozen(Textbook):
    """Masked steps leave h alone, but change c."""

    def masked_state(self, at: LayerDirection, t: int, keep: Array | None, after: State, before: State) -> State:
        return (super().masked_state(at, t, keep, after, before)[0], *after[1:])


class HiddenNotFrozen(Textbook):
    """Masked steps leave c alone, but change h."""

    def masked_state(self, at: LayerDirection, t: int, keep: Array | None, after: State, before: State) -> State:
        return (after[0], *super().masked_state(at, t, keep, after, before)[1:])


class MaskedStepsZeroTheState(Textbook):
    """Masked steps set the state to zeros."""

    def masked_state(self, at: LayerDirection, t: int, keep: Array | None, after: State, before: State) -> State:
        return super().masked_state(at, t, keep, after, tuple(part * 0 for part in before))


class MaskedOutputIsTheState(Textbook):
    """A masked step outputs the state and not the output before it, as Keras's loop on JAX."""

    def step_output(
        self, at: LayerDirection, t: int, keep: Array | None, after: State, held: State, before: Var
    ) -> Var:
        return super().step_output(at, t, keep, after, held, held[0])


class MaskedOutputAtFirstIsTheState(Textbook):
    """A row's masked steps before its first unmasked one output the initial state and not zeros."""

    def step_output(
        self, at: LayerDirection, t: int, keep: Array | None, after: State, held: State, before: Var
    ) -> Var:
        return super().step_output(at, t, keep, after, held, held[0] if t == 0 else before)


class PoliciesExchanged(Textbook):
    """Masked outputs are zeros where they should be repeated, and repeated where they should be zeros."""

    def masks_with_zeros(self, at: LayerDirection) -> bool:
        return not super().masks_with_zeros(at) if at.case.lengths is None else super().masks_with_zeros(at)


class ZeroedWithoutSequences(Textbook):
    """Masked outputs are zeros where only the last one is returned: https://github.com/keras-team/keras/issues/17596"""

    def masks_with_zeros(self, at: LayerDirection) -> bool:
        return super().masks_with_zeros(at) or not at.case.return_sequences


class PaddingRepeats(Textbook):
    """Past a row's length the last output is repeated."""

    def masks_with_zeros(self, at: LayerDirection) -> bool:
        return at.case.lengths is None and super().masks_with_zeros(at)


class _Misread(Textbook):
    """The mask of each step is another."""

    def read_mask(self, kept: Array) -> Array:
        raise NotImplementedError

    def unmasked_rows(self, kept: Array, t: int) -> Array:
        return self.read_mask(kept)[:, t, None]


class MaskInverted(_Misread):
    """The mask is true where a step is to be left out."""

    def read_mask(self, kept: Array) -> Array:
        return ~kept


class MaskShifted(_Misread):
    """Each step gets the mask of the step before it."""

    def read_mask(self, kept: Array) -> Array:
        return np.concatenate([np.ones_like(kept[:, :1]), kept[:, :-1]], axis=1)


class MaskOnTheWrongAxis(_Misread):
    """The mask is read time-major, as it lies in memory."""

    def read_mask(self, kept: Array) -> Array:
        return kept.reshape(kept.shape[::-1]).T


class MaskOfTheFirstRow(_Misread):
    """All rows have the first row's mask."""

    def read_mask(self, kept: Array) -> Array:
        return np.broadcast_to(kept[:1], kept.shape)


class MaskReadAsLengths(_Misread):
    """Any mask is taken for padding at the right, as fused kernels take it."""

    def read_mask(self, kept: Array) -> Array:
        return np.asarray(np.arange(kept.shape[1]) < kept.sum(axis=1)[:, None])


class MaskedRowsRun(_Misread):
    """A row that is masked wholly is run as if it had no mask."""

    def read_mask(self, kept: Array) -> Array:
        return kept | ~kept.any(axis=1, keepdims=True)


class EndsAtTheFirstHole(_Misread):
    """A row ends at its first masked step."""

    def read_mask(self, kept: Array) -> Array:
        return np.logical_and.accumulate(kept, axis=1)


class MaskOfTheFirstLayerOnly(Textbook):
    """The layers above the first do not get the mask."""

    def mask_in_order(self, at: LayerDirection, kept: Array | None) -> Array | None:
        return None if at.layer and at.case.lengths is None else super().mask_in_order(at, kept)


class LengthsIgnored(Textbook):
    """Every row runs over all steps, as in ONNX's reference evaluator."""

    def mask_in_order(self, at: LayerDirection, kept: Array | None) -> Array | None:
        return None if at.case.lengths is not None else super().mask_in_order(at, kept)


class LengthsOneTooLong(Textbook):
    """Each row runs one step past its length."""

    def unmasked_rows(self, kept: Array, t: int) -> Array:
        return kept[:, max(t - 1, 0), None]


class LengthsOfTheLongest(Textbook):
    """Every row runs as long as the longest."""

    def mask_in_order(self, at: LayerDirection, kept: Array | None) -> Array | None:
        found = super().mask_in_order(at, kept)
        return found if at.case.lengths is None or found is None else np.broadcast_to(found.any(axis=0), found.shape)


class MasksByMultiplying(Textbook):
    """Masked steps are multiplied by zero: what stands there is forgotten, unless it is NaN."""

    def without_padding(self, x: Var, kept: Array | None) -> Var:
        return x if kept is None else x * kept[:, :, None].astype(x.value.dtype)


class LastRowHeldByTheFirst(Textbook):
    """At a masked step a row gets the state of the first row."""

    def masked_state(self, at: LayerDirection, t: int, keep: Array | None, after: State, before: State) -> State:
        if keep is None:
            return after
        firsts = [part[np.zeros(len(keep), int),] for part in before]
        return tuple(where(keep, new, old) for new, old in zip(after, firsts, strict=True))
