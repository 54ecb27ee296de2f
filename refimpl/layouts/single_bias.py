"""What layouts with one bias a gate share: those of Flax, Equinox, MLX and Haiku.

``x W + b`` and ``h U`` are added in every gate, so one bias is enough. The exception is the candidate of a GRU that
resets after, ``x W_n + b_n + r ⊙ (h U_n + β_n)``, whose ``β_n`` stands inside the reset product: most have it too. Such
a cell has ``use_recurrent_bias=True`` here, with zeros for the other two gates, as the framework has none there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from ..checks import mapping
from ..errors import InvalidArgument
from ..parameters import Cell, Parameters
from . import gates

_OPTIONS = ("peepholes", "input_forget", "clip", "output_activation", "proj_size")


@dataclass(frozen=True)
class Blocks:
    """A cell's arrays, gate blocks along the last axis in the framework's order.

    kernel             ``(input, gates * hidden)``
    recurrent_kernel   ``(hidden, gates * hidden)``
    bias               ``(gates * hidden,)``, or None
    candidate_bias     ``(hidden,)``: the one inside a GRU's reset product, or None
    """

    kernel: Array
    recurrent_kernel: Array
    bias: Array | None
    candidate_bias: Array | None = None


def check(cell: Cell, orders: gates.Orders, framework: str, *, bias: bool | None, candidate_bias: bool = True) -> None:
    """`InvalidArgument` where the framework has no such cell.

    bias             whether its cells have one; None where that is an option
    candidate_bias   whether its GRU has one inside the reset product
    """
    gates.order_of(cell, orders)
    gates.refuse(cell, _OPTIONS, framework)
    if bias is not None and cell.use_bias != bias:
        raise InvalidArgument(
            "cell.use_bias", expected=f"{bias} (as {framework} has it; {gates.CONVERTED})", got=cell.use_bias
        )
    recurrent = candidate_bias and cell.use_bias and bool(getattr(cell, "reset_after", False))
    if cell.use_recurrent_bias != recurrent:
        why = f"as {framework} has it; {gates.CONVERTED}"
        raise InvalidArgument("cell.use_recurrent_bias", expected=f"{recurrent} ({why})", got=cell.use_recurrent_bias)


def taken_apart(cell: Cell, params: Mapping[str, Any], order: tuple[str, ...]) -> Blocks:
    """The cell's parameters as the framework's blocks; `InvalidArgument` for a recurrent bias that it cannot hold."""
    shapes = cell.parameter_shapes
    params = mapping("params", params, shapes)
    arrays = {
        name: gates.reordered(gates.checked(f"params[{name!r}]", params[name], shape), cell.gate_order, order)
        for name, shape in shapes.items()
    }
    inside = arrays.get("recurrent_bias")
    if inside is not None and np.any(inside[: -cell.hidden_size] != 0):
        count = np.count_nonzero(inside[: -cell.hidden_size])
        raise InvalidArgument(
            "params['recurrent_bias']",
            expected="zeros but for the candidate's (layouts.convert to this layout's name folds them into the bias)",
            got=f"{count} others",
        )
    candidate = None if inside is None else inside[-cell.hidden_size :]
    return Blocks(arrays["kernel"], arrays["recurrent_kernel"], arrays.get("bias"), candidate)


def put_together(cell: Cell, blocks: Blocks, order: tuple[str, ...]) -> Parameters:
    """The cell's parameters from the framework's blocks: the inverse of `taken_apart`."""
    recurrent_bias = None
    if blocks.candidate_bias is not None:
        width = len(order) * cell.hidden_size
        recurrent_bias = np.zeros(width, blocks.candidate_bias.dtype)
        recurrent_bias[-cell.hidden_size :] = blocks.candidate_bias
    arrays = {
        "kernel": blocks.kernel,
        "recurrent_kernel": blocks.recurrent_kernel,
        "bias": blocks.bias,
        "recurrent_bias": recurrent_bias,
    }
    return {name: gates.reordered(arrays[name], order, cell.gate_order) for name in cell.parameter_shapes}
