"""What a user of Keras's recurrent layers builds against, in Keras 2 and 3: arguments, defaults and weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from ..interfaces import Interface, signature_of

_INPUT_SIZE, _UNITS = 2, 3


def keras_interface() -> Interface:
    """Each class's arguments, the configuration of a layer that is given as little as can be, and its weights."""
    return {
        f"keras.layers.{type(layer).__name__}": {
            "signature": signature_of(type(layer)),
            "defaults": {key: _as_json(value) for key, value in layer.get_config().items() if key != "name"},
            "weights": _weights(layer),
        }
        for layer in _layers()
    }


def _layers() -> list[Any]:
    """One of each class."""
    kinds = [getattr(keras.layers, name) for name in ("SimpleRNN", "LSTM", "GRU")]
    cells = [getattr(keras.layers, f"{kind.__name__}Cell") for kind in kinds]
    return [
        *(made(_UNITS) for made in (*kinds, *cells)),
        keras.layers.RNN(keras.layers.LSTMCell(_UNITS)),
        keras.layers.StackedRNNCells([keras.layers.LSTMCell(_UNITS), keras.layers.GRUCell(_UNITS)]),
        keras.layers.Bidirectional(keras.layers.LSTM(_UNITS)),
    ]


def _weights(layer: Any) -> list[list[Any]]:
    """Names and shapes in the order of ``get_weights()``; names without those of layers, which Keras numbers."""
    layer.build((1, _INPUT_SIZE) if "Cell" in type(layer).__name__ else (1, 1, _INPUT_SIZE))
    return [
        [weight.name.split("/")[-1].split(":")[0], [int(size) for size in weight.shape]] for weight in layer.weights
    ]


def _as_json(value: Any) -> Any:
    """A value of a configuration: what is no string, number or None is written as the call that makes it."""
    return value if isinstance(value, str | int | float | None) else _written(value)


def _written(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if not (isinstance(value, Mapping) and "class_name" in value):
        return repr(value)
    options = value["config"]
    if "trainable" in options:  # a layer, which has an entry of its own
        return f"{value['class_name']}(…)"
    return f"{value['class_name']}({', '.join(f'{name}={_written(one)}' for name, one in sorted(options.items()))})"
