"""A Keras file run by Keras: what goes into each layer and comes out of it, call by call.

Every layer's ``call`` is wrapped before the model runs eagerly, so the numbers are those of the model itself. Values
are named as `models.files.readers.keras_graph` names them: ``layer#call:k`` comes out, ``layer#call>role`` goes in.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ...contract import Array

_KERAS_2 = keras.__version__.startswith("2")


def run(path: str, inputs: Mapping[str, Array], options: Mapping[str, Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    """The model's outputs, ``output.k``, and what its layers took and gave.

    options   ``trust``: load layers that hold code; ``config``: a file with the model's configuration, for weights
    alone
    """
    model = _loaded(path, options)
    seen: dict[str, Array] = {}
    _watch(model, "", seen)
    given = [_tensor(value) for value in inputs.values()]
    found = model(given[0] if len(given) == 1 else given, training=False)
    outputs = {f"output.{k}": _array(each) for k, each in enumerate(_flat(found))}
    return {**{name: np.asarray(value) for name, value in inputs.items()}, **seen, **outputs}, {}


def _loaded(path: str, options: Mapping[str, Any]) -> Any:
    if options.get("config"):
        text = Path(options["config"]).read_text(encoding="utf-8")
        model = keras.models.model_from_json(text)
        model.load_weights(path)
        return model
    safe = not options.get("trust", False)
    if _KERAS_2 and path.endswith(".h5"):
        return keras.models.load_model(path, compile=False)
    return keras.models.load_model(path, compile=False, safe_mode=safe)


def _watch(model: Any, prefix: str, seen: dict[str, Array]) -> None:
    for layer in model.layers:
        name = prefix + layer.name
        if hasattr(layer, "layers") and isinstance(layer, keras.Model):
            _watch(layer, f"{name}/", seen)
        else:
            layer.call = _recorded(layer.call, name, seen)


def _recorded(call: Any, name: str, seen: dict[str, Array]) -> Any:
    count = [0]

    @functools.wraps(call)
    def watched(*args: Any, **kwargs: Any) -> Any:
        place = f"{name}#{count[0]}"
        count[0] += 1
        first, *_ = _flat(args[0] if args else kwargs.get("sequences", kwargs.get("inputs")))
        seen[f"{place}>x"] = _array(first)
        states = kwargs.get("initial_state")
        if states is None and len(args) > 1 and not isinstance(args[1], bool):
            states = args[1]
        for k, state in enumerate([] if states is None else _flat(states)):
            seen[f"{place}>initial_state.{k}"] = _array(state)
        if kwargs.get("mask") is not None:
            masks = _flat(kwargs["mask"])
            if masks and masks[0] is not None:
                seen[f"{place}>mask"] = _array(masks[0])
        returned = call(*args, **kwargs)
        seen.update({f"{place}:{k}": _array(each) for k, each in enumerate(_flat(returned))})
        return returned

    return watched


def _flat(nested: Any) -> list[Any]:
    if isinstance(nested, Mapping):
        return [leaf for each in nested.values() for leaf in _flat(each)]
    if isinstance(nested, list | tuple):
        return [leaf for each in nested for leaf in _flat(each)]
    return [nested]


def _tensor(value: Array) -> Any:
    if _KERAS_2:
        import tensorflow

        return tensorflow.constant(value)
    return keras.ops.convert_to_tensor(value)


def _array(tensor: Any) -> Array:
    found = np.asarray(tensor) if _KERAS_2 else keras.ops.convert_to_numpy(tensor)
    return found.astype(np.float32) if found.dtype.name == "bfloat16" else found


def layers(
    path: str, inputs: Mapping[str, Array], options: Mapping[str, Any]
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Recurrent layers alone, for a file that this Keras does not load: what it would compute of each.

    Each of ``options["layers"]`` is ``{"name", "kind", "config", "weights"}``: the layer's own configuration, of which
    what this Keras does not know is left out, and how many arrays it has, ``name/0`` and on among the inputs. What
    goes in is ``name>x``, ``name>mask``, ``name>initial_state.k``.
    """
    found: dict[str, Array] = {}
    for each in options["layers"]:
        name = each["name"]
        layer = _alone(each["kind"], each["config"])
        x = _tensor(inputs[f"{name}>x"])
        more: dict[str, Any] = {}
        if f"{name}>mask" in inputs:
            more["mask"] = _tensor(inputs[f"{name}>mask"])
        states = sorted(key for key in inputs if key.startswith(f"{name}>initial_state."))
        if states:
            more["initial_state"] = [_tensor(inputs[key]) for key in states]
        layer(x, **more)  # builds it
        layer.set_weights([inputs[f"{name}/{k}"] for k in range(each["weights"])])
        found |= {f"{name}:{k}": _array(part) for k, part in enumerate(_flat(layer(x, **more)))}
    return found, {}


def _alone(kind: str, config: Mapping[str, Any]) -> Any:
    """A recurrent layer from plain numbers and names; nothing else that it may name is looked up."""
    if kind == "Bidirectional":
        inner, back = config["layer"], config.get("backward_layer")
        made = _alone(inner["class_name"], inner["config"])
        backward = None if back is None else _alone(back["class_name"], back["config"])
        return keras.layers.Bidirectional(made, merge_mode=config.get("merge_mode", "concat"), backward_layer=backward)
    if kind not in ("SimpleRNN", "LSTM", "GRU"):
        raise ValueError(f"{kind} is not made alone")
    made = getattr(keras.layers, kind)
    known = inspect.signature(made.__init__).parameters
    plain = {name: value for name, value in config.items() if isinstance(value, bool | int | float | str | None)}
    left_out = ("name", "dtype", "trainable", "stateful")
    return made(**{name: value for name, value in plain.items() if name in known and name not in left_out})
