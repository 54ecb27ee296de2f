"""What may have gone wrong, each as a change that can be tried: a cell as it would be if that were so.

`of_a_cell` changes weights and equations, `of_a_sequence` how a layer goes over its steps. A hypothesis is never
guessed from numbers: the change is made, computed, and told only where it makes all numbers agree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np

from refimpl.linear import blocks, concatenate
from refimpl.stack import Layer, Stack, named_cells

from ...contract import Array
from . import conventions
from .conventions import Given
from .model import Recurrent
from .units import Unit, same_function

_GATED = ("kernel", "recurrent_kernel", "bias", "recurrent_bias")
_SQUASHING = {"sigmoid": ("hard_sigmoid", "hard_sigmoid_keras2"), "hard_sigmoid": ("hard_sigmoid_keras2", "sigmoid")}
_SQUASHING["hard_sigmoid_keras2"] = ("hard_sigmoid", "sigmoid")
_CURVES = {"tanh": ("relu", "sigmoid", "linear"), "relu": ("tanh", "linear"), "linear": ("tanh", "relu")}
_IN_WORDS = {"hard_sigmoid": "Keras 3's hard_sigmoid", "hard_sigmoid_keras2": "Keras 2's hard_sigmoid"}
_PRECISIONS = {"float16": np.float16}


def of_a_cell(unit: Unit) -> Iterator[tuple[str, Unit]]:
    """Each hypothesis about a cell's weights and equations, in words, and the cell as it would then be."""
    cell, params = unit.cell, dict(unit.params)

    def with_(**changes: Array) -> Unit:
        return replace(unit, params={**params, **changes})

    def option(name: str, value: Any) -> Unit:
        return replace(unit, cell=dataclasses.replace(cell, **{name: value}))

    yield from _biases(unit)
    if hasattr(cell, "reset_after"):
        other = "before" if cell.reset_after else "after"
        yield (
            f"the reset comes {other} the product (linear_before_reset={int(not cell.reset_after)})",
            _other_form(unit),
        )
        yield "the update gate is the other way round (1 - z in place of z)", with_(**_scaled(unit, 0, -1.0))
    yield from _activations(unit)
    yield "it runs in the other direction", replace(unit, reverse=not unit.reverse)
    for name, without in (("clip", None), ("peepholes", False), ("input_forget", False), ("output_activation", None)):
        if getattr(cell, name, without) != without:
            found = option(name, without)
            yield f"{name} is left out", replace(found, params={n: params[n] for n in found.cell.parameter_shapes})
    count = len(cell.gate_order)
    squares = ["recurrent_kernel"] if cell.output_size == cell.hidden_size else []
    squares += ["kernel"] if cell.input_size == cell.hidden_size else []
    for name in squares:
        yield f"the {name} is transposed, gate by gate", with_(**{name: _transposed(params[name], count)})
    if len(squares) == 2:
        both = {name: _transposed(params[name], count) for name in squares}
        yield "both kernels are transposed, gate by gate", with_(**both)
        exchanged = {"kernel": params["recurrent_kernel"], "recurrent_kernel": params["kernel"]}
        yield "kernel and recurrent kernel are exchanged", with_(**exchanged)
    yield "the input's features are in reverse order", with_(kernel=params["kernel"][::-1])
    for order in permutations(range(count)):
        if order != tuple(range(count)):
            told = " ".join(cell.gate_order[k] for k in order)
            yield (
                f"the gates stand in the order {told}, not {' '.join(cell.gate_order)}",
                with_(**_ordered(unit, order)),
            )
    for name, dtype in _PRECISIONS.items():
        rounded = {key: value.astype(dtype).astype(np.float64) for key, value in params.items()}
        yield f"the weights are rounded to {name}", with_(**rounded)
    yield "the weights are rounded to bfloat16", with_(**{k: _bfloat16(v) for k, v in params.items()})


