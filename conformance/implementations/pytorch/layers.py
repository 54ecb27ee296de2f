"""PyTorch: the layers ``torch.nn.RNN``, ``LSTM`` and ``GRU``, eager.

Options of its own, beside the oracle's:

==================  ============================================================================================
``layout``          ``batch-major``, ``time-major`` (``batch_first=False``) or ``unbatched`` (one row, no batch axis)
``strided``         every array given, cotangents and weights too, is non-contiguous
``enforce_sorted``  of ``pack_padded_sequence``, where there are lengths
``autograd``        False: under ``torch.no_grad()``
``input_grad``      False: the input asks for no gradient, as in a first layer; PyTorch looks at it to choose a kernel
``dropout_rate``    of dropout that ``training``, False, turns off
==================  ============================================================================================

Dropout between layers gets the case's factors: a ``TorchDispatchMode`` answers the operator that draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from ...common.descriptions import first_cell
from ...contract import Array, Case, Observed
from ..program import Program
from .base import EITHER, TorchImplementation, products, without_autograd
from .programs import layers as code

MODULES: Mapping[str, str] = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}
_DEEP: dict[str, Sequence[Any]] = {"layers": (1, 2, 3), "direction": ("forward", "both")}
_run_layer: Any = code.run_layer
_LAYOUTS = ("batch-major", "time-major", "unbatched")


def _cells() -> list[dict[str, Any]]:
    plain: dict[str, Sequence[Any]] = {"layout": ("batch-major",), "strided": (False,), "autograd": (True,)}
    packed: dict[str, Sequence[Any]] = {
        "lengths": ("sorted", "unsorted", "zero"),
        "layout": ("batch-major", "time-major"),
        "enforce_sorted": EITHER,
    }
    dropout: dict[str, Sequence[Any]] = {"layers": (2, 3), "between_dropout": (True,)}
    entries = products(
        *without_autograd(_DEEP | {"layout": _LAYOUTS, "strided": EITHER}),
        _DEEP | plain | packed,
        _DEEP | plain | {"input_grad": (False,)},
        _DEEP | plain | {"layout": _LAYOUTS} | dropout,
        _DEEP | plain | packed | {"lengths": ("unsorted",), "enforce_sorted": (False,)} | dropout,
        *without_autograd(_DEEP | plain | {"layers": (2, 3), "dropout_rate": (0.5,), "training": (False,)}),
    )
    return entries + [entry | {"projection": (True,)} for entry in entries if entry["kind"] == "LSTM"]


class TorchLayers(TorchImplementation):
    """``torch.nn.RNN``, ``LSTM`` and ``GRU``, called eagerly."""

    name = "torch"
    program = Program(
        code.PREAMBLE,
        (code.GivenDropout, code.tensor_of, code.vector_jacobian_product, code.as_array, code.run_layer),
    )
    modules = MODULES
    cells: Sequence[dict[str, Any]] = _cells()
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {"lengths": ("zero",)},
            "reason": "pack_padded_sequence takes no row of length 0",
            "message": "Length of all samples has to be greater than 0",
        },
        {
            "when": {"lengths": ("unsorted",), "enforce_sorted": (True,)},
            "reason": "pack_padded_sequence was told that the lengths are sorted",
            "message": "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True",
        },
    ]
    refused_by_cudnn: Sequence[Mapping[str, Any]] = [
        {
            "when": {"strided": (True,), "initial_state": (True,), "dtype": ("float64", "float32", "float16")},
            "reason": "cuDNN takes an initial state in one piece of memory only",
            "message": "is not contiguous",
        },
    ]
    empty_batch = True
    states_stacked = True

    def __init__(self, device: str = "cpu") -> None:
        super().__init__(device)
        if device == "cuda":
            self.cells = [_by_cudnn(entry) for entry in self.cells if "between_dropout" not in entry]
            self.refused = [*self.refused, *self.refused_by_cudnn]

    def arguments(self, case: Case) -> dict[str, Any]:
        found = super().arguments(case)
        options = found["options"]
        layers, both = case.options["layers"], case.options["direction"] == "both"
        proj_size = getattr(first_cell(case.cell), "proj_size", 0)
        options["batch_first"] = case.call_options.get("layout", "batch-major") != "time-major"
        options |= {"num_layers": layers} if layers > 1 else {}
        options |= {"bidirectional": True} if both else {}
        options |= {"proj_size": proj_size} if proj_size else {}
        if "dropout_rate" in case.call_options:
            options["dropout"] = case.call_options["dropout_rate"]
        if not case.call_options.get("training", True):
            found["training"] = False
        if case.lengths is not None:
            found["lengths"] = case.lengths
            found["enforce_sorted"] = case.call_options.get("enforce_sorted", False)
        if case.dropout:
            factors = [case.dropout[f"l{k}.between"] for k in range(1, layers)]
            options["dropout"] = _rate(factors)
            found["dropout"] = tuple(_as_dropout_gets_it(each, case.lengths) for each in factors)
        return found

    def layer(self, case: Case) -> Callable[[Case], Observed] | None:
        """One layer of ``torch.nn`` for many calls; None where it is not called as it is."""
        if self.program.functions[-1] is not _run_layer:
            return None
        made: list[Any] = []

        def keep(layer: Any, given: Any) -> Any:
            made.append(layer)
            return layer

        def called(other: Case) -> Observed:
            kept = {"layer": made[0]} if made else {"made": keep}
            native = _run_layer(**self.arguments(other), **kept)
            return Observed(self.from_native(other, native), self.left_out(other))

        return called

    def drawing(self, case: Case, seed: int) -> Callable[[], Observed] | None:
        """The layer with PyTorch's own dropout, from its global generator."""
        layer = self.layer(case)
        if layer is None:
            return None
        undrawn = {name: value for name, value in self.arguments(case).items() if name != "dropout"}
        torch.manual_seed(seed)
        return lambda: Observed(self.from_native(case, _run_layer(**undrawn)), self.left_out(case))

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "torch.nn layers return outputs and final states only"}

    def described(self, case: Case) -> str:
        packed = " of a PackedSequence" if case.lengths is not None else ""
        return f"torch.nn.{MODULES[case.kind]}{packed}, {case.call_options.get('mode', 'eager')}"


def _by_cudnn(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry as cuDNN takes it, which pulls nothing back through a layer that is not being trained.

    It also draws its dropout by itself, and tells nobody what: those entries are left out.
    """
    return entry | {"gradients": (False,)} if entry.get("training") == (False,) else entry


def _rate(factors: Sequence[Array]) -> float:
    """The rate of dropout of which these are factors, 0 or 1 / (1 - rate)."""
    kept = max((float(each.max()) for each in factors if each.size), default=0.0)
    return 1 - 1 / kept if kept else 0.5


def _as_dropout_gets_it(factors: Array, lengths: Array | None) -> Array:
    """Factors ``(batch, time, features)`` as PyTorch's dropout sees what it multiplies: time first, or packed."""
    values = np.asarray(factors, np.float64)
    if lengths is None:
        return np.ascontiguousarray(values.swapaxes(0, 1))
    packed = pack_padded_sequence(torch.tensor(values), torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    found: Array = packed.data.numpy()
    return found
