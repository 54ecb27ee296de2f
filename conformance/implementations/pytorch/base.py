"""What every implementation on PyTorch shares: the device, dtypes, the states' layout, and which path ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from refimpl.layouts import pytorch as layout

from ...common.descriptions import first_cell
from ...contract import Array, Case, NotRun, Observed, Quantities
from .. import stacked_states
from ..interfaces import Interface, signature_of
from ..program import Program, ProgramImplementation, Weights, narrowed, widened
from .build import cuda_versions, disable_reduced_precision, refuse_unwanted_cuda_build
from .torch_profile import profiled

EITHER = (False, True)
_SMALL = 1000  # numbers in x; of larger ones cuDNN has kernels for some sizes


def products(*shared: Mapping[str, Sequence[Any]], **options: Sequence[Any]) -> list[dict[str, Any]]:
    """Entries of ``cells`` for every kind of cell that PyTorch has, with and without biases, and these options."""
    gated = {"activation": ("tanh",), "recurrent_activation": ("sigmoid",)}
    kinds: list[dict[str, Any]] = [
        {"kind": "SimpleRNN", "activation": ("tanh", "relu")},
        {"kind": "LSTM", **gated},
        {"kind": "GRU", "reset_after": (True,), **gated},
    ]
    return [
        {**kind, "use_bias": (both,), "use_recurrent_bias": (both,), **entry, **options}
        for kind in kinds
        for both in (True, False)
        for entry in (shared or ({},))
    ]


def without_autograd(*entries: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """The entries, with autograd and without, where no gradients are asked for."""
    return [{**entry, "autograd": (True,)} for entry in entries] + [
        {**entry, "autograd": (False,), "gradients": (False,)} for entry in entries
    ]


class TorchImplementation(ProgramImplementation):
    """PyTorch on one device, single-threaded. Subclasses say what is built and called.

    modules     kind of cell to the name of the class in ``torch.nn``
    unbatched   set by the option ``layout``: the case's one row is given without a batch axis
    """

    versions: Mapping[str, str] = {"torch": str(torch.__version__)}
    dtypes: Sequence[str] = ("float64", "float32", "float16", "bfloat16")
    arithmetic: Mapping[str, str] = {"float64": "float64, SLEEF", "float32": "float32, SLEEF or oneDNN"}
    devices: Sequence[str] = ("cpu", "cuda")
    program: Program
    modules: Mapping[str, str]
    suffix = "_l0"
    states_stacked: bool

    def __init__(self, device: str = "cpu") -> None:
        refuse_unwanted_cuda_build(torch)
        if device == "cuda" and not torch.cuda.is_available():
            raise NotRun("no CUDA device")
        self.device = device
        self._paths: dict[tuple[Any, ...], str] = {}
        torch.set_num_threads(1)
        if device == "cuda":
            self.program = replace(self.program, preamble=self.program.preamble + disable_reduced_precision(torch))
            self.arithmetic = {"float32, tf32": "float32, products in TF32"}
            self.versions = {**self.versions, **cuda_versions(torch)}

    def interface(self) -> Interface:
        """What a user builds against: arguments, what they are where they are left out, and parameters."""
        return {f"torch.nn.{name}": _interface_of(getattr(torch.nn, name)) for name in self.modules.values()}

    # What goes in ------------------------------------------------------------------------------------------------

    def arguments(self, case: Case) -> dict[str, Any]:
        cell, call_options = first_cell(case.cell), case.call_options
        options = {
            "input_size": cell.input_size,
            "hidden_size": cell.hidden_size,
            "bias": cell.use_bias,
            "dtype": getattr(torch, case.dtype_name),
        }
        if case.kind == "SimpleRNN":
            options["nonlinearity"] = cell.activation
        found: dict[str, Any] = {
            "module": self.modules[case.kind],
            "options": options,
            "weights": {name: widened(value) for name, value in self.dump(case.cell, case.params).items()},
            "x": self._sequence(case, widened(case.x)),
        }
        if case.initial_state is not None:
            found["hx"] = self._states(case, case.initial_state)
        if case.d_outputs is not None:
            found["d_outputs"] = self._sequence(case, widened(case.d_outputs))
        if (d_state := stacked_states.whole_d_state(case)) is not None:
            found["d_hx"] = self._states(case, d_state)
        if not call_options.get("autograd", True):
            found["autograd"] = False
        if not call_options.get("input_grad", True):
            found["input_grad"] = False
        if call_options.get("strided", False):
            found["strided"] = True
        if self.device != "cpu":
            found["device"] = self.device
        return found

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return layout.dump(cell, params, self.suffix)

    def load(self, cell: Any, weights: Weights) -> Quantities:
        return layout.load(cell, weights, self.suffix)

    def _sequence(self, case: Case, values: Array) -> Array:
        """``(batch, time, features)`` as the layer is given it; the same gives it back, but for the batch axis."""
        if case.call_options.get("layout") == "time-major":
            return np.ascontiguousarray(values.swapaxes(0, 1))
        return values[0] if case.call_options.get("layout") == "unbatched" else values

    def _states(self, case: Case, parts: Sequence[Array]) -> tuple[Array, ...]:
        """States, one array a state name in order, as PyTorch has them: one array of all h, one of all c."""
        kinds = len(first_cell(case.cell).state_names)
        rows = [widened(part)[0] if case.call_options.get("layout") == "unbatched" else widened(part) for part in parts]
        return tuple(np.stack(rows[k::kinds]) if self.states_stacked else rows[k] for k in range(kinds))

    # What comes out ----------------------------------------------------------------------------------------------

    def observe(self, case: Case) -> Observed:
        key, arguments = _path_key(case, self.device), self.arguments(case)
        if key in self._paths:
            native = self.program(arguments)
        else:
            native, ran = self.watched(arguments)
            self._paths[key] = f"{self.described(case)}: {ran}"
        missing = self.left_out(case)
        if not case.call_options.get("input_grad", True):
            missing["d_x"] = "the input asked for no gradient"
        if not case.call_options.get("autograd", True):
            missing["gradients"] = "run without autograd"
        return Observed(self.from_native(case, native), missing, self._paths[key])

    def watched(self, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """What the program returns, and which kernels of PyTorch's ran."""
        return profiled(lambda: self.program(arguments), self.device)

    def described(self, case: Case) -> str:
        """What is called, in PyTorch's terms."""
        raise NotImplementedError

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        ours = stacked_states.taken_apart(case, super().from_native(case, native), self.states_stacked)
        unbatched = case.call_options.get("layout") == "unbatched"
        for name, value in ours.items():
            if unbatched and not name.startswith("d_params"):
                ours[name] = value[None]
            elif name in ("outputs", "d_x"):
                ours[name] = self._sequence(case, value)
        if case.dtype_name == "bfloat16":
            ours = {name: narrowed(value, case.dtype) for name, value in ours.items()}
        return ours

    def to_native(self, case: Case, ours: Quantities) -> dict[str, Array]:
        native = stacked_states.put_together(case, super().to_native(case, ours), self._states)
        given = [name for name in native if name in ("outputs", "d_x") or name.startswith("gates.")]
        return native | {name: self._sequence(case, native[name]) for name in given}


