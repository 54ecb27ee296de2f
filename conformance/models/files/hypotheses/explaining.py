"""Which hypothesis makes all numbers of a layer agree with what was returned."""

from __future__ import annotations

from typing import Any

import numpy as np

import refimpl as ri

from ....contract import Array
from .. import agreement, conventions
from ..conventions import Given, Returned
from ..model import Recurrent
from . import of_layers
from .of_layers import Computed

_CLOSE = 2.0**-6
"""Of the greatest number: further off than that, a hypothesis is not worth a bound."""
_MOST_WORK = 2**21
"""Steps times parameters, where two changes are tried at once."""
_MARGIN = 10.0
"""Deviations, where outputs are rearranged and `refimpl.compare` cannot be asked."""


def explanations(layer: Recurrent, given: Given, got: Returned, arithmetic: str) -> list[str]:
    """The hypotheses, in words, under which the layer computes exactly what was returned, all of it."""
    near = [each for each in of_layers.of_a_layer(layer, given) if _close(each[1], got)]
    found = [sentence for sentence, computed in near if _agrees(computed, got, arithmetic)]
    # ONNX Runtime's activations are accurate to so much of 1 alone, also under a change
    if not found and not absolute_only(conventions.run(layer, given), got, arithmetic):
        found = [words for words, computed in near if _agrees(computed, got, agreement.absolute(arithmetic))]
    return found or _two_at_once(layer, given, got, arithmetic)


def _two_at_once(layer: Recurrent, given: Given, got: Returned, arithmetic: str) -> list[str]:
    """Two changes on top of each other, tried on one row of the batch first; nothing where that would take long."""
    if given.x.shape[1] * layer.parameter_count > _MOST_WORK or not given.x.shape[0]:
        return []
    row, seen = _first_row(given, got)
    for words, computed in of_layers.two_of_a_layer(layer, row):
        if _close(computed, seen):
            whole = of_layers.both(layer, given, words)
            if whole is not None and _close(whole, got) and _agrees(whole, got, arithmetic):
                return [f"{words[0]}, and {words[1]}"]
    return []


def _first_row(given: Given, got: Returned) -> tuple[Given, Returned]:
    def cut(value: Array | None) -> Array | None:
        return None if value is None else value[:1]

    states = None if given.initial_state is None else tuple(part[:1] for part in given.initial_state)
    row = Given(given.x[:1], states, cut(given.mask), cut(given.lengths))
    return row, Returned(cut(got.outputs), None if got.state is None else tuple(map(cut, got.state)))


def absolute_only(run: Any, got: Returned, arithmetic: str) -> list[str]:
    """Whether nothing differs any more where activations are accurate to so much of 1, and not of themselves.

    ONNX Runtime's are so: onnxruntime-small-values-are-lost in ``implementations/onnx/divergences.toml``.
    """
    loose = agreement.of_run(run, got.outputs, got.state, agreement.absolute(arithmetic))
    if agreement.verdict_of(loose) == "differs":
        return []
    return ["its activations are accurate to 12 units of 2^-24 of 1, not of themselves: small values are lost"]


def state_exchanged(expected: tuple[Array, ...], got: Returned) -> bool:
    """Whether what came out as final state is h and c in the other order."""
    if got.state is None or len(expected) != 2 or any(part is None for part in got.state):
        return False
    return all(
        part is not None and part.shape == other.shape and _near(other, part)
        for part, other in zip(got.state, expected[::-1], strict=True)
    )


def _near(expected: Array, got: Array) -> bool:
    scale = float(np.abs(expected).max(initial=0.0))
    return bool(np.abs(expected - got).max(initial=0.0) <= _CLOSE * max(scale, 2.0**-20))


def _close(computed: Computed, got: Returned) -> bool:
    """A cheap look before the bounds are asked for."""
    if got.outputs is not None and (
        got.outputs.shape != computed.outputs.shape or not _near(computed.outputs, got.outputs)
    ):
        return False
    return got.state is None or all(
        part is None or (part.shape == own.shape and _near(own, part))
        for part, own in zip(got.state, computed.state, strict=True)
    )


def _agrees(computed: Computed, got: Returned, arithmetic: Any) -> bool:
    if computed.rearrange is of_layers.unchanged:
        return agreement.verdict_of(agreement.of_run(computed.run, got.outputs, got.state, arithmetic)) == "agrees"
    deviations = ri.rounding.spread(computed.run, arithmetic)
    quantities = []
    if got.outputs is not None:
        allowed = _MARGIN * computed.rearrange(deviations.outputs)
        quantities.append(agreement.compared("outputs", computed.outputs, got.outputs, allowed))
    for own, part, deviation in zip(computed.state, got.state or (), deviations.state, strict=False):
        if part is not None:
            quantities.append(agreement.compared("state", own, part, _MARGIN * deviation))
    return agreement.verdict_of(quantities) == "agrees"
