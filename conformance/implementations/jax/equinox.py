"""Equinox: ``equinox.nn.LSTMCell`` and ``GRUCell``, in ``jax.lax.scan`` over the steps, forward and backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refimpl.layouts import equinox as layout

from ...contract import Case
from ..program import Program
from .base import JaxLibrary
from .programs import calls as shared
from .programs import equinox as code

_SHARED: dict[str, Sequence[Any]] = {
    "activation": ("tanh",),
    "recurrent_activation": ("sigmoid",),
    "direction": ("forward", "backward"),
}


class Equinox(JaxLibrary):
    """``equinox.nn.LSTMCell`` and ``GRUCell``."""

    name = "equinox"
    packages = ("equinox",)
    path = "equinox.nn cells in jax.lax.scan"
    layout = layout
    cells: Sequence[Mapping[str, Any]] = [
        {"kind": "LSTM", "use_bias": (True, False), "use_recurrent_bias": (False,), **_SHARED},
        {"kind": "GRU", "reset_after": (True,), "use_bias": (True,), "use_recurrent_bias": (True,), **_SHARED},
        {"kind": "GRU", "reset_after": (True,), "use_bias": (False,), "use_recurrent_bias": (False,), **_SHARED},
    ]
    program = Program(
        f"{shared.PREAMBLE}\n{code.PREAMBLE}",
        (shared.arrays_of, shared.values_and_gradients, shared.weights_in, code.run_equinox),
    )

    def arguments(self, case: Case) -> dict[str, Any]:
        cell = case.cell
        options = {"input_size": cell.input_size, "hidden_size": cell.hidden_size, "use_bias": cell.use_bias}
        found = {"module": f"{case.kind}Cell", "options": options, **super().arguments(case)}
        return found | ({"reverse": True} if case.reverse else {})
