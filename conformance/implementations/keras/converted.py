"""Keras layers that a converter makes a model file of, and a runtime of its own runs: values only.

A converter is a subclass of `ConvertedLayers` with a program whose last function takes `ConvertedLayers.arguments`.
Options beside those of Keras (`.options`): ``batch``, "fixed": the model says how many rows; "open": it does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refimpl.layouts import keras as layout

from ...contract import Case, Quantities
from ..program import ProgramImplementation, Weights
from .build_arguments import build_arguments
from .programs import layers as code
from .programs import models

_OF_A_MODEL = ("layers", "inputs", "states", "dtype", "source", "flip")
MODEL_FUNCTIONS = (
    *(code.make_layer, code.as_list, code.flat, code.picked, code.call_layers, code.results_of, code.connect),
    *(code.variables_of, models.build_model, code.fed),
)
"""What a program is printed with that calls `programs.models.build_model` and `programs.layers.fed`."""

EITHER, YES, NO = (False, True), (True,), (False,)
GIVEN: Mapping[str, Any] = {"initial_state": YES}
NOT_GIVEN: Mapping[str, Any] = {"initial_state": NO}
_KINDS: Sequence[Mapping[str, Any]] = (
    {"kind": "SimpleRNN"},
    {"kind": "LSTM"},
    {"kind": "GRU"},
    {"kind": "GRU", "reset_after": NO, "use_recurrent_bias": NO},
)
_MASKS = ("right", "left", "holes", "rows")
_BACKWARD = {"direction": ("backward",), "output_order": ("processing",)}
_WAYS: Sequence[Mapping[str, Any]] = (
    {"unroll": EITHER, **_BACKWARD, "return_sequences": EITHER, **GIVEN},
    {"unroll": EITHER, "mask": _MASKS, **GIVEN},
    {"unroll": EITHER, "mask": _MASKS[:1], "mask_from": ("argument", "Masking", "Embedding")},
    {"unroll": EITHER, "mask": _MASKS[::2], "masked_output": ("zeros",), **NOT_GIVEN},
    {"unroll": EITHER, "mask": _MASKS[::2], **_BACKWARD, "return_sequences": NO, **GIVEN},
    {"unroll": EITHER, "direction": ("both",), **GIVEN},
    {"unroll": YES, "direction": ("both",), "merge": ("sum", "mul", "ave"), **NOT_GIVEN},
    {"unroll": NO, "direction": ("both",), "mask": _MASKS[::2], "masked_output": ("zeros",), **GIVEN},
    {"unroll": EITHER, "layers": (2,), "wrapper": ("layer", "StackedRNNCells"), **GIVEN},
    {"unroll": EITHER, "wrapper": ("RNN(cell)",), "return_state": EITHER, **GIVEN},
    {"unroll": EITHER, "idle_dropout": YES, **NOT_GIVEN},
    {"unroll": EITHER, "batch": ("open",), **NOT_GIVEN},
)


def cells(own: Sequence[Mapping[str, Any]], activations: Sequence[str]) -> list[Mapping[str, Any]]:
    """Every way for the three layers, those of a converter's own first, and these activations.

    For a GRU that resets before there are its own, and those of the others in which a converter could do otherwise.
    """
    *layers, resets_before = _KINDS
    ways = [*own, *_WAYS]
    found: list[Mapping[str, Any]] = [{**kind, **way} for kind in layers for way in ways]
    found += [{**resets_before, **way} for way in [*own, *_WAYS[:2]]]
    for kind in layers:
        found.append({**kind, "activation": activations, "unroll": YES, **GIVEN})
        if kind["kind"] != "SimpleRNN":
            found.append({**kind, "recurrent_activation": activations, "unroll": YES, **GIVEN})
            found.append({**kind, "implementation": (1, 2), "unroll": EITHER, **NOT_GIVEN})
        without = {"use_bias": NO, "use_recurrent_bias": NO} if kind["kind"] == "GRU" else {"use_bias": NO}
        found.append({**kind, **without, "unroll": EITHER, **GIVEN})
    return [{**entry, "gradients": NO} for entry in found]


class ConvertedLayers(ProgramImplementation):
    """The part that every converter of Keras layers shares."""

    expensive = True  # each case is converted anew, which takes a second
    sizes: Mapping[str, int] | None = {"batch": 3, "time": 4, "input": 2, "hidden": 5}
    threads = False

    def arguments(self, case: Case) -> dict[str, Any]:
        """What `build_model` takes, what goes into the model, and the names of what it gives."""
        built, _ = build_arguments(case)
        model = {name: built[name] for name in _OF_A_MODEL}
        if case.call_options.get("batch") == "open":
            model["inputs"] = {name: ((None, *shape[1:]), kind) for name, (shape, kind) in model["inputs"].items()}
        given = zip(case.state_names, case.initial_state or (), strict=False)
        return {
            "model": model,
            "weights": layout.dump(case.cell, case.params),
            "x": case.x,
            "mask": case.mask,
            "states": {f"initial_state.{name}": part for name, part in given},
            "names": ["outputs", *(f"state.{name}" for name in case.state_names)],
        }

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return {str(k): array for k, array in enumerate(layout.dump(cell, params))}

    def load(self, cell: Any, weights: Weights) -> Quantities:
        return layout.load(cell, list(weights.values()))

    def missing(self, case: Case) -> dict[str, str]:
        found = {
            "gates": "Keras layers give outputs and final states only",
            "gradients": "a converted model is for inference only",
        }
        return found | ({"state": "return_state is False"} if case.call_options.get("return_state") is False else {})
