"""A model in words: what its table has, and the same as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from refimpl.stack import Stack, named_cells

from .judging import FileVerdict, PartVerdict
from .model import Input, Model, Node

_USUAL = {"activation": "tanh", "recurrent_activation": "sigmoid"}
_LISTED = 6  # parts between two layers that are named one by one


@dataclass(frozen=True)
class Line:
    """A line of the table: a recurrent layer, or what stands between two of them.

    node   the recurrent layer; None for what stands between
    """

    place: str
    kind: str
    sizes: str
    options: str
    parameters: int
    node: Node | None = None


def lines_of(model: Model) -> list[Line]:
    """The model from first to last, in words."""
    found: list[Line] = []
    between: list[Node] = []
    for node in (*model.nodes, None):
        if node is not None and node not in model.recurrent:
            between.append(node)
            continue
        if between:
            found.append(_between(between))
            between = []
        if node is not None:
            found.append(_recurrent(node))
    return found


def input_in_words(asked: Input) -> str:
    """A model's input: its name, type and axes, ``?`` for what is left open."""
    symbols = [*asked.symbols, *[""] * len(asked.shape)]
    axes = ", ".join(str(size) if size is not None else symbols[k] or "?" for k, size in enumerate(asked.shape))
    return f"{asked.name.partition('#')[0]} {asked.dtype} ({axes})"


def verdict_in_words(verdict: PartVerdict) -> str:
    """What was found of a part, in a few words."""
    if verdict.verdict in ("not compared", "undecided", "measured") or verdict.worst is None:
        return verdict.verdict + (f": {verdict.reason}" if verdict.reason else "")
    numbers = sum(each.numbers for each in verdict.quantities)
    if verdict.verdict == "agrees":
        unit = "of what rounding may do" if verdict.worst.unit == "bound" else "deviations at most"
        return f"agrees: {verdict.worst.ratio:.2g} {unit}, {numbers:,} numbers"
    since = "" if verdict.first_step is None else f" from step {verdict.first_step} on"
    why = f"; all numbers agree if {', or '.join(verdict.explanations)}" if verdict.explanations else ""
    why = why or ("; no hypothesis explains it" if verdict.explanations == () else "")
    unit = "times what rounding may do" if verdict.worst.unit == "bound" else "deviations"
    why = why or (f"; {verdict.reason}" if verdict.reason else "")
    return f"differs{since}: {verdict.worst.ratio:,.3g} {unit}{why}"


def summary(verdict: FileVerdict) -> str:
    """What stands between the layers, in a few words."""
    words: dict[str, list[PartVerdict]] = {}
    for part in verdict.parts:
        words.setdefault(part.verdict, []).append(part)
    return ", ".join(f"{len(parts)} {name}" for name, parts in sorted(words.items()))


def unmodelled(model: Model) -> Mapping[str, str]:
    """By place, what the oracle cannot compute, for the reason that stands in the file."""
    return {node.name: node.unknown for node in model.nodes if node.unknown}


def as_data(model: Model) -> dict[str, Any]:
    """The model as JSON has it."""
    return {
        "path": model.path,
        "format": model.format,
        "written_by": model.written_by,
        "inputs": [{"name": each.name, "shape": list(each.shape), "dtype": each.dtype} for each in model.inputs],
        "layers": [
            {
                "place": node.name,
                "kind": node.operator,
                "cells": [str(cell) for _, cell in named_cells(node.recurrent.cell)] if node.recurrent else [],
                "convention": node.recurrent.convention if node.recurrent else None,
                "parameters": node.recurrent.parameter_count if node.recurrent else None,
                "unknown": node.unknown,
            }
            for node in model.recurrent
        ],
        "parts": [{"place": node.name, "kind": node.operator} for node in model.nodes if node not in model.recurrent],
        "notes": list(model.notes),
        "hazards": list(model.hazards),
    }


