"""PyTorch: its layers and cells by code that ``torch.compile`` really generates: Inductor's C++, built by a compiler.

Elsewhere `torch-compiled` leaves recurrent layers to eager, as ``torch.compile`` does, and `torch-unrolled` runs the
decomposed graph operation by operation. Here the loop over the steps is unrolled, fused and vectorised. Each graph
takes seconds to build, and is kept on disk; so all cases have one set of sizes, and a run asks this where it is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...contract import NotRun
from .base import products
from .cells import TorchCells
from .compiled import TorchUnrolled

_SIZES: Mapping[str, int] = {"batch": 2, "time": 3, "input": 4, "hidden": 9}  # more units than a vector of AVX2 has
_GENERATED: dict[str, Sequence[Any]] = {
    "mode": ("compile, inductor",),
    "layout": ("batch-major",),
    "autograd": (True,),
    "initial_state": (True,),
}


def _generated(*shared: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Few: with biases, which all layers have as they come."""
    return [
        entry | ({"activation": ("tanh",)} if entry["kind"] == "SimpleRNN" else {})
        for entry in products(*(_GENERATED | dict(each) for each in shared))
        if entry["use_bias"][0]
    ]


def _need_a_compiler() -> None:
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        raise NotRun("no C++ compiler, which Inductor needs") from None


class TorchInductor(TorchUnrolled):
    """``torch.nn.RNN``, ``LSTM`` and ``GRU``, compiled by Inductor with all their steps."""

    name = "torch-inductor"
    devices: Sequence[str] = ("cpu",)
    cells: Sequence[dict[str, Any]] = _generated(
        {"layers": (1,), "direction": ("forward",)},
        {"layers": (2,), "direction": ("forward",), "dtype": ("float32",)},
        {"layers": (1,), "direction": ("both",), "dtype": ("float32",)},
    )
    sizes: Mapping[str, int] | None = _SIZES
    longest_sequence = 20  # two seconds and more of CPU time a step, direction and layer

    def __init__(self, device: str = "cpu") -> None:
        _need_a_compiler()
        super().__init__(device)


class TorchCellInductor(TorchCells):
    """``torch.nn.RNNCell``, ``LSTMCell`` and ``GRUCell``, compiled by Inductor and called step by step."""

    name = "torch-cell-inductor"
    dtypes: Sequence[str] = ("float64", "float32")
    arithmetic: Mapping[str, str] = {}  # the generated code takes functions of its own
    devices: Sequence[str] = ("cpu",)
    cells: Sequence[Mapping[str, Any]] = _generated({"strided": (False,)})
    refused: Sequence[Mapping[str, Any]] = ()
    empty_batch = False
    expensive = True
    sizes: Mapping[str, int] | None = _SIZES

    def __init__(self, device: str = "cpu") -> None:
        _need_a_compiler()
        super().__init__(device)
