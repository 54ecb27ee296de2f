"""PyTorch: the layers of `pytorch` with the switches that decide which kernels run, and in which arithmetic.

They are meant for CUDA. On the CPU most are said to change nothing, which is checked just so. Options of its own,
beside ``layout`` as in `pytorch`; one that is left out is as PyTorch comes, but for TF32:

=================  =============================================================================================
``cudnn``          ``torch.backends.cudnn.enabled``: without it PyTorch's own kernels run
``tf32``           whether products and cuDNN may round the factors of a product to TF32; else they may not
``deterministic``  ``torch.use_deterministic_algorithms``
``autocast``       weights, input and states in float32, computed under ``torch.autocast`` to the case's dtype; cuDNN
                   is then given float16, whichever it is (ATen/cudnn/AutocastRNN.cpp)
``flattened``      False: the weights do not lie in one piece of memory, which cuDNN wants and PyTorch then copies
``streams``        calls at once, each in a thread and, on CUDA, a stream of its own
=================  =============================================================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":16:8")  # read when cuBLAS is; without it it is not deterministic

import torch

from ...contract import Array, Case, Quantities
from ..program import Program
from .base import EITHER, products
from .layers import TorchLayers
from .programs import switched as code

_SWITCHES = ("cudnn", "tf32", "deterministic", "flattened", "streams")
_HALVES = {"cpu": ("bfloat16",), "cuda": ("bfloat16", "float16")}


def _cells(device: str) -> list[dict[str, Any]]:
    deep: dict[str, Sequence[Any]] = {"layers": (1, 2), "direction": ("forward", "both"), "cudnn": EITHER}
    packed: dict[str, Sequence[Any]] = {"lengths": ("none", "sorted", "unsorted"), "enforce_sorted": (False,)}
    dropout: dict[str, Sequence[Any]] = {"layers": (2,), "cudnn": (False,), "between_dropout": (True,)}
    entries = products(
        deep | packed | {"deterministic": EITHER, "flattened": EITHER},
        deep | packed | {"tf32": EITHER, "dtype": ("float32",)},
        deep | packed | {"autocast": (True,), "dtype": _HALVES[device]},
        deep | {"streams": (3,)},
        deep | dropout,  # of cuDNN's own dropout nobody can be told the factors
    )
    return entries + [entry | {"projection": (True,)} for entry in entries if entry["kind"] == "LSTM"]


class TorchSwitched(TorchLayers):
    """``torch.nn.RNN``, ``LSTM`` and ``GRU``, called eagerly, with PyTorch's switches on and off."""

    name = "torch-switched"
    program = Program(
        code.PREAMBLE,
        (
            *TorchLayers.program.functions,
            code.switches,
            code.farthest,
            code.in_streams,
            code.prepared,
            code.run_switched_layer,
        ),
    )
    cells: Sequence[dict[str, Any]] = _cells("cpu")
    refused: Sequence[Mapping[str, Any]] = []
    refused_by_cudnn: Sequence[Mapping[str, Any]] = []
    threads = False  # the switches are the process's, and so are the weights that autocast has cast

    def __init__(self, device: str = "cpu") -> None:
        super().__init__(device)
        self.cells = _cells(device)

    def arguments(self, case: Case) -> dict[str, Any]:
        found = super().arguments(case)
        if case.call_options.get("autocast", False):
            found["autocast"] = getattr(torch, case.dtype_name)
            found["options"]["dtype"] = torch.float32
        return found | {name: case.call_options[name] for name in _SWITCHES if name in case.call_options}

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        if case.call_options.get(
            "autocast", False
        ):  # what is told in float32 was computed in less, all but some last sums
            native = {name: value.astype(case.dtype) for name, value in native.items()}
        return super().from_native(case, native)
