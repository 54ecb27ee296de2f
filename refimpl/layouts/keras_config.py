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

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import checks
from ..activations import named
from ..errors import InvalidArgument
from ..gru import GRU
from ..lstm import LSTM
from ..parameters import Cell
from ..simple_rnn import SimpleRNN
from ..stack import MERGES, Layer, Stack

_VERSION = re.compile(r"[0-9]+(\.[0-9a-z]+)*([-+][0-9a-z.]+)?")
_ACROSS_FEATURES = ("softmax", "log_softmax", "sparsemax", "glu")  # no cell has them; layers around one do
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
    generation = _generation(keras_version)
    kind, options = _kind_and_options(config)
    size = _input_size(config, options) if input_size is None else checks.size("input_size", input_size)
    if kind == "Bidirectional":
        return _bidirectional(options, size, keras_version), False
    reverse = _flag(options, "go_backwards", False)
    if kind == "RNN":
        inner, cells = _kind_and_options(options.get("cell"), "config.cell")
        if inner == "StackedRNNCells":
            return _stacked(cells.get("cells"), size, generation, reverse), False
        kind, options = inner, cells
    return _cell(kind.removesuffix("Cell"), options, size, generation), reverse


def activation_of(value: Any, keras_version: str = "3") -> str:
    """Our name of an activation that a configuration names; `InvalidArgument` where there is none.

    Softmax and its like, which act across features, keep Keras's names.
    """
    generation = _generation(keras_version)
    if value is None:
        return "linear"
    if isinstance(value, Mapping):
        name = checks.text("activation", value.get("class_name"))
        if name == "function":
            return activation_of(value.get("config"), keras_version)
        if name not in _LAYERS_AS_ACTIVATIONS:
            raise InvalidArgument("activation", expected="a function that Keras names", got=repr(name))
        its = checks.instance("activation", value.get("config", {}), Mapping, "its numbers by name")
        numbers = []
        for names, default in zip(_LAYERS_AS_ACTIVATIONS[name], _DEFAULTS[name], strict=True):
            given = next((its[each] for each in names if each in its), default)
            given = default if given is None and "max_value" in names else given  # Keras writes no maximum as None
            numbers.append(repr(given if given is default else checks.number("activation", given)))
        return _known(f"{_ACTIVATION_OF[name]}({','.join(numbers)})")
    value = checks.text("activation", value)
    return _known(_RENAMED_IN_KERAS_3.get(value, value) if generation < 3 else value)


def _known(activation: str) -> str:
    if activation not in _ACROSS_FEATURES:
        named(activation)
    return activation


def _generation(keras_version: Any) -> int:
    """2 for Keras 1 and 2, whose names mean the same, else 3."""
    if not isinstance(keras_version, str) or not _VERSION.fullmatch(keras_version):
        raise InvalidArgument("keras_version", expected="such as '2.15.0'", got=checks.described(keras_version))
    return 2 if keras_version.partition(".")[0] in ("1", "2") else 3


def _flag(options: Mapping[str, Any], name: str, default: bool) -> bool:
    return checks.flag(f"config.{name}", options.get(name, default))


def _kind_and_options(config: Any, name: str = "config") -> tuple[str, Mapping[str, Any]]:
    checks.instance(name, config, Mapping, "a layer's configuration, a mapping")
    if "class_name" in config and isinstance(config.get("config"), Mapping):
        return checks.text(f"{name}.class_name", config["class_name"]), config["config"]
    if "units" not in config or "class_name" in config:
        expected = "a recurrent layer's, with class_name and config"
        raise InvalidArgument(name, expected=expected, got=checks.described(config))
    by_option = {"reset_after": "GRU", "unit_forget_bias": "LSTM"}
    return next((kind for option, kind in by_option.items() if option in config), "SimpleRNN"), config


def _input_size(config: Mapping[str, Any], options: Mapping[str, Any]) -> int:
    """The last axis of the shape that the layer was built on."""
    built = [each for place in (config, options) if isinstance(each := place.get("build_config"), Mapping)]
    inner = options.get("layer")
    its = inner.get("config") if isinstance(inner, Mapping) else None
    shapes = [each.get("input_shape") for each in built] + [
        options.get(k) for k in ("batch_input_shape", "batch_shape")
    ]
    shapes += [its.get("batch_input_shape")] if isinstance(its, Mapping) else []
    for shape in shapes:
        if isinstance(shape, list | tuple) and len(shape) == 3 and all(map(_is_axis, shape)) and shape[-1] is not None:
            return checks.size("input_size", shape[-1])
    raise InvalidArgument(
        "input_size", expected="given, as this configuration does not say on what the layer was built", got="None"
    )


def _is_axis(size: Any) -> bool:
    """None, or a size: of batch, steps or features."""
    return size is None or (isinstance(size, int | np.integer) and not isinstance(size, bool) and bool(size >= 0))


def _bidirectional(options: Mapping[str, Any], size: int, keras_version: str) -> Stack:
    """Both directions; with ``merge_mode=None`` the outputs stand side by side, which is the oracle's "concat"."""
    ahead, ahead_backwards = cell_of(options.get("layer", {}), size, keras_version)
    back, back_backwards = ahead, True
    if options.get("backward_layer") is not None:
        back, back_backwards = cell_of(options["backward_layer"], size, keras_version)
    if isinstance(ahead, Stack) or isinstance(back, Stack) or ahead_backwards or not back_backwards:
        raise InvalidArgument(
            "config.layer", expected="a layer that runs forward, of one cell", got=checks.described(options["layer"])
        )
    merge = options.get("merge_mode", "concat")
    merge = "concat" if merge is None else checks.one_of("config.merge_mode", merge, MERGES)
    return Stack((Layer(ahead, back, merge),))


def _stacked(configs: Any, size: int, generation: int, reverse: bool) -> Stack:
    layers = []
    for config in checks.sequence("config.cells", configs, "a list of the cells' configurations"):
        kind, options = _kind_and_options(config, "config.cells")
        cell = _cell(kind.removesuffix("Cell"), options, size, generation)
        layers.append(Layer(backward=cell) if reverse else Layer(cell))
        size = cell.output_size
    return Stack(tuple(layers))


def _cell(kind: str, options: Mapping[str, Any], size: int, generation: int) -> Cell:
    if kind not in _KINDS:
        expected = "SimpleRNN, LSTM, GRU, their cells in RNN, or Bidirectional of one of these"
        raise InvalidArgument("config.class_name", expected=expected, got=repr(kind))
    version = str(generation)
    sizes, bias = (size, checks.size("config.units", options.get("units"))), _flag(options, "use_bias", True)
    φ = activation_of(options.get("activation", "tanh"), version)
    if kind == "SimpleRNN":
        return SimpleRNN(*sizes, activation=φ, use_bias=bias)
    if "recurrent_activation" not in options and generation < 3:
        expected = "present: its default changed in Keras 2.3, from hard_sigmoid to sigmoid"
        raise InvalidArgument("config.recurrent_activation", expected=expected, got="none")
    σ = activation_of(options.get("recurrent_activation", "sigmoid"), version)
    if kind == "LSTM":
        return LSTM(*sizes, activation=φ, recurrent_activation=σ, use_bias=bias)
    after = _flag(options, "reset_after", generation == 3)
    return GRU(
        *sizes,
        activation=φ,
        recurrent_activation=σ,
        reset_after=after,
        use_bias=bias,
        use_recurrent_bias=bias and after,
    )
