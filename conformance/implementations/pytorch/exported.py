"""PyTorch's layers by ``torch.export``, compiled for a runtime of its own: values only.

Options, beside ``layout`` as in `.layers` and the runtime's own: ``exported_at``, at which size a layer is exported,
where that is not the case's: "another batch" with an open batch, "another size" with open steps too, or "another size,
fixed". An exported layer is the operations of each step, so its steps cannot be open.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...contract import Case, Observed
from .layers import TorchLayers
from .programs import exported as code

logging.getLogger("torch.export").setLevel(logging.ERROR)
_OF_A_PROGRAM = ("module", "options", "exported_at", "lengths")
_KEPT = 64
_given: Any = code.given

EXPORT_FUNCTIONS = (code.Packing, code.laid_out, code.given, code.exported)
"""What a program is printed with that calls `programs.exported.exported`."""

PACKED_IS_NOT_EXPORTED: Mapping[str, Any] = {
    "when": {"lengths": ("sorted",)},
    "reason": "torch.export does not decompose a layer of packed sequences",
    "message": "data-dependent expression",
}
STEPS_ARE_COUNTED: Mapping[str, Any] = {
    "when": {"exported_at": ("another size",)},
    "reason": "the layer is exported step by step, and torch.export says that the steps are counted",
    "message": "Constraints violated (time)",
}


class ExportedLayers(TorchLayers):
    """What runtimes of exported layers share.

    own          the runtime's own options, each with the value that it has where a case has none
    compiled     the program, from what `programs.exported.exported` takes and the runtime's own options
    run_program  what the program computes, by name, of the arguments of a layer
    """

    own: Mapping[str, Any]
    compiled: Callable[..., Any]
    run_program: Callable[[Any, Any], dict[str, Any]]
    forward_only: str
    arithmetic: Mapping[str, str] = {}
    devices: Sequence[str] = ("cpu",)
    empty_batch = False
    expensive = True
    sizes: Mapping[str, int] | None = {"batch": 2, "time": 3, "input": 2, "hidden": 4}
    threads = False

    def __init__(self, device: str = "cpu") -> None:
        super().__init__(device)
        self._kept: dict[Any, Any] = {}

    def arguments(self, case: Case) -> dict[str, Any]:
        found = super().arguments(case)
        wanted = ("module", "options", "weights", "x", "hx", "lengths")
        own = {name: case.call_options.get(name, value) for name, value in self.own.items()}
        at = {"exported_at": case.call_options["exported_at"]} if "exported_at" in case.call_options else {}
        return {name: found[name] for name in wanted if name in found} | own | at

    def observe(self, case: Case) -> Observed:
        """What the program computes; it is made once for cases that differ in what goes in alone."""
        arguments = self.arguments(case)
        weights = tuple(value.tobytes() for value in arguments["weights"].values())
        inputs = [part.shape for part in (arguments["x"], *arguments.get("hx", ()))]
        key = weights, repr(inputs), repr([arguments.get(name) for name in (*_OF_A_PROGRAM, *self.own)])
        if key not in self._kept:
            if len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of PyTorch's to the runtime
                self._kept[key] = type(self).compiled(**arguments)
        called = (arguments.get(name) for name in ("module", "options", "x", "hx", "lengths"))
        native = type(self).run_program(self._kept[key], _given(*called))
        return Observed(self.from_native(case, native), self.left_out(case), self.described(case))

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "torch.nn layers return outputs and final states only", "gradients": self.forward_only}

    def described(self, case: Case) -> str:
        """What ran."""
        raise NotImplementedError
