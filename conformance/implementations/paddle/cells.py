"""PaddlePaddle: ``SimpleRNNCell``, ``LSTMCell`` and ``GRUCell`` in ``paddle.nn.RNN`` and ``BiRNN``.

An option of their own: ``layout``, ``batch-major`` or ``time-major``. The outputs behind a row's length are what the
cell makes of the padding: they are zeroed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refimpl.stack import named_cells

from ...contract import Case
from .base import EITHER, LAYOUTS, LENGTHS, PaddleImplementation, entries


class PaddleCells(PaddleImplementation):
    """The cells of ``paddle.nn``, one direction in ``RNN``, two in ``BiRNN``."""

    name = "paddle-cell"
    path = "paddle.nn cells in RNN or BiRNN, dynamic graph, CPU"
    classes = ("SimpleRNNCell", "LSTMCell", "GRUCell", "RNN", "BiRNN")
    cells: Sequence[Mapping[str, Any]] = [
        entry | {"direction": ("forward", "backward", "both"), "layout": LAYOUTS, "lengths": LENGTHS}
        for entry in entries(use_bias=EITHER, use_recurrent_bias=EITHER)
    ]

    def arguments(self, case: Case) -> dict[str, Any]:
        both = case.options["direction"] == "both"
        options: dict[str, Any] = {"cells": [_options(cell) for _, cell in named_cells(case.cell)]}
        options |= {"is_reverse": True} if case.reverse else {}
        options |= {"time_major": True} if case.call_options.get("layout") == "time-major" else {}
        found = {"module": "BiRNN" if both else "RNN", "options": options, "cell": f"{case.kind}Cell"}
        found |= super().arguments(case)
        return found | ({"zero_padding": True} if case.lengths is not None else {})


def _options(cell: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"input_size": cell.input_size, "hidden_size": cell.hidden_size}
    found |= {"proj_size": cell.proj_size} if getattr(cell, "proj_size", 0) else {}
    found |= {"activation": cell.activation} if type(cell).__name__ == "SimpleRNN" else {}
    found |= {} if cell.use_bias else {"bias_ih_attr": False}
    return found | ({} if cell.use_recurrent_bias else {"bias_hh_attr": False})
