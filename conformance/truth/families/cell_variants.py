"""Families of what only some frameworks have: variants of the cells, dropout, other outputs, layers, activations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.activations import NAMES

from ...contract import Array
from .building import ACTIVATIONS, KINDS, ORDINARY, Magnitudes, Sizes, case_of, make_cell, make_mask, sizes_for
from .flags import family_of, flags_of
from .pairwise import pairwise
from .seeded_numbers import SeededNumbers
from .uncertified import UncertifiedCase, UncertifiedFamily

Row = Mapping[str, Any]
Drawn = tuple[Any, dict[str, Any]]  # a cell or a stack, and how it goes over the sequence

_EITHER = (False, True)
_GIVEN = {"initial": (True, False), "cotangents": (("outputs",), ("outputs", "h", "c"), ("h",), ("c",), ())}
_GIVEN_AT_ALL: Mapping[str, Sequence[Any]] = {"initial": (True,), "cotangents": (("outputs", "h", "c"),)}
_SEQUENCE = {"reverse": _EITHER, "masking": ("none", "right", "scattered", "lengths")}
_GENTLE = Magnitudes(kernel=0.25, recurrent_kernel=0.125, bias=0.25, bias_centre=-1.0)  # exponentials of exponentials
_WITH_PARAMETERS = ("elu(0.5)", "celu(0.5)", "leaky_relu(0.01)", "thresholded_relu(0.25)", "affine(0.75,0.25)",
                    "scaled_tanh(1.5,0.75)", "hard_sigmoid(0.2,0.5)", "softsign")  # fmt: skip


def variant_families() -> Iterator[UncertifiedFamily]:
    """One for each group of options, every pair of their values."""
    yield _family(
        "lstm_variants",
        "LSTM with projection, peepholes, coupled input and forget gate, clipping, a forget bias added at run time and "
        "an activation of its own for the cell state.",
        ("lstm",),
        {
            "projection": _EITHER,
            "peepholes": _EITHER,
            "input_forget": _EITHER,
            "clip": (None, 0.5),
            "forget_bias": (0.0, 1.0),
            "output_activation": (None, "sigmoid", "linear"),
            **_SEQUENCE,
        },
        _variant,
    )
    yield _family(
        "clipped",
        "SimpleRNN and GRU with the arguments of their activations clipped.",
        ("simple-rnn", "gru-after", "gru-before"),
        {"clip": (0.25, 1.0), "activation": ("tanh", "relu", "linear"), **_SEQUENCE},
        _variant,
    )
    yield _family(
        "outputs",
        "Outputs in processing order, and the last output alone, for every cell.",
        tuple(KINDS),
        {"order": ("original", "processing"), "last": _EITHER, **_SEQUENCE, "masked_output": ("repeat", "zeros")},
        _variant,
    )
    yield _family(
        "dropout",
        "Given factors on the input and on the hidden state, the same at every step, for all gates or for each.",
        tuple(KINDS),
        {"dropout": ("none", "shared", "a gate"), "recurrent": ("none", "shared", "a gate"), **_SEQUENCE},
        _variant,
    )
    yield _family(
        "layers",
        "One to three layers, in one direction or in both, merged in every way, with dropout between them.",
        tuple(KINDS),
        {
            "layers": (1, 2, 3),
            "direction": ("both", "forward", "backward"),
            "merge": ri.stack.MERGES,
            "other": _EITHER,
            "between": _EITHER,
            "last": _EITHER,
            "masking": _SEQUENCE["masking"],
        },
        _stack,
    )
    others = tuple(name for name in NAMES if name not in ACTIVATIONS) + _WITH_PARAMETERS
    yield _family(
        "activations",
        "Every other activation that Keras and ONNX name, for the candidate and for the gates.",
        ("simple-rnn", "lstm"),
        {"activation": others, "recurrent_activation": ("sigmoid", "hard_sigmoid(0.2,0.5)"), **_GIVEN_AT_ALL},
        _variant,
    )


def _family(
    name: str,
    description: str,
    kinds: Sequence[str],
    options: Mapping[str, Sequence[Any]],
    draw: Callable[[str, Row, Sizes, SeededNumbers], Drawn],
) -> UncertifiedFamily:
    drafts = []
    for kind in kinds:
        for k, row in enumerate(pairwise({**_GIVEN, **options})):
            values = SeededNumbers(f"{name}/{kind}/{k}", few_digits=k % 3 == 0)
            sizes = sizes_for(k, several_rows=row.get("masking", "none") != "none")
            cell, sequence = draw(kind, row, sizes, values)
            case = case_of(
                cell,
                *sizes[:2],
                values,
                initial=row["initial"],
                cotangents=_known(cell, row["cotangents"]),
                magnitudes=_GENTLE if row.get("activation") == "exponential" else ORDINARY,
                sequence=sequence,
            )
            drafts.append(UncertifiedCase(f"{kind}-{k:03d}", case, flags_of(case)))
    return family_of(name, description, drafts)


def _variant(kind: str, row: Row, sizes: Sizes, values: SeededNumbers) -> Drawn:
    """One cell with these options."""
    batch, time, inputs, hidden = sizes
    names = (
        "activation",
        "recurrent_activation",
        "output_activation",
        "peepholes",
        "input_forget",
        "clip",
        "forget_bias",
    )
    options = {name: row[name] for name in names if name in row}
    if kind == "simple-rnn":
        options.pop("recurrent_activation", None)
    if row.get("projection"):
        options["proj_size"] = hidden - 1
    cell = make_cell(kind, inputs, hidden, options)
    sequence = _masking(row, batch, time, values) | {"reverse": row.get("reverse", False)}
    if "order" in row:
        sequence |= {"output_order": row["order"], "return_sequences": not row["last"]}
    if "dropout" in row:
        sequence["dropout"] = _dropout(cell, row, batch, values)
    return cell, sequence


def _stack(kind: str, row: Row, sizes: Sizes, values: SeededNumbers) -> Drawn:
    """A stack with these options."""
    batch, time, inputs, hidden = sizes
    layers: list[ri.Layer] = []
    for _ in range(row["layers"]):
        cell = make_cell(kind, layers[-1].output_size if layers else inputs, hidden, {})
        other = replace(cell, activation="sigmoid") if row["other"] else cell
        forward, backward = row["direction"] != "backward", row["direction"] != "forward"
        layers.append(ri.Layer(cell if forward else None, other if backward else None, row["merge"]))
    sequence = _masking(row, batch, time, values) | {"return_sequences": not row["last"]}
    if row["between"] and layers[1:]:
        shapes = {f"l{k}.between": (batch, time, layer.input_size) for k, layer in enumerate(layers) if k}
        sequence["dropout"] = {name: _factors(shape, values) for name, shape in shapes.items()}
    return ri.Stack(tuple(layers)), sequence


def _known(cell: Any, cotangents: tuple[str, ...]) -> tuple[str, ...]:
    """The cotangents that the cell has: of a state that it has not, that of the outputs."""
    names = {name.rpartition(".")[2] for name in cell.state_names}
    return tuple("outputs" if name not in names else name for name in cotangents)


def _masking(row: Row, batch: int, time: int, values: SeededNumbers) -> dict[str, Any]:
    if row.get("masking", "none") == "none":
        return {}
    if row["masking"] == "lengths":
        return {"lengths": np.array([1 + b % time for b in range(batch)]), "masked_output": "zeros"}
    return {"mask": make_mask(row["masking"], batch, time, values), "masked_output": row.get("masked_output", "zeros")}


def _dropout(cell: Any, row: Row, batch: int, values: SeededNumbers) -> dict[str, Array] | None:
    gates = {"shared": (), "a gate": (len(cell.gate_order),)}
    features = {"dropout": ("input", cell.input_size), "recurrent": ("recurrent", cell.output_size)}
    return {
        name: _factors((*gates[row[option]], batch, size), values)
        for option, (name, size) in features.items()
        if row[option] != "none"
    } or None


def _factors(shape: tuple[int, ...], values: SeededNumbers) -> Array:
    """0 or 2: dropout at the rate 1/2."""
    return np.array([2.0 * values.chance(0.5) for _ in range(int(np.prod(shape)))]).reshape(shape)
