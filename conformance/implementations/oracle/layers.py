"""The oracle itself as an implementation: in float32, and as a check of the suite that needs no framework."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np

import refimpl as ri

from ...cases.oracle_run import quantities, run_oracle
from ...cases.parts import unmasked_steps_of
from ...contract import Array, Case, Observed, Quantities

_ALL = ri.activations.NAMES
_CLASSICAL = ("tanh", "sigmoid", "relu", "linear", "hard_sigmoid", "hard_sigmoid_keras2")
_EITHER = (False, True)
_BIASES = {"use_bias": _EITHER, "use_recurrent_bias": _EITHER}
_KINDS: Sequence[Mapping[str, Any]] = (
    {"kind": "SimpleRNN"},
    {"kind": "LSTM"},
    {"kind": "GRU", "reset_after": (True,)},
    {"kind": "GRU", "reset_after": (False,)},
)
_ONE_WAY = {"direction": ("forward", "backward"), "return_sequences": (True, False)}
_MASKS = ("full", "right", "left", "holes", "rows")


def _cells() -> Iterator[Mapping[str, Any]]:
    """The options of each cell, then those of sequences and of stacks."""
    given = {"initial_state": (True,)}
    yield {"kind": "SimpleRNN", "activation": _ALL, **given}
    yield {"kind": "SimpleRNN", "activation": _CLASSICAL, **_BIASES, **given}
    for kind in _KINDS[1:]:
        yield {**kind, "activation": _CLASSICAL, "recurrent_activation": _CLASSICAL, **_BIASES, **given}
        yield {**kind, "activation": _ALL, "recurrent_activation": ("sigmoid", "relu"), **given}
        yield {**kind, "activation": ("tanh", "relu"), "recurrent_activation": _ALL, **given}
    yield {"kind": "SimpleRNN", "direction": ("forward", "backward"), **_BIASES, "clip": _EITHER}
    for kind in _KINDS[2:]:
        yield {**kind, "direction": ("forward", "backward"), **_BIASES, "clip": _EITHER}
    yield {
        "kind": "LSTM",
        "output_activation": (None, "relu"),
        **dict.fromkeys(("projection", "peepholes", "input_forget", "clip", "forget_bias"), _EITHER),
        **_BIASES,
    }
    for kind in _KINDS:
        order = {"output_order": ("original", "processing")}
        yield {**kind, **_ONE_WAY, **order}
        yield {**kind, **_ONE_WAY, **order, "mask": _MASKS, "masked_output": ("repeat", "zeros")}
        yield {**kind, **_ONE_WAY, **order, "lengths": ("sorted", "unsorted", "zero")}
        yield {**kind, **_ONE_WAY, "layers": (2, 3), "mask": ("none", *_MASKS), "masked_output": ("repeat", "zeros")}
        yield {**kind, **_ONE_WAY, "layers": (2, 3), "lengths": ("sorted", "unsorted", "zero")}
        merged = {"direction": ("both",), "merge": ("concat", "sum", "mul", "ave"), "layers": (1, 2)}
        merged |= {"backward_cell": ("alike", "different")}
        yield {**kind, **merged, "mask": ("none", *_MASKS), "return_sequences": (True, False)}
        yield {**kind, **merged, "lengths": ("sorted", "unsorted", "zero")}
        dropped = {"direction": ("forward", "backward", "both"), "dropout_per_gate": _EITHER}
        yield {**kind, **dropped, "dropout": (True,), "recurrent_dropout": _EITHER}
        yield {**kind, **dropped, "dropout": (False,), "recurrent_dropout": (True,)}
        yield {**kind, "direction": ("forward", "both"), "layers": (2, 3), "between_dropout": (True,)}


class Oracle:
    """`refimpl`, computing in the case's own dtype."""

    name = "oracle"
    versions: Mapping[str, str] = {"numpy": np.__version__}
    dtypes = ("float64", "float32")
    cells: Sequence[Mapping[str, Any]] = tuple(_cells())
    empty_batch = True
    ignores_nan_padding = True

    def observe(self, case: Case) -> Observed:
        if not np.isfinite(case.x).all():  # allowed in masked steps only, where nothing can come of it; else refused
            kept = np.isfinite(case.x) | unmasked_steps_of(case)[:, :, None]
            case = case.replace(x=np.where(kept, case.x, 0).astype(case.dtype))
        run = run_oracle(case)
        wanted = case.wants_gradients
        gradients = ri.backward(run, case.d_outputs, case.d_state) if wanted else None
        return Observed(quantities(run, gradients, case.state_names), path="NumPy")

    def stateful(self, case: Case) -> OracleSession:
        return OracleSession(case)


class OracleSession:
    """A layer that keeps its state from call to call."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.state: tuple[Array, ...] | None = None

    def call(self, x: Array, mask: Array | None = None, initial_state: tuple[Array, ...] | None = None) -> Quantities:
        given = self.state if initial_state is None else initial_state
        run = run_oracle(self.case.replace(x=x, mask=mask, initial_state=given))
        self.state = run.state
        return quantities(run, None, self.case.state_names)

    def reset(self) -> None:
        self.state = None

    def reload(self) -> bool:
        """The parameters, written and read again; the state is no part of them."""
        file = BytesIO()
        np.savez(file, **self.case.params)  # type: ignore[arg-type]
        file.seek(0)
        with np.load(file, allow_pickle=False) as loaded:
            self.case = self.case.replace(params={name: loaded[name] for name in self.case.params})
        self.state = None
        return False
