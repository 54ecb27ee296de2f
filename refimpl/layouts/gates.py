"""Reordering gate blocks, for every layout."""

from __future__ import annotations

from ..arrays import Array
from ..checks import described, weights
from ..errors import InvalidArgument
from ..linear import blocks, concatenate
from ..parameters import Cell
from ..stack import is_cell

Orders = dict[str, tuple[str, ...]]
CONVERTED = "layouts.convert folds biases into one, or splits them"
"""What every refusal of a bias says, as there is a way."""


def reordered(array: Array, source: tuple[str, ...], target: tuple[str, ...]) -> Array:
    """The gate blocks of the last axis, which stand in the order ``source``, in the order ``target``."""
    by_gate = dict(zip(source, blocks(array, len(source)), strict=True))
    return concatenate(*(by_gate[gate] for gate in target))


def order_of(cell: Cell, orders: Orders) -> tuple[str, ...]:
    """The layout's gate order for this cell; `InvalidArgument` where the layout has no such cell."""
    kind = type(cell).__name__
    if kind not in orders or not is_cell(cell):
        if is_cell(cell):
            way = f"one of {', '.join(orders)} (no other is there: go over the steps with a cell of your own)"
            raise InvalidArgument("cell", expected=way, got=kind)
        raise InvalidArgument("cell", expected=f"one of {', '.join(orders)}", got=described(cell))
    return orders[kind]


def refuse(cell: Cell, options: tuple[str, ...], framework: str) -> None:
    """`InvalidArgument` where the cell has one of these options, which the framework's has not."""
    for name in options:
        if getattr(cell, name, None):
            why = f"as {framework} has it" + (f"; {CONVERTED}" if name == "forget_bias" else "")
            raise InvalidArgument(f"cell.{name}", expected=f"none ({why})", got=getattr(cell, name))


def checked(name: str, array: object, shape: tuple[int, ...]) -> Array:
    """``array`` as an array of exactly that shape, of numbers that need not be finite."""
    return weights(name, array, shape)