def _path_key(case: Case, device: str) -> tuple[Any, ...]:
    """What PyTorch looks at when it chooses a kernel, and so for which cases one look at the profiler is enough.

    A CPU's are the same for all sizes but none.
    """
    names = (
        "kind",
        "dtype",
        "activation",
        "use_bias",
        "projection",
        "between_dropout",
        "mode",
        "dynamo",
        "exported_at",
        "autograd",
        "training",
        "cudnn",
        "tf32",
        "deterministic",
        "autocast",
        "flattened",
        "streams",
    )
    lengths = None if case.lengths is None else len(set(case.lengths.tolist())) == 1  # rows alike are no longer packed
    batch, time, input_size = case.x.shape
    large = (
        (batch, time, input_size, first_cell(case.cell).hidden_size) if device != "cpu" and case.x.size > _SMALL else ()
    )
    return (*(case.options.get(name) for name in names), lengths, case.x.size == 0, large)


def _interface_of(module: Any) -> dict[str, Any]:
    made = module(2, 3)
    plain = {name: value for name, value in vars(made).items() if isinstance(value, str | int | float)}
    return {
        "signature": signature_of(module),  # of a layer ``*args``: its attributes tell the defaults
        "defaults": {name: value for name, value in plain.items() if not name.startswith("_")},
        "weights": [[name, list(weight.shape)] for name, weight in made.named_parameters()],
    }
