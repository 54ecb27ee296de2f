"""What may have gone wrong with a layer: how it goes over its steps, and what `hypotheses` has, in all of its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from refimpl.stack import Layer, Stack, named_cells

from ....contract import Array
from .. import conventions
from ..conventions import Given
from ..model import Recurrent
from . import of_cells
from .units import Unit


@dataclass(frozen=True)
class Computed:
    """What a layer would return: in the oracle's axes, and the run that it was computed by."""

    outputs: Array
    state: tuple[Array, ...]
    run: Any
    rearrange: Callable[[Array], Array]
    """What is done to the run's outputs, and to the bounds on them."""


def of_a_layer(layer: Recurrent, given: Given) -> Iterator[tuple[str, Computed]]:
    """Each hypothesis about a whole layer, in words, and what it would return if that were so."""
    for sentence, other, values, rearrange in _changes(layer, given):
        computed = _computed(other, values, rearrange)
        if computed is not None:
            yield sentence, computed


_Change = tuple[str, Recurrent, Given, Callable[[Array], Array]]


def two_of_a_layer(layer: Recurrent, given: Given) -> Iterator[tuple[tuple[str, str], Computed]]:
    """Two hypotheses on top of each other, each pair once, and none of two orders of gates."""
    words = [sentence for sentence, *_ in _changes(layer, given)]
    for sentence, other, values, outermost in _changes(layer, given):
        if sentence.startswith(of_cells.ORDER) or outermost is not unchanged:
            continue
        tried = words[: words.index(sentence) + 1]
        for second, both_changed, its, rearrange in _changes(other, values):
            if second not in tried or second.startswith(of_cells.ORDER):
                computed = _computed(both_changed, its, rearrange)
                if computed is not None:
                    yield (sentence, second), computed


def both(layer: Recurrent, given: Given, words: tuple[str, str]) -> Computed | None:
    """What a layer would return if the hypotheses of these words were so, the second on top of the first."""
    for sentence, other, values, _ in _changes(layer, given):
        if sentence == words[0]:
            for second, both_changed, its, rearrange in _changes(other, values):
                if second == words[1]:
                    return _computed(both_changed, its, rearrange)
    return None


def _changes(layer: Recurrent, given: Given) -> Iterator[_Change]:
    yield from _of_a_sequence(layer, given)
    yield from _of_all_cells(layer, given)


def _computed(other: Recurrent, given: Given, rearrange: Callable[[Array], Array]) -> Computed | None:
    try:
        run = conventions.run(other, given)
        return Computed(rearrange(run.outputs), tuple(run.state), run, rearrange)
    except (ValueError, IndexError):
        return None


def _of_a_sequence(layer: Recurrent, given: Given) -> Iterator[_Change]:
    batch, time = given.x.shape[:2]
    if given.mask is not None:
        yield "the mask is ignored", layer, replace(given, mask=None), unchanged
        for manner, words in (
            ("repeat", "repeat the output before"),
            ("zeros", "give zeros"),
            ("state", "give the state"),
        ):
            if manner != layer.masked_output:
                yield f"masked steps {words}", replace(layer, masked_output=manner), given, unchanged
    if given.lengths is not None:
        yield "the lengths are ignored", layer, replace(given, lengths=None), unchanged
    if given.initial_state is not None:
        yield "the initial state is ignored", layer, replace(given, initial_state=None), unchanged
        states = given.initial_state
        sizes = [part.shape for part in states]
        for words, order in _state_orders(layer, len(states)):
            if [sizes[k] for k in order] == sizes:
                yield words, layer, replace(given, initial_state=tuple(states[k] for k in order)), unchanged
    if batch > 1 and given.mask is None and given.lengths is None and given.initial_state is None:
        yield "time and batch are exchanged", layer, replace(given, x=given.x.swapaxes(0, 1)), _exchanged
    yield "the steps come in reverse order", layer, replace(given, x=given.x[:, ::-1]), unchanged
    if time > 1 and layer.return_sequences:
        yield "the outputs come in reverse order", layer, given, _flipped
    if isinstance(layer.cell, Stack):
        yield from _of_directions(layer, given)
    elif given.lengths is None and given.mask is None:
        yield "it runs in the other direction", replace(layer, reverse=not layer.reverse), given, unchanged


