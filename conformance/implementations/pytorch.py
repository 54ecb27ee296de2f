"""PyTorch: the layers ``torch.nn.RNN``, ``LSTM``, ``GRU`` and the cells ``RNNCell``, ``LSTMCell``, ``GRUCell``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from refimpl.layouts import pytorch as layout

from ..cases import Case, Quantities
from . import NotRun
from .program import Program, ProgramImplementation, Weights
from .programs import pytorch as code
from .torch_build import refuse_an_unwanted_cuda_build

_TANH_AND_SIGMOID = {"activation": ("tanh",), "recurrent_activation": ("sigmoid",)}


def _biases(both: bool) -> dict[str, Sequence[bool]]:
    return {"use_bias": (both,), "use_recurrent_bias": (both,)}


class _Torch(ProgramImplementation):
    """What layers and cells share."""

    versions: Mapping[str, str] = {"torch": str(torch.__version__)}
    dtypes = ("float64", "float32")
    devices = ("cpu", "cuda")
    cells: Sequence[Mapping[str, Any]] = [
        cell | _biases(both)
        for both in (True, False)
        for cell in (
            {"kind": "SimpleRNN", "activation": ("tanh", "relu")},
            {"kind": "LSTM", **_TANH_AND_SIGMOID},
            {"kind": "GRU", "reset_after": (True,), **_TANH_AND_SIGMOID},
        )
    ]
    suffix: str
    modules: Mapping[str, str]

    def __init__(self, device: str = "cpu") -> None:
        refuse_an_unwanted_cuda_build(torch)
        if device == "cuda" and not torch.cuda.is_available():
            raise NotRun("no CUDA device")
        self.device = device
        torch.set_num_threads(1)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False

    def arguments(self, case: Case) -> dict[str, Any]:
        cell = case.cell
        options = {
            "input_size": cell.input_size,
            "hidden_size": cell.hidden_size,
            "bias": cell.use_bias,
            "dtype": getattr(torch, str(case.dtype)),
        }
        if case.kind == "SimpleRNN":
            options["nonlinearity"] = cell.activation
        return {
            "module": self.modules[case.kind],
            "options": options,
            "weights": self.dump(cell, case.params),
            "x": case.x,
            "initial_state": case.initial_state,
            "state_names": case.state_names,
            "d_outputs": case.d_outputs,
            "d_state": case.d_state,
            "device": self.device,
        }

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return layout.dump(cell, params, self.suffix)

    def load(self, cell: Any, weights: Weights) -> Quantities:
        return layout.load(cell, weights, self.suffix)


class TorchLayers(_Torch):
    """``torch.nn.RNN``, ``LSTM`` and ``GRU``: one layer, one direction, batch first."""

    name = "torch"
    path = "torch.nn layers, eager"
    program = Program("import torch", (code.vector_jacobian_product, code.run_layer))
    suffix = "_l0"
    modules: Mapping[str, str] = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "torch.nn layers return outputs and final states only"}


class TorchCells(_Torch):
    """``torch.nn.RNNCell``, ``LSTMCell`` and ``GRUCell``, called step by step."""

    name = "torch-cell"
    path = "torch.nn cells, eager"
    program = Program("import torch", (code.vector_jacobian_product, code.run_cell))
    suffix = ""
    modules: Mapping[str, str] = {"SimpleRNN": "RNNCell", "LSTM": "LSTMCell", "GRU": "GRUCell"}

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "torch.nn cells return the new states only"}