def part_as_data(part: PartVerdict) -> dict[str, Any]:
    """A part's verdict as JSON has it."""
    return {
        "place": part.place,
        "operator": part.operator,
        "verdict": part.verdict,
        "reason": part.reason,
        "arithmetic": part.arithmetic,
        "first_step": part.first_step,
        "explanations": None if part.explanations is None else list(part.explanations),
        "quantities": [
            {
                "name": each.name,
                "verdict": each.verdict,
                "numbers": each.numbers,
                "index": list(each.index),
                "expected": _finite(each.expected),
                "got": _finite(each.got),
                "allowed": _finite(each.allowed),
                "ratio": _finite(each.ratio),
                "unit": each.unit,
                "proven": each.proven,
            }
            for each in part.quantities
        ],
    }


def _finite(number: float) -> float | str:
    """JSON has no infinity and no NaN."""
    return number if np.isfinite(number) else str(number)


def _between(nodes: Sequence[Node]) -> Line:
    kinds = [node.operator for node in nodes]
    if len(kinds) > _LISTED:
        counted = [f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)]
        words = ", ".join(counted[:_LISTED]) + (", …" if len(counted) > _LISTED else "")
    else:
        words = ", ".join(_part(node) for node in nodes)
    count = sum(int(np.size(weight)) for node in nodes for weight in node.weights)
    place = nodes[0].name if len(nodes) == 1 else f"{len(nodes)} parts"
    return Line(place, words, "", "", count)


def _part(node: Node) -> str:
    for name in ("units", "output_dim", "activation", "axis"):
        value = node.attributes.get(name)
        if isinstance(value, int | str) and not isinstance(value, bool):
            return f"{node.operator}({value})"
    return node.operator


def _recurrent(node: Node) -> Line:
    if node.recurrent is None:
        return Line(node.name, node.operator, "", f"not computed: {node.unknown}", 0, node)
    layer = node.recurrent
    cells = [cell for _, cell in named_cells(layer.cell)]
    first: Any = cells[0]
    kind = type(first).__name__
    if isinstance(layer.cell, Stack):
        both = layer.cell.layers[0].backward is not None and layer.cell.layers[0].forward is not None
        count = len(layer.cell.layers)
        kind = " ".join(filter(None, [f"{count} ×" if count > 1 else "", kind, "both directions" if both else ""]))
    sizes = f"{first.input_size} → {first.hidden_size}"
    if layer.cell.output_size != first.hidden_size:
        sizes += f" → {layer.cell.output_size}"
    return Line(node.name, kind, sizes, ", ".join(_options(layer, cells)), layer.parameter_count, node)


def _options(layer: Any, cells: Sequence[Any]) -> Iterator[str]:
    first = cells[0]
    for name, usual in _USUAL.items():
        if (value := getattr(first, name, usual)) != usual:
            yield f"{name} {value}"
    if getattr(first, "output_activation", None):
        yield f"output_activation {first.output_activation}"
    if hasattr(first, "reset_after"):
        yield "reset after" if first.reset_after else "reset before"
    biases = first.use_bias + first.use_recurrent_bias
    yield ("no bias", "one bias", "two biases")[biases]
    for name in ("proj_size", "peepholes", "input_forget", "clip"):
        if value := getattr(first, name, None):
            yield name if value is True else f"{name} {value}"
    if layer.reverse or layer.options.get("backwards"):
        yield "backwards"
    if layer.convention == "keras":
        yield "all steps" if layer.return_sequences else "last step"
    for name in ("return_state", "stateful", "time_major", "unmerged", "batch_first"):
        if layer.options.get(name):
            yield name.replace("_", " ")
    if layer.options.get("in_a_loop"):
        yield "as a loop" if layer.return_sequences else "as a loop, last step"
    if layer.options.get("cell_clip"):
        yield f"state cut off at {layer.options['cell_clip']:g}"
    for name in ("dropout", "recurrent_dropout"):
        if layer.options.get(name):
            yield f"{name} {layer.options[name]} (at rest)"
    if isinstance(layer.cell, Stack) and layer.cell.layers[0].merge != "concat":
        yield f"merged by {layer.cell.layers[0].merge}"