def _of_directions(layer: Recurrent, given: Given) -> Iterator[_Change]:
    last = layer.cell.layers[-1]
    if last.backward is None or last.forward is None:
        return
    width = last.forward.output_size
    if last.merge == "concat":
        yield (
            "the directions' outputs are exchanged",
            layer,
            given,
            lambda y: np.concatenate([y[..., width:], y[..., :width]], axis=-1),
        )
        if layer.return_sequences:
            yield (
                "the backward direction's outputs come last step first",
                layer,
                given,
                lambda y: np.concatenate([y[..., :width], y[:, ::-1, width:]], axis=-1),
            )
        else:
            yield (
                "the last step's outputs are taken of both directions, not each direction's own last",
                replace(layer, return_sequences=True),
                given,
                lambda y: y[:, -1:],
            )
    for merge in ("sum", "ave", "mul", "concat"):
        if merge != last.merge and (merge == "concat" or last.forward.output_size == last.backward.output_size):
            layers = (*layer.cell.layers[:-1], Layer(last.forward, last.backward, merge))
            yield (
                f"the directions are merged by {merge}, not {last.merge}",
                replace(layer, cell=Stack(layers)),
                given,
                unchanged,
            )
    if len(layer.cell.layers) == 1 and last.forward == last.backward:
        names = {"l0.": "l0_reverse.", "l0_reverse.": "l0."}
        params = {
            f"{names[key.partition('.')[0] + '.']}{key.partition('.')[2]}": value for key, value in layer.params.items()
        }
        yield "the directions' weights are exchanged", replace(layer, params=params), given, unchanged


def _of_all_cells(layer: Recurrent, given: Given) -> Iterator[_Change]:
    """The hypotheses about a cell, of all cells of the layer at once."""
    cells = named_cells(layer.cell)
    alternatives: list[dict[str, Unit]] = []
    for prefix, cell in cells:
        own = {
            name.removeprefix(prefix): np.asarray(value, np.float64)
            for name, value in layer.params.items()
            if name.startswith(prefix)
        }
        alternatives.append(dict(of_cells.of_a_cell(Unit("", None, 0, cell, own, False, 0.0))))  # type: ignore[arg-type]
    for sentence in alternatives[0]:
        if sentence == "it runs in the other direction" or any(sentence not in each for each in alternatives):
            continue
        units = [each[sentence] for each in alternatives]
        params = {
            prefix + name: value
            for (prefix, _), unit in zip(cells, units, strict=True)
            for name, value in unit.params.items()
        }
        yield (
            sentence,
            replace(layer, cell=_rebuilt(layer.cell, [unit.cell for unit in units]), params=params),
            given,
            unchanged,
        )


def _rebuilt(cell: Any, cells: list[Any]) -> Any:
    """The cell, or the stack with these cells in the places of its own."""
    if not isinstance(cell, Stack):
        return cells[0]
    left = list(cells)
    layers = []
    for each in cell.layers:
        ahead = left.pop(0) if each.forward is not None else None
        back = left.pop(0) if each.backward is not None else None
        layers.append(Layer(ahead, back, each.merge))
    return Stack(tuple(layers))


def _state_orders(layer: Recurrent, count: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    kinds = len(named_cells(layer.cell)[0][1].state_names)
    if kinds == 2:
        yield "h and c are exchanged in the initial state", tuple(k ^ 1 for k in range(count))
    if count // kinds > 1:
        rows = [tuple(range(k, k + kinds)) for k in range(0, count, kinds)]
        words = "the initial states of the layers and directions come in reverse order"
        yield words, tuple(k for row in rows[::-1] for k in row)


def unchanged(y: Array) -> Array:
    """Outputs as the run has them."""
    return y


def _exchanged(y: Array) -> Array:
    return y.swapaxes(0, 1)


def _flipped(y: Array) -> Array:
    return y[:, ::-1]
