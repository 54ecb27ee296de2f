"""Haiku: ``haiku.VanillaRNN``, ``LSTM`` and ``GRU``.

Options of its own: ``unroll_by`` (``dynamic_unroll`` or ``static_unroll``, which runs forward alone) and ``layout``
(``batch-major`` or ``time-major``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refimpl.layouts import haiku as layout

from ...contract import Case
from ..program import Program
from .base import EITHER, JaxLibrary
from .programs import calls as shared
from .programs import haiku as code

_MODULES = {"SimpleRNN": "VanillaRNN", "LSTM": "LSTM", "GRU": "GRU"}
_GATED = {"activation": ("tanh",), "recurrent_activation": ("sigmoid",), "use_recurrent_bias": (False,)}
_KINDS: Sequence[Mapping[str, Any]] = (
    {"kind": "SimpleRNN", "activation": ("relu",), "use_recurrent_bias": EITHER},
    {"kind": "LSTM", "forget_bias": (layout.FORGET_BIAS,), **_GATED},
    {"kind": "GRU", "reset_after": (False,), **_GATED},
)
_UNROLLED: Sequence[Mapping[str, Any]] = (
    {"unroll_by": ("dynamic_unroll",), "direction": ("forward", "backward")},
    {"unroll_by": ("static_unroll",), "direction": ("forward",)},
)


class Haiku(JaxLibrary):
    """``haiku.VanillaRNN``, ``LSTM`` and ``GRU``, unrolled by Haiku."""

    name = "haiku"
    packages = ("dm-haiku",)
    path = "haiku cores"
    layout = layout
    cells: Sequence[Mapping[str, Any]] = [
        {**kind, "use_bias": (True,), "layout": ("batch-major", "time-major"), **how}
        for kind in _KINDS
        for how in _UNROLLED
    ]
    program = Program(
        f"{shared.PREAMBLE}\n{code.PREAMBLE}",
        (shared.arrays_of, shared.values_and_gradients, shared.weights_in, code.run_haiku),
    )

    def arguments(self, case: Case) -> dict[str, Any]:
        options: dict[str, Any] = {"hidden_size": case.cell.hidden_size}
        if case.kind == "SimpleRNN":
            options["double_bias"] = case.cell.use_recurrent_bias
        found = {"module": _MODULES[case.kind], "options": options, **super().arguments(case)}
        if "unroll_by" in case.call_options:
            found["unroll"] = case.call_options["unroll_by"]
        if case.call_options.get("layout") == "time-major":
            found["time_major"] = True
        return found | ({"reverse": True} if case.reverse else {})