def _biases(unit: Unit) -> Iterator[tuple[str, Unit]]:
    cell, params, hidden = unit.cell, dict(unit.params), unit.cell.hidden_size
    bias, recurrent = params.get("bias"), params.get("recurrent_bias")

    def with_(**changes: Array) -> Unit:
        return replace(unit, params={**params, **changes})

    if bias is not None and recurrent is not None:
        zero = np.zeros_like(bias)
        yield "the recurrent half of the bias is lost", with_(recurrent_bias=zero)
        yield "the input's half of the bias is lost", with_(bias=zero)
        yield "the halves of the bias are exchanged", with_(bias=recurrent, recurrent_bias=bias)
        yield "the recurrent half of the bias counts twice", with_(recurrent_bias=2 * recurrent)
        if getattr(cell, "reset_after", False):
            moved, kept = bias.copy(), recurrent.copy()
            moved[-hidden:] += recurrent[-hidden:]
            kept[-hidden:] = 0
            folded = with_(bias=moved, recurrent_bias=kept)
            yield "the candidate's recurrent bias is folded into the other, outside the reset product", folded
    nothing = {name: np.zeros_like(params[name]) for name in ("bias", "recurrent_bias") if name in params}
    if nothing:
        yield "the bias is lost", with_(**nothing)
        yield "the bias counts twice", with_(**{name: 2 * params[name] for name in nothing})
    if "f" in cell.gate_order and bias is not None:
        for sign, words in (
            (1.0, "1 is added to the forget gate's bias"),
            (-1.0, "1 is missing in the forget gate's bias"),
        ):
            moved = bias.copy()
            moved[hidden : 2 * hidden] += sign
            yield words, with_(bias=moved)


def _activations(unit: Unit) -> Iterator[tuple[str, Unit]]:
    for name in ("recurrent_activation", "activation"):
        own = getattr(unit.cell, name, None)
        others = _SQUASHING if name == "recurrent_activation" else _CURVES
        usual = next((each for each in others if own is not None and same_function(each, own)), "")
        for other in others.get(usual, ()):
            changed = dataclasses.replace(unit.cell, **{name: other})
            yield (
                f"its {name} is {_IN_WORDS.get(other, other)}, not {_IN_WORDS.get(usual, own)}",
                replace(unit, cell=changed),
            )


def _other_form(unit: Unit) -> Unit:
    """The GRU of the other reset form with the same arrays; where there is one bias, the other is zero."""
    cell = dataclasses.replace(unit.cell, reset_after=not unit.cell.reset_after)
    return replace(unit, cell=cell)


def _scaled(unit: Unit, gate: int, factor: float) -> dict[str, Array]:
    found = {}
    for name in _GATED:
        if name in unit.params:
            parts = list(blocks(unit.params[name], len(unit.cell.gate_order)))
            parts[gate] = factor * parts[gate]
            found[name] = concatenate(*parts)
    return found


def _ordered(unit: Unit, order: tuple[int, ...]) -> dict[str, Array]:
    found = {}
    for name in _GATED:
        if name in unit.params:
            parts = blocks(unit.params[name], len(order))
            found[name] = concatenate(*(parts[k] for k in order))
    return found


def _transposed(kernel: Array, count: int) -> Array:
    found: Array = concatenate(*(part.T for part in blocks(kernel, count)))
    return found


def _bfloat16(value: Array) -> Array:
    bits = value.astype(np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return np.asarray(rounded.view(np.float32).astype(np.float64))


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
    for sentence, other, values, rearrange in (*_of_a_sequence(layer, given), *_of_all_cells(layer, given)):
        try:
            run = conventions.run(other, values)
            yield sentence, Computed(rearrange(run.outputs), tuple(run.state), run, rearrange)
        except (ValueError, IndexError):
            continue


_Change = tuple[str, Recurrent, Given, Callable[[Array], Array]]


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
        alternatives.append(dict(of_a_cell(Unit("", None, 0, cell, own, False, 0.0))))  # type: ignore[arg-type]
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
