"""Keras's layers, compiled: by ``tf.function`` on TensorFlow, by ``jax.jit`` on JAX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from ...cases.workload import Work
from ..timing import Call
from .layers import KerasLayers
from .programs import layers as code

_FORM = {"tensorflow": "tf.function", "jax": "jit", "torch": "eager"}[keras.backend.backend()]


class Timed:
    """``keras.layers.SimpleRNN``, ``LSTM`` and ``GRU``."""

    versions: Mapping[str, str] = KerasLayers.versions

    def prepare(self, work: Work) -> Call:
        """The layer with its weights, compiled for these shapes when it is first called."""
        case = work.case(form=_FORM)
        arguments = KerasLayers().arguments(case)
        build_layers: Any = code.build_layers
        if keras.backend.backend() == "jax":  # Keras's own tanh is in float32 there: see keras-jax-tanh-in-float32
            for its in arguments["model"]["layers"]:
                for _, options in its["cells"]:
                    options["activation"] = code.backend.jnp.tanh
        _, variables, pulled, _ = build_layers(**arguments["model"])
        data = arguments["data"]
        for variable, value in zip(variables, data["weights"].values(), strict=True):
            variable.assign(value)
        names = [f"initial_state.{name}" for name in data["state_names"]]
        tensors = keras.ops.convert_to_tensor
        arrays = {"x": tensors(case.x)} | {n: tensors(p) for n, p in zip(names, case.initial_state or (), strict=True)}
        d_outputs = None if case.d_outputs is None else tensors(case.d_outputs)
        cotangents = [d_outputs, *[None] * len(names)]

        def call() -> tuple[Any, Any]:
            results, of_arrays, _ = pulled(arrays, data["dropout"], cotangents)
            done = results[0], of_arrays.get("x")
            for each in done:
                if hasattr(each, "block_until_ready"):
                    each.block_until_ready()
            return done

        return call
