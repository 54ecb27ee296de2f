"""Keras 2: recurrent layers on TensorFlow, in every way that they are built and called.

Its options are those of Keras 3 (`options`), as far as it has them, and one of its own: ``time_major``, the
layers' argument; the sequences and their mask go in and come out with time first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.layers.rnn import gru, lstm

from ...contract import Array, Case
from ..program import Program
from . import options
from .layers import KerasLayers
from .programs import keras2 as code
from .programs import layers as shared
from .stateful import StatefulLayers, stateful

_PREAMBLE = f"""\
import os
import tempfile
import keras
{shared.backend.PREAMBLE}"""
_FUNCTIONS = (
    shared.vector_jacobian_product,
    shared.make_layer,
    code.impose_dropout,
    shared.as_list,
    shared.flat,
    shared.picked,
    code.as_array,
    shared.call_layers,
    shared.connect,
    shared.variables_of,
    shared.assemble,
    code.build_layers,
    shared.fed,
    shared.run_built,
    code.run_layers,
)


class Keras2Layers(KerasLayers):
    """``keras.layers.SimpleRNN``, ``LSTM``, ``GRU``, ``RNN`` and ``Bidirectional`` of Keras 2."""

    name = "keras2"
    major = 2
    code: Any = code
    fused = ((lstm, "standard_lstm"), (gru, "standard_gru"))
    program = Program(_PREAMBLE, _FUNCTIONS)
    cells: Sequence[Mapping[str, Any]] = options.cells_of_keras_2()
    refused: Sequence[Mapping[str, Any]] = ()

    def arguments(self, case: Case) -> dict[str, Any]:
        arguments = super().arguments(case)
        time_major = case.call_options.get("time_major", False)
        model = arguments["model"]
        model["states"] = [its and [_alone(one) for one in its] for its in model["states"]]
        model["time_major"] = time_major
        for layer in model["layers"] if time_major else ():
            layer["options"]["time_major"] = True
        return arguments

    def drawing(self, case: Case, seed: int) -> None:
        """None: what Keras 2 draws anew in each step, no trajectory shows."""

    def stateful(self, case: Case) -> StatefulLayers | None:
        """The case's layers with ``stateful=True``, to be called several times; None where there are none."""
        return None if case.call_options.get("time_major") else stateful(case, Stateful2)


def _alone(names: Any) -> Any:
    """A stacked cell's states; Keras 2 takes the only one that there is without a list."""
    return names[0] if isinstance(names, list) and len(names) == 1 else names


class Stateful2(StatefulLayers):
    """Keras 2's stateful layers, called several times."""

    def tensor(self, array: Array) -> Any:
        return tf.convert_to_tensor(array)

    def array(self, tensor: Any) -> Array:
        return np.asarray(tensor)

    def concatenate(self, tensors: Sequence[Any], axis: int) -> Any:
        return tf.concat(tensors, axis)

    def kept(self, layer: Any) -> list[Any]:
        """The states that a layer keeps; Bidirectional leaves them to its two layers."""
        both = isinstance(layer, keras.layers.Bidirectional)
        single = (layer.forward_layer, layer.backward_layer) if both else (layer,)
        return [state for one in single for state in tf.nest.flatten(one.states)]

    def reset(self) -> None:
        for layer in self._layers:
            layer.reset_states()
