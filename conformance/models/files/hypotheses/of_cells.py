"""What may have gone wrong with a cell, each as a change that can be tried: the cell as it would be if that were so.

A hypothesis is never guessed from numbers: the change is made, computed, and told only where it makes all numbers
agree. `layer_hypotheses` has what may go wrong with the way in which a layer goes over its steps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from refimpl.linear import blocks, concatenate

from ....contract import Array
from .units import Unit, same_function

_GATED = ("kernel", "recurrent_kernel", "bias", "recurrent_bias")
_SQUASHING = {"sigmoid": ("hard_sigmoid", "hard_sigmoid_keras2"), "hard_sigmoid": ("hard_sigmoid_keras2", "sigmoid")}
_SQUASHING["hard_sigmoid_keras2"] = ("hard_sigmoid", "sigmoid")
_CURVES = {"tanh": ("relu", "sigmoid", "linear"), "relu": ("tanh", "linear"), "linear": ("tanh", "relu")}
_ROUNDED_SIXTH = float(np.float16(1 / 6))
_HALF_HARD_SIGMOID = f"hard_sigmoid({_ROUNDED_SIXTH!r},{3 * _ROUNDED_SIXTH!r},{6 * _ROUNDED_SIXTH!r})"
"""``relu6(x + 3) / 6`` in a file whose constants are stored in float16."""
_IN_WORDS = {"hard_sigmoid": "Keras 3's hard_sigmoid", "hard_sigmoid_keras2": "Keras 2's hard_sigmoid"}
ORDER = "the gates stand in the order "
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
                f"{ORDER}{told}, not {' '.join(cell.gate_order)}",
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
        if usual == "hard_sigmoid":
            changed = dataclasses.replace(unit.cell, **{name: _HALF_HARD_SIGMOID})
            yield f"its {name} is {usual} with 1/6 rounded to float16", replace(unit, cell=changed)


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
