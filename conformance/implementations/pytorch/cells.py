"""PyTorch: the cells ``torch.nn.RNNCell``, ``LSTMCell`` and ``GRUCell``, called step by step.

Options of its own: ``layout`` (``batch-major`` or ``unbatched``), ``strided`` and ``autograd`` as in `pytorch`;
``mode`` (``eager``, ``script``, ``trace``, ``export``, ``compile, aot_eager``, and ``compile, inductor``, which takes
seconds a case and so is `torch-cell-inductor`'s; ``vmap, rows`` and ``vmap, weights``: ``torch.func.vmap`` over the
rows of a batch, and over the weights of two cells).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...contract import Case
from ..program import Program
from .base import EITHER, TorchImplementation, products, without_autograd
from .programs import cells as code
from .programs import layers as layers_code


def _cells() -> list[dict[str, Any]]:
    layouts = ("batch-major", "unbatched")
    eager = products(*without_autograd({"mode": ("eager",), "layout": layouts, "strided": EITHER}))
    other = products(
        mode=("script", "trace", "export", "compile, aot_eager"), layout=layouts, strided=(False,), autograd=(True,)
    )
    mapped = products(
        mode=("vmap, rows", "vmap, weights"),
        layout=("batch-major",),
        strided=(False,),
        autograd=(True,),
        dtype=("float32", "bfloat16"),
    )
    return eager + other + mapped


class TorchCells(TorchImplementation):
    """``torch.nn.RNNCell``, ``LSTMCell`` and ``GRUCell``, called step by step."""

    name = "torch-cell"
    program = Program(
        code.PREAMBLE,
        (
            layers_code.tensor_of,
            layers_code.vector_jacobian_product,
            layers_code.as_array,
            code.first_of_two,
            code.compiled_cell,
            code.run_cell,
        ),
    )
    suffix = ""
    modules: Mapping[str, str] = {"SimpleRNN": "RNNCell", "LSTM": "LSTMCell", "GRU": "GRUCell"}
    cells: Sequence[Mapping[str, Any]] = _cells()
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {"kind": ("LSTM",), "mode": ("vmap, rows", "vmap, weights")},
            "reason": "torch.func.vmap has no rule for LSTMCell",
            "message": "Batching rule not implemented for aten::lstm_cell",
        }
    ]
    empty_batch = True
    compiled_anew: Mapping[str, Sequence[str]] = {"mode": ("export", "compile, *")}
    threads = False  # torch.compile keeps what it is about for the whole process
    states_stacked = False

    def arguments(self, case: Case) -> dict[str, Any]:
        found = super().arguments(case)
        if case.call_options.get("layout") == "unbatched":
            found["batched"] = False
        if "mode" in case.call_options:
            found["mode"] = case.call_options["mode"]
        return found

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "torch.nn cells return the new states only"}

    def described(self, case: Case) -> str:
        return f"torch.nn.{self.modules[case.kind]}, {case.call_options.get('mode', 'eager')}"
