"""Cotangents as losses make them: a classifier's look at the last output only, a masked loss at some steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ...contract import Array, Case
from ..option_space import Combination
from ..parts import unmasked_steps_of

_TINY = {"float64": 1e-200, "float32": 1e-25, "float16": 1e-3, "bfloat16": 1e-25}
_HUGE = {"float64": 1e100, "float32": 1e9, "float16": 16.0, "bfloat16": 1e6}
"""The greatest cotangent, so that no gradient overflows or vanishes in the dtype."""

NONE = "none"
"""No gradient is asked for: inference, where gradients of so many numbers would cost too much."""
Generator = np.random.Generator


def with_loss(case: Case, name: str, rng: Generator) -> Case:
    """The case with its cotangents as that loss has them; ``name`` is one of `LOSSES`.

    Both cotangents are given where the implementation returns the states; a loss leaves out what it does not look at.
    """
    if name == NONE:
        return case.replace(d_outputs=None, d_state=None)
    changed = LOSSES[name](case, rng)
    return changed if changed.wants_gradients else case


def can_have(combination: Combination, name: str) -> bool:
    """Whether a case of these options can have the loss: gradients are asked for, and the state is returned."""
    returned = combination.get("return_state") is not False
    return combination.get("gradients") is not False and (returned or name != "final state only")


def _last_output(case: Case, rng: Generator) -> Case:
    """Of each row the last step that counts."""
    if case.d_outputs is None:
        return case
    steps = unmasked_steps_of(case)
    if not case.return_sequences:
        return case.replace(d_state=None)
    last = np.where(steps.any(axis=1), steps.shape[1] - 1 - np.argmax(steps[:, ::-1], axis=1), 0)
    kept = np.arange(steps.shape[1]) == last[:, None]
    return case.replace(d_outputs=_only(case.d_outputs, kept[:, :, None]), d_state=None)


def _final_state(case: Case, rng: Generator) -> Case:
    return case.replace(d_outputs=None)


def _one_step(case: Case, rng: Generator) -> Case:
    time = case.outputs_shape[1]
    return _of_outputs(case, (np.arange(time) == rng.integers(time))[None, :, None]).replace(d_state=None)


def _one_row(case: Case, rng: Generator) -> Case:
    batch = len(case.x)
    row = np.arange(batch) == rng.integers(batch)
    return _of_states(_of_outputs(case, row[:, None, None]), lambda part: row[:, None])


def _one_unit(case: Case, rng: Generator) -> Case:
    size = case.outputs_shape[2]
    unit = rng.integers(size)
    return _of_outputs(case, np.arange(size) == unit).replace(d_state=None)


def _scattered(case: Case, rng: Generator) -> Case:
    kept = rng.random(case.outputs_shape) < 0.5
    return _of_states(_of_outputs(case, kept), lambda part: rng.random(part.shape) < 0.5)


def _ones(case: Case, rng: Generator) -> Case:
    return _mapped(case, np.ones_like)


def _tiny(case: Case, rng: Generator) -> Case:
    return _mapped(case, lambda part: _scaled_to(part, _TINY[case.dtype_name]))


def _huge(case: Case, rng: Generator) -> Case:
    return _mapped(case, lambda part: _scaled_to(part, _HUGE[case.dtype_name]))


def _scaled_to(part: Array, most: float) -> Array:
    found = part.astype(np.float64)
    return np.asarray((found * (most / np.abs(found).max(initial=1e-300))).astype(part.dtype))


LOSSES: Mapping[str, Callable[[Case, Generator], Case]] = {
    "last output only": _last_output,
    "final state only": _final_state,
    "one step": _one_step,
    "one row": _one_row,
    "one unit": _one_unit,
    "zeros scattered": _scattered,
    "all ones": _ones,
    "tiny": _tiny,
    "huge": _huge,
}
"""What a loss looks at, by name."""


def _only(array: Array, kept: Array) -> Array:
    return np.where(kept, array, np.zeros((), array.dtype))


def _of_outputs(case: Case, kept: Array) -> Case:
    return case if case.d_outputs is None else case.replace(d_outputs=_only(case.d_outputs, kept))


def _of_states(case: Case, kept_of: Callable[[Array], Array]) -> Case:
    parts = case.d_state or ()
    kept = tuple(None if part is None else _only(part, kept_of(part)) for part in parts)
    return case.replace(d_state=kept or None)


def _mapped(case: Case, change: Callable[[Array], Array]) -> Case:
    parts = tuple(None if part is None else change(part) for part in case.d_state or ())
    return case.replace(d_outputs=None if case.d_outputs is None else change(case.d_outputs), d_state=parts or None)
