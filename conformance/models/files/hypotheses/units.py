"""A file's recurrent layers cut into single cells, each in one direction, in a form that no layout is left in.

Layers are grouped differently everywhere: three layers are one module in PyTorch, three nodes in ONNX, three layers in
Keras. So files are compared cell by cell: layer by layer, forward before backward, weights in the oracle's order,
biases folded where they can be.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from refimpl.activations import named
from refimpl.layouts.converting import folded
from refimpl.stack import named_cells

from ....contract import Array
from ..model import Model, Node

_IGNORED = ("input_size", "hidden_size", "use_bias", "use_recurrent_bias", "forget_bias")
_GRID = np.linspace(-8, 8, 257)
_SAME_FUNCTION = 2.0**-18
"""Activations that differ by less are the same function with its numbers stored in float32."""


@dataclass(frozen=True)
class Unit:
    """One cell in one direction.

    place     of its layer in the file, and which of its cells
    layer     counts the layers of the file; both directions of a layer have the same
    params    by name, float64
    storage   the unit roundoff of the file's dtype
    """

    place: str
    node: Node
    layer: int
    cell: Any
    params: Mapping[str, Array]
    reverse: bool
    storage: float


@dataclass(frozen=True)
class Differences:
    """How two cells differ.

    options   by name, what each of the two has
    arrays    by name, the greatest difference beyond what folding biases rounds; those alone that differ
    """

    options: Mapping[str, tuple[Any, Any]]
    arrays: Mapping[str, float]

    @property
    def none(self) -> bool:
        """Whether they are the same."""
        return not self.options and not self.arrays


def units_of(model: Model) -> list[Unit]:
    """The cells of a file, in the order in which a sequence passes them."""
    found: list[Unit] = []
    count = 0
    for node in _forward_first(model):
        layer = node.recurrent
        assert layer is not None
        cells = named_cells(layer.cell)
        numbers = {prefix: int(prefix[1:].partition("_")[0].rstrip(".")) if prefix else 0 for prefix, _ in cells}
        storage = max(_roundoff(np.asarray(value).dtype) for value in layer.params.values())
        for prefix, cell in cells:
            params = {
                name.removeprefix(prefix): np.asarray(value, np.float64)
                for name, value in layer.params.items()
                if name.startswith(prefix)
            }
            place = node.name.partition("#")[0] + (f" {prefix.rstrip('.')}" if prefix else "")
            reverse = prefix.endswith("_reverse.") if prefix else layer.reverse
            found.append(Unit(place, node, count + numbers[prefix], cell, params, reverse, storage))
        count += max(numbers.values()) + 1
    return found


def _forward_first(model: Model) -> list[Node]:
    """The layers that are known; where both directions are layers of their own, the one that runs ahead first."""
    found = [node for node in model.recurrent if node.recurrent is not None]
    for k, (one, other) in enumerate(pairwise(found)):
        a, b = one.recurrent, other.recurrent
        if a is not None and b is not None and a.reverse and not b.reverse and not _comes_of(model, other, one):
            found[k : k + 2] = [other, one]
    return found


def _comes_of(model: Model, node: Node, other: Node) -> bool:
    """Whether something of what goes into a node was made by the other."""
    makers = {name: each for each in model.nodes for name in each.outputs if name}
    left, seen = list(node.inputs), set()
    while left:
        name = left.pop()
        if name in makers and name not in seen:
            seen.add(name)
            if makers[name] is other:
                return True
            left += makers[name].inputs
    return False


def differences(one: Unit, other: Unit) -> Differences:
    """How two cells differ, whatever their biases' form."""
    options = {name: pair for name, pair in _options(one, other).items() if not _alike(name, *pair)}
    arrays: dict[str, float] = {}
    ours, theirs = _arrays(one), _arrays(other)
    for name in dict.fromkeys([*ours, *theirs]):
        a, b = ours.get(name), theirs.get(name)
        if a is None or b is None or a.shape != b.shape:
            absent = a if b is None else b
            if a is not None and b is not None:
                arrays[name] = np.inf
            elif absent is not None and np.any(absent != 0):
                arrays[name] = float(np.abs(absent).max())
            continue
        allowed = (_rounding(one) + _rounding(other)) if name == "bias" else 0.0
        beyond = np.abs(a - b)
        if np.any(beyond > allowed):
            arrays[name] = float(beyond.max())
    return Differences(options, arrays)


def _options(one: Unit, other: Unit) -> dict[str, tuple[Any, Any]]:
    found: dict[str, tuple[Any, Any]] = {
        "kind": (type(one.cell).__name__, type(other.cell).__name__),
        "sizes": ((one.cell.input_size, one.cell.hidden_size), (other.cell.input_size, other.cell.hidden_size)),
        "reverse": (one.reverse, other.reverse),
    }
    if type(one.cell) is type(other.cell):
        for field in dataclasses.fields(one.cell):
            if field.name not in _IGNORED:
                found[field.name] = (getattr(one.cell, field.name), getattr(other.cell, field.name))
    return found


def _alike(name: str, one: Any, other: Any) -> bool:
    if one == other:
        return True
    if not name.endswith("activation") or one is None or other is None:
        return False
    return same_function(one, other)


def same_function(one: str, other: str) -> bool:
    """Whether two activations are one function, but for numbers stored in float32."""
    with np.errstate(all="ignore"):
        apart = np.abs(named(one)(_GRID.copy()) - named(other)(_GRID.copy()))
    return bool(np.max(apart) <= _SAME_FUNCTION)


def _arrays(unit: Unit) -> dict[str, Array]:
    """Everything by name, biases folded; ``inside`` is the bias that stands in a reset product."""
    found = {name: value for name, value in unit.params.items() if name not in ("bias", "recurrent_bias")}
    found["bias"] = folded(unit.cell, unit.params)
    if getattr(unit.cell, "reset_after", False) and "recurrent_bias" in unit.params:
        found["inside"] = unit.params["recurrent_bias"][-unit.cell.hidden_size :]
    return found


def _rounding(unit: Unit) -> Any:
    """What storing the sum of both biases may have rounded."""
    biases = [np.abs(unit.params[name]) for name in ("bias", "recurrent_bias") if name in unit.params]
    forget = abs(getattr(unit.cell, "forget_bias", 0.0))
    return 2 * unit.storage * (sum(biases) + forget) if biases else 0.0


def _roundoff(dtype: Any) -> float:
    return float(np.finfo(dtype).eps) / 2 if dtype.kind == "f" else 0.0
