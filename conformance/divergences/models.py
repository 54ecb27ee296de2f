"""Other questions than the one asked, for divergences that are told exactly: case in, the case that is answered out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import refimpl as ri

from ..cases import Case

Model = Callable[[Case], Case]


def lengths_ignored(case: Case) -> Case:
    """Every row runs over all steps."""
    return case.replace(lengths=None)


def mask_ignored(case: Case) -> Case:
    """Every step counts."""
    return case.replace(mask=None)


def masked_outputs_repeated(case: Case) -> Case:
    """A masked step gives the output before it, where zeros were asked for."""
    return case.replace(masked_output="repeat")


def dropout_ignored(case: Case) -> Case:
    """Nothing is dropped."""
    return case.replace(dropout=None)


def clip_ignored(case: Case) -> Case:
    """No argument is clipped."""
    return _with_cells(case, lambda cell: replace(cell, clip=None))


def coupling_ignored(case: Case) -> Case:
    """The LSTM has a forget gate of its own, where f = 1 - i was asked for."""
    return _with_cells(case, lambda cell: replace(cell, input_forget=False))


MODELS: Mapping[str, Model] = {
    "lengths ignored": lengths_ignored,
    "mask ignored": mask_ignored,
    "masked outputs repeated": masked_outputs_repeated,
    "dropout ignored": dropout_ignored,
    "clip ignored": clip_ignored,
    "coupling ignored": coupling_ignored,
}


def _with_cells(case: Case, change: Callable[[Any], Any]) -> Case:
    """The case with each of its cells changed."""
    if not isinstance(case.cell, ri.Stack):
        return case.replace(cell=change(case.cell))
    layers = tuple(
        replace(
            layer,
            forward=None if layer.forward is None else change(layer.forward),
            backward=None if layer.backward is None else change(layer.backward),
        )
        for layer in case.cell.layers
    )
    return case.replace(cell=ri.Stack(layers))
