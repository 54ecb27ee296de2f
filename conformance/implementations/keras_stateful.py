"""Keras's stateful layers, called several times."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from refimpl.layouts import keras as layout

from ..cases import Array, Case
from .keras_model import model_of
from .programs import keras as code

_make_layer: Any = code.make_layer
_call_layers: Any = code.call_layers
_flat: Any = code.flat
_picked: Any = code.picked


class StatefulLayers:
    """A case's layers with ``stateful=True``; the state that they report is the one that they keep, ``layer.states``.

    Saving does not keep it: Keras's documentation promises nothing of the kind.
    """

    def __init__(self, case: Case) -> None:
        plain = case.replace(how={name: how for name, how in case.how.items() if name not in ("form", "reload")})
        self._case = plain.replace(initial_state=plain.initial_state_or_zeros())
        model, _ = model_of(self._case)
        self._states, self._training = model["states"], model["training"]
        made = []
        for spec in model["layers"]:
            spec["options"] |= {"stateful": True, "return_state": False}
            size = spec.pop("input_size")
            layer = _make_layer(**spec, dtype=model["dtype"])
            layer.build((*case.x.shape[:2], size))
            made.append(layer)
        self._layers: list[Any] = made
        arrays = iter(layout.dump(case.cell, case.params))
        for layer in made:
            for variable in layer.trainable_variables:
                variable.assign(next(arrays))

    def call(
        self, x: Array, mask: Array | None = None, initial_state: Sequence[Array] | None = None
    ) -> dict[str, Array]:
        """Outputs and final state of a further piece of the sequence."""
        tensor = keras.ops.convert_to_tensor
        given: list[Any] = [None] * len(self._layers)
        if initial_state is not None:
            named = dict(zip(self._case.state_names, initial_state, strict=True))
            parts = {f"initial_state.{name}": tensor(part) for name, part in named.items()}
            given = [_picked(its, parts) for its in self._states]
        masked = None if mask is None else tensor(mask)
        (outputs,) = _call_layers(self._layers, tensor(x), masked, given, self._training)
        states = _flat([layer.states for layer in self._layers])
        found = {"outputs": outputs if len(outputs.shape) == 3 else keras.ops.expand_dims(outputs, 1)}
        found |= {f"state.{name}": state.value for name, state in zip(self._case.state_names, states, strict=True)}
        return {
            name: np.asarray(keras.ops.convert_to_numpy(value), keras.backend.standardize_dtype(value.dtype))
            for name, value in found.items()
        }

    def reset(self) -> None:
        """The next call starts from zeros."""
        for layer in self._layers:
            layer.reset_state()

    def reload(self) -> bool:
        """Saves the layers as a model and goes on with the loaded ones, whose state is zero."""
        shape, kind = self._case.x.shape, self._case.dtype_name
        x = outputs = keras.Input(batch_shape=shape, dtype=kind)
        for layer in self._layers:
            outputs = layer(outputs)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            keras.Model(x, outputs).save(path)
            loaded = keras.models.load_model(path)
        self._layers = [loaded.get_layer(layer.name) for layer in self._layers]
        return False


def stateful(case: Case) -> StatefulLayers | None:
    """The session, or None where Keras has no such layer.

    A propagated mask is lost where a state is given, and ``reset_state`` of StackedRNNCells raises: both are known
    divergences.
    """
    stacked = case.how.get("wrapper") == "StackedRNNCells"
    propagated = case.how.get("mask_from", "argument") != "argument"
    backwards_in_a_stack = case.options["layers"] > 1 and case.options["direction"] == "backward"
    return None if stacked or propagated or backwards_in_a_stack else StatefulLayers(case)
