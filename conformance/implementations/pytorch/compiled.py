"""PyTorch: its recurrent layers by other ways than eager: TorchScript, ``torch.export``, ``torch.compile``.

Options of its own, beside ``layout`` as in `pytorch`:

====================================  ===========================================================================
``mode``                              what is called
====================================  ===========================================================================
``script``                            ``torch.jit.script`` of a module that holds the layer
``script alone``                      ``torch.jit.script`` of the layer itself
``trace``                             ``torch.jit.trace``
``state dict``                        the layer after its weights were saved, set to zero and loaded
``export``                            the module of ``torch.export.export``
``export, decomposed``                the same after ``run_decompositions()``: PyTorch's recurrent layers in Python
``compile``                           ``torch.compile`` as it comes: it leaves recurrent layers to eager
``compile, aot_eager``, ``compile, inductor``   these backends, with ``torch._dynamo.config.allow_rnn``; see `inductor`
====================================  ===========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...contract import Case
from ..program import Program
from .base import products, without_autograd
from .layers import TorchLayers
from .programs import compiled as code


def _cells() -> list[dict[str, Any]]:
    deep: dict[str, Sequence[Any]] = {"layers": (1, 2), "direction": ("forward", "both"), "autograd": (True,)}
    packed = {"layout": ("batch-major",), "lengths": ("sorted", "unsorted"), "enforce_sorted": (False,)}
    layouts = {"layout": ("batch-major", "time-major", "unbatched")}
    dropout = {"layers": (2,), "layout": ("batch-major",), "between_dropout": (True,)}
    cheap = products(
        deep | layouts | {"mode": ("script", "trace", "export")},
        deep | packed | {"mode": ("script", "compile")},
        deep | dropout | {"mode": ("script", "trace", "export")},
        deep | {"layout": ("batch-major",), "mode": ("compile", "state dict")},
    )
    alone = [
        entry | {"layers": (1,), "direction": ("forward",), "layout": ("batch-major",), "dtype": ("float32",)}
        for entry in products(deep | {"mode": ("script alone",)})
        if entry["use_bias"][0]
    ]
    return cheap + [entry | {"projection": (True,)} for entry in cheap if entry["kind"] == "LSTM"] + alone


def _unrolled_cells() -> list[dict[str, Any]]:
    """Few, as they take a second and more each: graphs of every step of every layer."""
    deep: dict[str, Sequence[Any]] = {
        "layers": (1, 2),
        "direction": ("forward", "both"),
        "layout": ("batch-major",),
    }
    decomposed = {"mode": ("export, decomposed",), "autograd": (True,)}
    by_aot = {"mode": ("compile, aot_eager",)}
    dropout = {"layers": (2,), "between_dropout": (True,)}
    entries = products(
        deep | decomposed,
        deep | decomposed | dropout,
        *without_autograd(deep | by_aot),
        deep | by_aot | {"autograd": (True,), "input_grad": (False,)},
    )
    small = {"layers": (1,), "direction": ("forward",), "initial_state": (True,)}
    entries = [
        entry | ({"activation": ("tanh",)} if entry["use_bias"][0] else small)
        for entry in entries
        if entry["use_bias"][0] or (entry["autograd"][0] and "between_dropout" not in entry)
    ]
    return entries + [
        entry | {"projection": (True,)} for entry in entries if entry["kind"] == "LSTM" and entry["use_bias"][0]
    ]


class TorchCompiled(TorchLayers):
    """``torch.nn.RNN``, ``LSTM`` and ``GRU``, scripted, traced, exported or compiled."""

    name = "torch-compiled"
    arithmetic: Mapping[str, str] = {}  # the compiler may take other functions than the layers do
    program = Program(code.PREAMBLE, code.FUNCTIONS)
    cells: Sequence[dict[str, Any]] = _cells()
    refused: Sequence[Mapping[str, Any]] = []
    refused_by_cudnn: Sequence[Mapping[str, Any]] = []
    compiled_anew: Mapping[str, Sequence[str]] = {"mode": ("script*", "export*", "compile*")}
    threads = False  # PyTorch's compilers and exporters keep what they are about for the whole process

    def arguments(self, case: Case) -> dict[str, Any]:
        return {"mode": case.call_options.get("mode", "script")} | super().arguments(case)


class TorchUnrolled(TorchCompiled):
    """``torch.nn.RNN``, ``LSTM`` and ``GRU``, decomposed into the operations of every step."""

    name = "torch-unrolled"
    dtypes: Sequence[str] = ("float64", "float32")
    cells: Sequence[dict[str, Any]] = _unrolled_cells()
    empty_batch = False  # it ends the process: divergences/scripts/torch-compiled-lstm-of-no-rows-dies.py
    expensive = True
    compiled_anew: Mapping[str, Sequence[str]] = {}  # all of it, with no option that is cheaper
    longest_sequence = 33  # 0.04 s of CPU time a step, direction and layer
