"""What both implementations of PaddlePaddle share: what goes in, what comes out, and in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import paddle

from refimpl.layouts import paddle as layout

from ...contract import Case, Observed, Quantities
from ..child import in_a_child
from ..interfaces import Interface, signature_of
from ..program import Program, Weights
from ..stacked_states import StackedLayers
from .programs import layers as code

EITHER = (True, False)
LENGTHS = ("none", "sorted", "unsorted", "zero")
LAYOUTS = ("batch-major", "time-major")
_GATED: Mapping[str, Sequence[Any]] = {"activation": ("tanh",), "recurrent_activation": ("sigmoid",)}
KINDS: Sequence[Mapping[str, Any]] = (
    {"kind": "SimpleRNN", "activation": ("tanh", "relu")},
    {"kind": "LSTM", "projection": EITHER, **_GATED},
    {"kind": "GRU", "reset_after": (True,), **_GATED},
)


def entries(**options: Sequence[Any]) -> list[dict[str, Any]]:
    """Entries of ``cells`` for every kind of cell, each bias there or not, with these options."""
    return [{**kind, "use_bias": EITHER, "use_recurrent_bias": EITHER, **options} for kind in KINDS]


class PaddleImplementation(StackedLayers):
    """PaddlePaddle on its CPU, single-threaded, in a process of its own: some calls end it.

    classes   the names of the classes in ``paddle.nn`` that are called
    """

    versions: Mapping[str, str] = {"paddlepaddle": version("paddlepaddle")}
    dtypes: Sequence[str] = ("float64", "float32")
    classes: Sequence[str]
    program = Program(code.PREAMBLE, (code.cells_of, code.run_paddle))

    def interface(self) -> Interface:
        """What a user builds against: the arguments of the classes."""
        return {f"paddle.nn.{name}": {"signature": signature_of(getattr(paddle.nn, name))} for name in self.classes}

    def observe(self, case: Case) -> Observed:
        native = in_a_child(code.run_paddle)(**self.arguments(case))
        missing = self.left_out(case)
        if not case.call_options.get("autograd", True):
            missing["gradients"] = "run under paddle.no_grad()"
        return Observed(self.from_native(case, native), missing, self.path)

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "paddle.nn layers return outputs and final states only"}

    def arguments(self, case: Case) -> dict[str, Any]:
        found = {"dtype": case.dtype_name, **self.given(case)}
        for name in ("training", "autograd"):
            if not case.call_options.get(name, True):
                found[name] = False
        return found

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return layout.dump(cell, params)

    def load(self, cell: Any, weights: Weights) -> Quantities:
        return layout.load(cell, weights)
