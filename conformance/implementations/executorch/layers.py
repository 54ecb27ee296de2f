"""ExecuTorch: ``torch.nn.RNN``, ``LSTM`` and ``GRU`` by ``torch.export``, run by its Python runtime; values only.

Options of its own, beside ``layout`` as in `..pytorch.layers`: ``backend``, "xnnpack" for what XNNPACK has, or
"portable", ExecuTorch's own kernels; ``exported_at``, at which size it is exported, where that is not the case's:
"another batch" with an open batch, "another size" with open steps too, or "another size, fixed". An exported layer is
the operations of each step, so its steps cannot be open.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from ...contract import Case, Observed
from ..program import Program
from ..pytorch.base import products
from ..pytorch.layers import MODULES, TorchLayers
from .programs import layers as code

logging.getLogger("torch.export").setLevel(logging.ERROR)
_SIZES = ("another size", "another size, fixed")
_BACKENDS = ("xnnpack", "portable")
_OF_A_PROGRAM = ("module", "options", "backend", "exported_at", "lengths")
_KEPT = 64
_given: Any = code.given
_lowered: Any = code.lowered
_run_program: Any = code.run_program


def _cells() -> list[Mapping[str, Any]]:
    one: dict[str, Sequence[Any]] = {"layers": (1,), "layout": ("batch-major",), "backend": _BACKENDS}
    single: dict[str, Sequence[Any]] = {"dtype": ("float32",)}
    both = {"direction": ("forward", "both")}
    with_biases = products(
        one | single | both,
        one | single | both | {"layers": (2,), "backend": ("portable",)},
        one | single | {"layout": ("time-major", "unbatched"), "backend": ("portable",)},
        one | {"dtype": ("float64", "float16", "bfloat16"), "backend": ("portable",), "initial_state": (True,)},
        one | single | {"lengths": ("sorted",), "backend": ("portable",), "initial_state": (True,)},
        one | single | {"exported_at": ("another batch",)},
        *({**one, **single, "exported_at": (size,), "backend": ("portable",)} for size in _SIZES),
    )
    entries = [entry for entry in with_biases if entry["use_bias"][0]]
    entries += [entry for entry in products(one | single) if not entry["use_bias"][0]]
    projected = [
        entry | {"projection": (True,)}
        for entry in products(one | single | both)
        if entry["kind"] == "LSTM" and entry["use_bias"][0]
    ]
    return [entry | {"gradients": (False,)} for entry in entries + projected]


class ExecuTorch(TorchLayers):
    """``torch.nn.RNN``, ``LSTM`` and ``GRU``, as ExecuTorch programs."""

    name = "executorch"
    versions: Mapping[str, str] = {"executorch": version("executorch"), **TorchLayers.versions}
    arithmetic: Mapping[str, str] = {}
    program = Program(code.PREAMBLE, (code.Packing, code.given, code.lowered, code.run_program, code.run_executorch))
    devices: Sequence[str] = ("cpu",)
    cells: Sequence[Mapping[str, Any]] = _cells()  # type: ignore[assignment]
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {"lengths": ("sorted",)},
            "reason": "torch.export does not decompose a layer of packed sequences",
            "message": "data-dependent expression",
        },
        {
            "when": {"exported_at": ("another size",)},
            "reason": "the layer is exported step by step, and torch.export says that the steps are counted",
            "message": "Constraints violated (time)",
        },
        {
            "when": {"exported_at": ("another size, fixed",)},
            "reason": "the program is for one size, and ExecuTorch says so",
            "message": "set_inputs() for method 'forward' failed",
        },
    ]
    empty_batch = False
    expensive = True
    sizes: Mapping[str, int] | None = {"batch": 2, "time": 3, "input": 2, "hidden": 4}
    threads = False

    def __init__(self, device: str = "cpu") -> None:
        super().__init__(device)
        self._kept: dict[Any, bytes] = {}

    def arguments(self, case: Case) -> dict[str, Any]:
        found = super().arguments(case)
        wanted = ("module", "options", "weights", "x", "hx", "lengths")
        options = {name: case.call_options[name] for name in ("backend", "exported_at") if name in case.call_options}
        return {name: found[name] for name in wanted if name in found} | {"backend": "xnnpack"} | options

    def observe(self, case: Case) -> Observed:
        """What the program computes; it is made once for cases that differ in what goes in alone."""
        arguments = self.arguments(case)
        weights = tuple(value.tobytes() for value in arguments["weights"].values())
        inputs = [part.shape for part in (arguments["x"], *arguments.get("hx", ()))]
        key = weights, repr(inputs), repr([arguments.get(name) for name in _OF_A_PROGRAM])
        if key not in self._kept:
            if len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of PyTorch's to ExecuTorch
                self._kept[key] = _lowered(**arguments)
        called = (arguments.get(name) for name in ("module", "options", "x", "hx", "lengths"))
        native = _run_program(self._kept[key], _given(*called))
        return Observed(self.from_native(case, native), self.left_out(case), self.described(case))

    def missing(self, case: Case) -> dict[str, str]:
        return {
            "gates": "torch.nn layers return outputs and final states only",
            "gradients": "ExecuTorch is forward only",
        }

    def described(self, case: Case) -> str:
        return (
            f"torch.nn.{MODULES[case.kind]} by torch.export, ExecuTorch {case.call_options.get('backend', 'xnnpack')}"
        )
