"""The products of options that every mutant has, so that none is caught or spared by what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Entry = Mapping[str, Any]
_EITHER, _YES = (False, True), (True,)
_KINDS: tuple[Entry, ...] = (
    {"kind": "SimpleRNN"},
    {"kind": "LSTM"},
    {"kind": "GRU", "reset_after": (True,)},
    {"kind": "GRU", "reset_after": (False,)},
)
_GATED = {"activation": ("tanh", "relu", "linear"), "recurrent_activation": ("sigmoid", "hard_sigmoid", "linear")}
_VARIANTS = ("projection", "peepholes", "input_forget", "clip", "forget_bias")
_MASKS = ("none", "full", "right", "left", "holes", "rows")
_LENGTHS = ("sorted", "unsorted", "zero")


def _cells() -> Iterator[Entry]:
    biases = {"use_bias": _EITHER, "use_recurrent_bias": _EITHER}
    yield {"kind": "SimpleRNN", "activation": ("tanh", "relu", "linear", "sigmoid"), **biases, "clip": _EITHER}
    for kind in _KINDS[1:]:
        yield {**kind, **_GATED, **biases}
        yield {**kind, "recurrent_activation": ("hard_sigmoid_keras2", "sigmoid"), **biases, "clip": _EITHER}
    yield {"kind": "LSTM", **dict.fromkeys(_VARIANTS, _EITHER), "output_activation": (None, "relu")}
    for kind in _KINDS:
        yield from _of_sequences({**kind, "use_recurrent_bias": _YES})


def _of_sequences(kind: Entry) -> Iterator[Entry]:
    ways: Entry = {"direction": ("forward", "backward"), "return_sequences": _EITHER}
    masked: Entry = {"mask": _MASKS, "masked_output": ("repeat", "zeros")}
    both: Entry = {"direction": ("both",), "layers": (1, 2)}
    yield {**kind, **ways, **masked, "output_order": ("original", "processing")}
    yield {**kind, **ways, **masked, "layers": (2, 3)}
    yield {**kind, **both, "merge": ("concat", "sum", "mul", "ave"), "backward_cell": ("alike", "different")}
    yield {**kind, **both, **masked, "merge": ("concat", "sum"), "return_sequences": _EITHER}
    yield {**kind, "direction": ("forward", "both"), "lengths": _LENGTHS, "layers": (1, 2, 3)}
    yield {**kind, "direction": ("backward",), "lengths": _LENGTHS, "layout": ("batch-major", "time-major")}
    yield {**kind, "direction": ("forward", "both"), "layers": (1, 2, 3), "layout": ("time-major", "unbatched")}
    yield {**kind, "direction": ("forward", "both"), "layers": (2, 3), "between_dropout": _YES}
    yield {**kind, "idle_dropout": _EITHER, "direction": ("forward", "both"), "layers": (1, 2)}
    yield {**kind, "layout": ("unbatched",), "lengths": ("sorted",)}
    dropped: Entry = {"direction": ("forward", "backward"), "dropout_per_gate": _EITHER}
    yield {**kind, **dropped, "dropout": _YES, "recurrent_dropout": _EITHER}
    yield {**kind, **dropped, "recurrent_dropout": _YES, "initial_state": _YES}
    if kind["kind"] == "LSTM":
        deep: Entry = {"projection": _YES, "layers": (1, 2), "direction": ("forward", "both")}
        yield {**kind, **deep, "lengths": ("none", "unsorted")}


CELLS: tuple[Entry, ...] = tuple(_cells())
REFUSED: tuple[Entry, ...] = (
    {
        "when": {"layout": ("unbatched",), "lengths": ("sorted",)},
        "reason": "lengths are one a row, and there is no batch axis",
        "message": "lengths need a batch axis",
    },
)
