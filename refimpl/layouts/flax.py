"""Flax: the cells of ``flax.linen`` and of ``flax.nnx``, as one flat mapping of dotted names.

``form="linen"`` has a kernel ``(input or hidden, hidden)`` for each gate, ``form="nnx"`` one for all gates,
``(input or hidden, gates*hidden)``:

==========  =======  ===================================  ================================================
cell        gates    "linen"                              "nnx"
==========  =======  ===================================  ================================================
SimpleRNN            ``i.kernel`` ``i.bias``              ``dense_i.kernel`` ``dense_i.bias``
                     ``h.kernel``                         ``dense_h.kernel``
LSTM        i f g o  ``ii.kernel`` … ``hi.kernel`` …      ``dense_i.kernel`` ``dense_h.kernel``
                     ``hi.bias`` …                        ``dense_h.bias``
GRU         r z n    ``ir.kernel`` … ``ir.bias`` …        ``dense_i.kernel`` ``dense_i.bias``
                     ``hr.kernel`` … ``hn.bias``          ``dense_h.kernel``
==========  =======  ===================================  ================================================

All have biases. The GRU resets after. linen's has a bias inside the reset product, so ``use_recurrent_bias=True``;
nnx's has none, so False: one cannot hold the other's weights. nnx's ``LSTMCell`` has the
names of linen's, but for ``if_`` in the place of ``if``, which is a word of Python's; its ``OptimizedLSTMCell`` those
of the last column.

The carry is ``h``, of an LSTM ``(c, h)``, the cell state first, each ``(batch, hidden)``.

Source: flax/linen/recurrent.py and flax/nnx/nn/recurrent.py, Flax 0.12.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..arrays import Array
from ..checks import mapping, one_of
from ..errors import InvalidArgument
from ..linear import blocks as blocks_of
from ..linear import concatenate
from ..parameters import Cell, Parameters, State
from . import gates, states
from .single_bias import Blocks, check, put_together, taken_apart

GATE_ORDER: gates.Orders = {"SimpleRNN": ("h",), "LSTM": ("i", "f", "g", "o"), "GRU": ("r", "z", "n")}
FORMS = ("linen", "nnx")
_BIASED = {"SimpleRNN": "i", "LSTM": "h", "GRU": "i"}
"""Whether the bias stands beside the kernel or beside the recurrent kernel."""


def load(cell: Cell, weights: Mapping[str, Any], form: str = "linen") -> Parameters:
    """The cell's parameters, from a Flax cell's arrays by dotted name, or from their gradients."""
    named = _names(cell, form)
    weights = mapping("weights", weights, [name for names in named.values() for name in names], others=True)
    hidden = cell.hidden_size
    rows = {"kernel": (cell.input_size,), "recurrent_kernel": (hidden,)}
    blocks = {}
    for part, names in named.items():
        width = hidden * (1 if part == "candidate_bias" else len(cell.gate_order) // len(names))
        shape = (*rows.get(part, ()), width)
        blocks[part] = concatenate(*(gates.checked(f"weights[{name!r}]", weights[name], shape) for name in names))
    found = Blocks(blocks["kernel"], blocks["recurrent_kernel"], blocks["bias"], blocks.get("candidate_bias"))
    return put_together(cell, found, GATE_ORDER[type(cell).__name__])


def dump(cell: Cell, params: Mapping[str, Any], form: str = "linen") -> dict[str, Array]:
    """A Flax cell's arrays by dotted name, from the cell's parameters or from their gradients."""
    named = _names(cell, form)
    blocks = taken_apart(cell, params, GATE_ORDER[type(cell).__name__])
    return {
        name: block.copy()
        for part, names in named.items()
        for name, block in zip(names, blocks_of(getattr(blocks, part), len(names)), strict=True)
    }


def load_state(cell: Cell, carry: Any) -> State:
    """The state, in the order of ``cell.state_names``, from a carry: ``h``, of an LSTM ``(c, h)``."""
    _check_either(cell)
    parts = [carry] if len(cell.state_names) == 1 else carry
    return states.checked(cell, "carry", _turned(parts))


def dump_state(cell: Cell, state: Any) -> Any:
    """A carry, ``h`` or ``(c, h)``: the inverse of `load_state`."""
    _check_either(cell)
    found = states.checked(cell, "state", state)
    return _turned(found) if len(found) > 1 else found[0]


def _turned(parts: Any) -> Any:
    return parts[::-1] if isinstance(parts, tuple | list) else parts


def _check_either(cell: Cell) -> None:
    """`InvalidArgument` where neither form of Flax has such a cell."""
    gates.order_of(cell, GATE_ORDER)
    _check(cell, "linen" if cell.use_recurrent_bias or not getattr(cell, "reset_after", False) else "nnx")


def _check(cell: Cell, form: str) -> None:
    """`InvalidArgument` where Flax has no such cell."""
    one_of("form", form, FORMS)
    check(cell, GATE_ORDER, f"flax.{form}", bias=True, candidate_bias=form == "linen")
    gates.refuse(cell, ("forget_bias",), "Flax")
    if not getattr(cell, "reset_after", True):
        raise InvalidArgument("cell.reset_after", expected="True (as Flax has it)", got=False)


def _names(cell: Cell, form: str) -> dict[str, list[str]]:
    """The part of `Blocks` to the names of the arrays that make it up, in the order of the gates."""
    _check(cell, form)
    kind = type(cell).__name__
    side, order = _BIASED[kind], GATE_ORDER[kind]
    if form == "nnx":
        found = {"kernel": ["dense_i.kernel"], "recurrent_kernel": ["dense_h.kernel"], "bias": [f"dense_{side}.bias"]}
    else:
        letters = order if len(order) > 1 else ("",)
        found = {
            "kernel": [f"i{letter}.kernel" for letter in letters],
            "recurrent_kernel": [f"h{letter}.kernel" for letter in letters],
            "bias": [f"{side}{letter}.bias" for letter in letters],
        }
    return found | ({"candidate_bias": ["hn.bias"]} if cell.use_recurrent_bias else {})
