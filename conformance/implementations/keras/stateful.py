"""Keras's stateful layers, called several times."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from refimpl.layouts import keras as layout

from ...contract import Array, Case
from .build_arguments import build_arguments
from .programs import layers

_program: Any = layers


class StatefulLayers:
    """A case's layers with ``stateful=True``; the state that they report is the one that they keep, ``layer.states``.

    Saving does not keep it: Keras's documentation promises nothing of the kind.
    """

    def __init__(self, case: Case) -> None:
        plain = case.replace(
            call_options={name: value for name, value in case.call_options.items() if name not in ("form", "reload")}
        )
        self._case = plain.replace(initial_state=plain.initial_state_or_zeros())
        model, _ = build_arguments(self._case)
        self._states, self._training = model["states"], model["training"]
        made = []
        for spec in model["layers"]:
            spec["options"] |= {"stateful": True, "return_state": False}
            size = spec.pop("input_size")
            layer = _program.make_layer(**spec, dtype=model["dtype"])
            layer.build((*case.x.shape[:2], size))
            made.append(layer)
        self._layers: list[Any] = made
        arrays = iter(layout.dump(case.cell, case.params))
        for layer in made:
            for variable in layer.trainable_variables:
                variable.assign(next(arrays))

    def tensor(self, array: Array) -> Any:
        """The array as a tensor of the backend."""
        return keras.ops.convert_to_tensor(array)

    def array(self, tensor: Any) -> Array:
        """A tensor of the backend as an array of its own dtype."""
        found: Array = _program.as_array(tensor)
        return found

    def concatenate(self, tensors: Sequence[Any], axis: int) -> Any:
        """The tensors as one."""
        return keras.ops.concatenate(tensors, axis)

    def kept(self, layer: Any) -> list[Any]:
        """The states that a layer keeps."""
        return [state.value for state in _program.flat(layer.states)]

    def call(
        self, x: Array, mask: Array | None = None, initial_state: Sequence[Array] | None = None
    ) -> dict[str, Array]:
        """Outputs and final state of a further piece of the sequence."""
        given: list[Any] = [None] * len(self._layers)
        if initial_state is not None:
            named = dict(zip(self._case.state_names, initial_state, strict=True))
            parts = {f"initial_state.{name}": self.tensor(part) for name, part in named.items()}
            given = [_program.picked(its, parts) for its in self._states]
        masked = None if mask is None else self.tensor(mask)
        (outputs,) = _program.call_layers(self._layers, self.tensor(x), masked, given, self._training, self.concatenate)
        array = self.array(outputs)
        states = [self.array(state) for layer in self._layers for state in self.kept(layer)]
        if self._case.call_options.get("policy") == "mixed":  # variables are float32 then, states among them
            states = [state.astype(self._case.dtype) for state in states]
        found = {"outputs": array if array.ndim == 3 else array[:, None]}
        return found | {f"state.{name}": part for name, part in zip(self._case.state_names, states, strict=True)}

    def reset(self) -> None:
        """The next call starts from zeros."""
        for layer in self._layers:
            layer.reset_state()

    def reload(self) -> bool:
        """Saves the layers as a model, goes on with the loaded ones, whose state is zero, and reloads their weights."""
        shape, kind = self._case.x.shape, self._case.dtype_name
        x = outputs = keras.Input(batch_shape=shape, dtype=kind)
        for layer in self._layers:
            outputs = layer(outputs)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            keras.Model(x, outputs).save(path)
            loaded = keras.models.load_model(path)
            loaded.save_weights(path.with_name("model.weights.h5"))
            for variable in loaded.trainable_variables:
                variable.assign(0 * variable)
            loaded.load_weights(path.with_name("model.weights.h5"))
        self._layers = [loaded.get_layer(layer.name) for layer in self._layers]
        return False


def stateful(case: Case, made: type[StatefulLayers] = StatefulLayers) -> StatefulLayers | None:
    """The session, or None where Keras has no such layer.

    A propagated mask is lost where a state is given, and ``reset_state`` of StackedRNNCells raises: both are known
    divergences.
    """
    stacked = case.call_options.get("wrapper") == "StackedRNNCells"
    propagated = case.call_options.get("mask_from", "argument") != "argument"
    backwards_in_a_stack = case.options["layers"] > 1 and case.options["direction"] == "backward"
    return None if stacked or propagated or backwards_in_a_stack else made(case)
