"""PaddlePaddle: named tensors, as PyTorch's but for biases and the projection.

===========  =======  =====================================================================
module       gates    tensors, with ``suffix`` "_l0" for layer 0 and "" for a cell
===========  =======  =====================================================================
SimpleRNN             ``weight_ih{suffix}`` ``(gates*hidden, input)``
LSTM         i f g o  ``weight_hh{suffix}`` ``(gates*hidden, hidden)``
GRU          r z n    ``bias_ih{suffix}`` and ``bias_hh{suffix}`` ``(gates*hidden,)``
===========  =======  =====================================================================

Each bias is there or not by itself (``bias_ih_attr=False``, ``bias_hh_attr=False``). The projection of an LSTM is
``weight_ho{suffix}`` ``(hidden, proj)``, the other way round than PyTorch's. All else is as in `pytorch`: stacks, their
suffixes, and states.

Source: paddle/nn/layer/rnn.py, PaddlePaddle 3.3.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..arrays import Array
from ..checks import mapping, text
from ..errors import InvalidArgument
from ..parameters import Cell, Parameters
from ..stack import Stack
from . import gates
from .pytorch import GATE_ORDER, dump_state, load_state
from .pytorch import NAMES as PYTORCH_NAMES
from .suffixes import parts_of

__all__ = ["GATE_ORDER", "NAMES", "dump", "dump_state", "load", "load_state"]

NAMES = PYTORCH_NAMES | {"projection_kernel": "weight_ho"}


def load(cell: Cell | Stack, weights: Mapping[str, Any], suffix: str = "_l0") -> Parameters:
    """The cell's parameters from a module's tensors as arrays, or from its gradients.

    ``suffix`` is for a single cell: a stack takes every layer of the module, by its own.
    """
    parts = list(_parts(cell, text("suffix", suffix)))
    names = [NAMES[name] + end for _, part, end in parts for name in part.parameter_shapes]
    weights = mapping("weights", weights, names, others=True)
    found: Parameters = {}
    for prefix, part, end in parts:
        order = GATE_ORDER[type(part).__name__]
        for name, shape in part.parameter_shapes.items():
            its = NAMES[name] + end
            if name == "projection_kernel":
                found[prefix + name] = gates.checked(f"weights[{its!r}]", weights[its], shape).copy()
            else:
                array = gates.checked(f"weights[{its!r}]", weights[its], shape[::-1]).T
                found[prefix + name] = gates.reordered(array, order, part.gate_order)
    return found


def dump(cell: Cell | Stack, params: Mapping[str, Any], suffix: str = "_l0") -> dict[str, Array]:
    """A module's tensors by name, from the cell's parameters or from their gradients; ``suffix`` as for `load`."""
    parts = list(_parts(cell, text("suffix", suffix)))
    params = mapping("params", params, cell.parameter_shapes)
    found: dict[str, Array] = {}
    for prefix, part, end in parts:
        order = GATE_ORDER[type(part).__name__]
        for name, shape in part.parameter_shapes.items():
            array = gates.checked(f"params[{prefix + name!r}]", params[prefix + name], shape)
            is_projection = name == "projection_kernel"
            found[NAMES[name] + end] = (
                array.copy() if is_projection else gates.reordered(array, part.gate_order, order).T
            )
    return found


def _parts(cell: Cell | Stack, suffix: str) -> Iterator[tuple[str, Cell, str]]:
    """Prefix, cell and suffix of each layer and direction; `InvalidArgument` where PaddlePaddle has no such cell."""
    parts = parts_of(cell, suffix, "PaddlePaddle") if isinstance(cell, Stack) else [("", cell, suffix)]
    for prefix, part, end in parts:
        gates.order_of(part, GATE_ORDER)
        if not getattr(part, "reset_after", True):
            raise InvalidArgument("cell.reset_after", expected="True (as PaddlePaddle has it)", got=False)
        gates.refuse(part, ("peepholes", "input_forget", "clip", "forget_bias", "output_activation"), "PaddlePaddle")
        yield prefix, part, end
