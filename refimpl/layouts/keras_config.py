"""Keras: what a serialized layer computes, from its configuration.

A configuration is plain data: ``keras.saving.serialize_keras_object(layer)``, ``{"class_name": …, "config": {…}}`` as a
model's file has it, or ``layer.get_config()`` alone. Names in it mean what they meant to the Keras that wrote it:

==================  ==================================  =================================
name                Keras 1 and 2                       Keras 3
==================  ==================================  =================================
``hard_sigmoid``    ``min(max(0.2 x + 0.5, 0), 1)``     ``min(max(x + 3, 0), 6) / 6``
no ``reset_after``  the reset comes before the product  after it
==================  ==================================  =================================

Source: keras/src/layers/rnn/{simple_rnn,lstm,gru,rnn,bidirectional,stacked_rnn_cells}.py and
keras/src/activations/activations.py, Keras 3.15; keras/activations.py, Keras 2.15.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidArgument
from ..gru import GRU
from ..lstm import LSTM
from ..parameters import Cell
from ..simple_rnn import SimpleRNN
from ..stack import MERGES, Layer, Stack

_KINDS = ("SimpleRNN", "LSTM", "GRU")
_RENAMED_IN_KERAS_3 = {"hard_sigmoid": "hard_sigmoid_keras2"}
_LAYERS_AS_ACTIVATIONS: dict[str, tuple[tuple[str, ...], ...]] = {  # their numbers' names, the older ones last
    "LeakyReLU": (("negative_slope", "alpha"),),
    "ELU": (("alpha",),),
    "ReLU": (("negative_slope",), ("max_value",), ("threshold",)),
}
_ACTIVATION_OF = {"LeakyReLU": "leaky_relu", "ELU": "elu", "ReLU": "relu"}
_DEFAULTS = {"LeakyReLU": (0.3,), "ELU": (1.0,), "ReLU": (0.0, float("inf"), 0.0)}


def cell_of(
    config: Mapping[str, Any], input_size: int | None = None, keras_version: str = "3"
) -> tuple[Cell | Stack, bool]:
    """What a layer computes: a cell and whether it runs in reverse; of `Bidirectional` and stacked cells, a `Stack`.

    config          a serialized layer ``{"class_name", "config"}``, or the ``get_config()`` of SimpleRNN, LSTM or GRU
    input_size      features of a step; None: as the configuration says (``build_config``, ``batch_input_shape``)
    keras_version   of the Keras that wrote it, such as "2.15.0": it decides what names mean, see above

    Raises `InvalidArgument` for a layer of another class, and for what the oracle's cells cannot express.
    """
    if not isinstance(config, Mapping):
        raise InvalidArgument("config", expected="a layer's configuration, a mapping", got=type(config).__name__)
    kind, options = _kind_and_options(config)
    size = input_size or _input_size(config, options)
    generation = 3 if keras_version.partition(".")[0] not in ("1", "2") else 2
    if kind == "Bidirectional":
        return _bidirectional(options, size, keras_version), False
    reverse = bool(options.get("go_backwards", False))
    if kind == "RNN":
        inner, cells = _kind_and_options(options["cell"])
        if inner == "StackedRNNCells":
            return _stacked(cells["cells"], size, generation, reverse), False
        kind, options = inner, cells
    return _cell(kind.removesuffix("Cell"), options, size, generation), reverse


def activation_of(value: Any, keras_version: str = "3") -> str:
    """Our name of an activation that a configuration names; `InvalidArgument` where there is none."""
    if value is None:
        return "linear"
    if isinstance(value, Mapping):
        name = str(value.get("class_name"))
        if name == "function":
            return activation_of(value.get("config"), keras_version)
        if name not in _LAYERS_AS_ACTIVATIONS:
            raise InvalidArgument("activation", expected="a function that Keras names", got=repr(name))
        its = value.get("config", {})
        numbers = []
        for names, default in zip(_LAYERS_AS_ACTIVATIONS[name], _DEFAULTS[name], strict=True):
            given = next((its[each] for each in names if its.get(each) is not None), default)
            numbers.append(repr(float(given)))
        return f"{_ACTIVATION_OF[name]}({','.join(numbers)})"
    if not isinstance(value, str):
        raise InvalidArgument("activation", expected="a name", got=repr(value))
    if keras_version.partition(".")[0] in ("1", "2"):
        return _RENAMED_IN_KERAS_3.get(value, value)
    return value


def _kind_and_options(config: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if "class_name" in config and isinstance(config.get("config"), Mapping):
        return str(config["class_name"]), config["config"]
    if "units" not in config:
        raise InvalidArgument(
            "config", expected="a recurrent layer's, with class_name and config", got=str(list(config))
        )
    by_option = {"reset_after": "GRU", "unit_forget_bias": "LSTM"}
    return next((kind for option, kind in by_option.items() if option in config), "SimpleRNN"), config


def _input_size(config: Mapping[str, Any], options: Mapping[str, Any]) -> int:
    """The last axis of the shape that the layer was built on."""
    built = config.get("build_config") or options.get("build_config") or {}
    inner = options.get("layer", {})
    shapes = [built.get("input_shape"), options.get("batch_input_shape"), options.get("batch_shape")]
    shapes += [inner.get("config", {}).get("batch_input_shape")] if isinstance(inner, Mapping) else []
    for shape in shapes:
        if isinstance(shape, list | tuple) and shape and isinstance(shape[-1], int):
            return shape[-1]
    raise InvalidArgument(
        "input_size", expected="given, as this configuration does not say on what the layer was built", got="None"
    )


def _bidirectional(options: Mapping[str, Any], size: int, keras_version: str) -> Stack:
    """Both directions; with ``merge_mode=None`` the outputs stand side by side, which is the oracle's "concat"."""
    ahead, ahead_backwards = cell_of(options["layer"], size, keras_version)
    back, back_backwards = ahead, True
    if options.get("backward_layer") is not None:
        back, back_backwards = cell_of(options["backward_layer"], size, keras_version)
    if isinstance(ahead, Stack) or isinstance(back, Stack) or ahead_backwards or not back_backwards:
        raise InvalidArgument(
            "config.layer", expected="a layer that runs forward, of one cell", got=str(options["layer"])
        )
    merge = options.get("merge_mode", "concat") or "concat"
    if merge not in MERGES:
        raise InvalidArgument("config.merge_mode", expected=f"one of {', '.join(MERGES)} or None", got=repr(merge))
    return Stack((Layer(ahead, back, merge),))


