"""What both implementations of PaddlePaddle share: what goes in, what comes out, and in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import paddle

from refimpl.layouts import paddle as layout

from ...common.descriptions import first_cell
from ...contract import Array, Case, Observed, Quantities
from .. import stacked_states
from ..child import in_a_child
from ..interfaces import Interface, signature_of
from ..program import Program, ProgramImplementation, Weights
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


class PaddleImplementation(ProgramImplementation):
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
        found: dict[str, Any] = {
            "dtype": case.dtype_name,
            "weights": dict(self.dump(case.cell, case.params)),
            "x": self._sequence(case, case.x),
        }
        if case.initial_state is not None:
            found["initial_state"] = self._states(case, case.initial_state)
        if case.d_outputs is not None:
            found["d_outputs"] = self._sequence(case, case.d_outputs)
        if any(part is not None for part in case.d_state or ()):
            sizes = zip(case.d_state or (), case.cell.state_sizes, strict=True)
            zeros = [np.zeros((len(case.x), size), case.dtype) if part is None else part for part, size in sizes]
            found["d_state"] = self._states(case, zeros)
        if case.lengths is not None:
            found["lengths"] = case.lengths
        for name in ("training", "autograd"):
            if not case.call_options.get(name, True):
                found[name] = False
        return found

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return layout.dump(cell, params)

    def load(self, cell: Any, weights: Weights) -> Quantities:
        return layout.load(cell, weights)

    def _sequence(self, case: Case, values: Array) -> Array:
        time_major = case.call_options.get("layout") == "time-major"
        return np.ascontiguousarray(values.swapaxes(0, 1)) if time_major else values

    def _states(self, case: Case, parts: Sequence[Array]) -> tuple[Array, ...]:
        """States, one array a state name in order, as one array of all h and one of all c."""
        kinds = len(first_cell(case.cell).state_names)
        return tuple(np.stack(parts[k::kinds]) for k in range(kinds))

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        ours = stacked_states.taken_apart(case, super().from_native(case, native))
        return {n: self._sequence(case, v) if n in ("outputs", "d_x") else v for n, v in ours.items()}

    def to_native(self, case: Case, ours: Quantities) -> dict[str, Array]:
        native = stacked_states.put_together(case, super().to_native(case, ours), self._states)
        return {
            n: self._sequence(case, v) if n in ("outputs", "d_x") or n.startswith("gates.") else v
            for n, v in native.items()
        }
