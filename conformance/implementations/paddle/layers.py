"""PaddlePaddle: ``paddle.nn.SimpleRNN``, ``LSTM`` and ``GRU``, dynamic graphs on the CPU.

Options of their own, beside the oracle's:

================  ==============================================================================
``layout``        ``batch-major`` or ``time-major`` (``time_major=True``)
``training``      False: the layer is in its mode of evaluation, in which its kernel has no gradients
``autograd``      False: under ``paddle.no_grad()``
``dropout_rate``  of dropout that ``training``, False, turns off
================  ==============================================================================

What dropout draws while it trains nobody is told, so that is not asked. An LSTM with ``proj_size`` is computed by
Paddle's loop over the steps, all else by its kernel ``rnn``; the loop leaves the outputs behind a row's length
unspecified: they are zeroed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...common.descriptions import first_cell
from ...contract import Case
from .base import EITHER, LAYOUTS, LENGTHS, PaddleImplementation, entries

_DEEP: Mapping[str, Sequence[Any]] = {"layers": (1, 2, 3), "direction": ("forward", "both")}


class PaddleLayers(PaddleImplementation):
    """``paddle.nn.SimpleRNN``, ``LSTM`` and ``GRU``."""

    name = "paddle"
    path = "paddle.nn, dynamic graph, CPU"
    classes = ("SimpleRNN", "LSTM", "GRU")
    cells: Sequence[Mapping[str, Any]] = [
        *entries(**_DEEP, layout=LAYOUTS, lengths=LENGTHS),
        *entries(**_DEEP, layout=LAYOUTS, lengths=LENGTHS, training=(False,), gradients=(False,)),
        *entries(**_DEEP, autograd=(False,), training=EITHER, gradients=(False,)),
        *entries(**{**_DEEP, "layers": (2, 3)}, dropout_rate=(0.5,), training=(False,), gradients=(False,)),
    ]
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {"use_bias": (one,), "use_recurrent_bias": (other,), "projection": (False, "absent")},
            "reason": "no layer without both biases is computed (paddle-layers-cannot-be-without-a-bias)",
            "message": ": ",  # any: weights are read from what lies behind them, and what comes of it is by chance
        }
        for one, other in ((True, False), (False, True), (False, False))
    ]

    def arguments(self, case: Case) -> dict[str, Any]:
        cell, layers = first_cell(case.cell), case.options["layers"]
        options: dict[str, Any] = {"input_size": cell.input_size, "hidden_size": cell.hidden_size}
        if case.kind == "SimpleRNN":
            options["activation"] = cell.activation
        options |= {"num_layers": layers} if layers > 1 else {}
        options |= {"direction": "bidirect"} if case.options["direction"] == "both" else {}
        options |= {"time_major": True} if case.call_options.get("layout") == "time-major" else {}
        options |= {"proj_size": cell.proj_size} if getattr(cell, "proj_size", 0) else {}
        options |= {} if cell.use_bias else {"bias_ih_attr": False}
        options |= {} if cell.use_recurrent_bias else {"bias_hh_attr": False}
        if "dropout_rate" in case.call_options:
            options["dropout"] = case.call_options["dropout_rate"]
        found = {"module": case.kind, "options": options, **super().arguments(case)}
        if case.lengths is not None and "proj_size" in options:
            found["zero_padding"] = True
        return found