def _stacked(configs: list[Any], size: int, generation: int, reverse: bool) -> Stack:
    layers = []
    for config in configs:
        kind, options = _kind_and_options(config)
        cell = _cell(kind.removesuffix("Cell"), options, size, generation)
        layers.append(Layer(backward=cell) if reverse else Layer(cell))
        size = cell.output_size
    return Stack(tuple(layers))


def _cell(kind: str, options: Mapping[str, Any], size: int, generation: int) -> Cell:
    if kind not in _KINDS:
        expected = "SimpleRNN, LSTM, GRU, their cells in RNN, or Bidirectional of one of these"
        raise InvalidArgument("config.class_name", expected=expected, got=repr(kind))
    version = str(generation)
    sizes, bias = (size, int(options["units"])), bool(options.get("use_bias", True))
    φ = activation_of(options.get("activation", "tanh"), version)
    if kind == "SimpleRNN":
        return SimpleRNN(*sizes, activation=φ, use_bias=bias)
    if "recurrent_activation" not in options and generation < 3:
        expected = "present: its default changed in Keras 2.3, from hard_sigmoid to sigmoid"
        raise InvalidArgument("config.recurrent_activation", expected=expected, got="none")
    σ = activation_of(options.get("recurrent_activation", "sigmoid"), version)
    if kind == "LSTM":
        return LSTM(*sizes, activation=φ, recurrent_activation=σ, use_bias=bias)
    after = bool(options.get("reset_after", generation == 3))
    return GRU(
        *sizes,
        activation=φ,
        recurrent_activation=σ,
        reset_after=after,
        use_bias=bias,
        use_recurrent_bias=bias and after,
    )
