"""Valid calls of what layouts do beside weights: states, conversions, and cells told by what people have."""

from __future__ import annotations

from typing import Any

from ... import GRU, LSTM, Layer, SimpleRNN, Stack, layouts
from ...layouts import keras_config, pytorch_module
from ..bad_kinds import Freedom
from ..judged_calls import Call
from .shared import ANY, BOTH, CELL, GATED, NAN, NONE, Calls, named, numbers, of

PLAIN, RESETS = LSTM(2, 5, proj_size=3, use_recurrent_bias=True), GRU(2, 3, reset_after=False, use_recurrent_bias=False)
BOTH_LSTM = Stack((Layer(CELL, CELL),))


def states_calls() -> Calls:
    h, c, joined = numbers(4, 3), numbers(4, 5), numbers(4, 8)
    two = (h, numbers(4, 3) + 1, h + 2, numbers(4, 3) + 3)
    projected, keras_cell = LSTM(2, 5, proj_size=3), LSTM(2, 3)
    keras, pytorch, fused = layouts.keras, layouts.pytorch, layouts.fused
    # the state of a cell that has but one may have any batch
    one = Freedom(nan=True, axes=(0,))
    rows = Freedom(nan=True, axes=(1,))
    free = {"arrays": NAN, "state": NAN, "hx": NAN}
    libraries: Calls = {}
    for name, layout in (("flax", layouts.flax), ("equinox", layouts.equinox), ("mlx", layouts.mlx)):
        its: Any = layout
        given = "carry" if name == "flax" else "state"
        libraries[f"layouts.{name}.load_state"] = [
            Call(its.load_state, {"cell": keras_cell, given: (h, h + 1)}, {given: NAN}),
            Call(its.load_state, {"cell": GATED, given: h}, {given: one}),
        ]
        libraries[f"layouts.{name}.dump_state"] = [
            Call(its.dump_state, {"cell": keras_cell, "state": (h, h + 1)}, free),
            Call(its.dump_state, {"cell": GATED, "state": (h,)}, {"state": one}),
        ]
    haiku_cell = LSTM(2, 3, forget_bias=1.0)
    libraries["layouts.haiku.load_state"] = [
        Call(layouts.haiku.load_state, {"cell": haiku_cell, "state": (h, h + 1)}, {"state": NAN}),
        Call(layouts.haiku.load_state, {"cell": RESETS, "state": h}, {"state": one}),
    ]
    libraries["layouts.haiku.dump_state"] = [
        Call(layouts.haiku.dump_state, {"cell": haiku_cell, "state": (h, h + 1)}, free),
        Call(layouts.haiku.dump_state, {"cell": RESETS, "state": (h,)}, {"state": one}),
    ]
    return libraries | {
        "layouts.keras.load_state": [
            Call(keras.load_state, {"cell": keras_cell, "arrays": [h, h + 1]}, free),
            Call(keras.load_state, {"cell": GATED, "arrays": [h]}, {"arrays": one}),
        ],
        "layouts.keras.dump_state": [
            Call(keras.dump_state, {"cell": keras_cell, "state": (h, h + 1)}, free),
            Call(keras.dump_state, {"cell": BOTH, "state": (h, h + 1)}, free),
        ],
        "layouts.pytorch.load_state": [
            Call(pytorch.load_state, {"cell": PLAIN, "hx": (h[None], c[None])}, free),
            Call(pytorch.load_state, {"cell": CELL, "hx": (h, h + 1)}, free),
            Call(pytorch.load_state, {"cell": BOTH, "hx": numbers(2, 4, 3)}, {"hx": rows}),
        ],
        "layouts.pytorch.dump_state": [
            Call(pytorch.dump_state, {"cell": PLAIN, "state": (h, c)}, free),
            Call(pytorch.dump_state, {"cell": BOTH_LSTM, "state": two}, free),
            Call(pytorch.dump_state, {"cell": GATED, "state": (h,)}, {"state": one}),
        ],
        "layouts.fused.load_state": [
            Call(fused.load_state, {"cell": projected, "state": (c, h)}, free),
            Call(fused.load_state, {"cell": projected, "state": joined}, {"state": one}),
            Call(fused.load_state, {"cell": RESETS, "state": h}, {"state": one}),
        ],
        "layouts.fused.dump_state": [
            Call(fused.dump_state, {"cell": projected, "state": (h, c)}, free),
            Call(fused.dump_state, {"cell": RESETS, "state": (h,)}, {"state": one}),
        ],
    }


def converting_calls() -> Calls:
    ways = (
        (CELL, LSTM(2, 3, forget_bias=0.5)),
        (CELL, "keras"),
        (BOTH, "pytorch"),
        (GATED, GATED),
    )
    return {
        "layouts.converting.native": [
            of(layouts.native, cell=cell, layout=layout)
            for cell, layout in ((CELL, "keras"), (BOTH, "pytorch"), (LSTM(2, 3, peepholes=True), "fused"))
        ],
        "layouts.converting.convert": [
            Call(
                layouts.convert,
                {"params": named(cell.parameter_shapes), "from_": cell, "to": to},
                {"params": NAN},
            )
            for cell, to in ways
        ],
    }


def configured_calls() -> Calls:
    # a configuration holds much that no equation needs, and what it leaves out has Keras's default
    config = Freedom(keys=True, fewer=True, names=True, none=True)
    layer = {"units": 3, "use_bias": True, "reset_after": False}
    serialized = {"class_name": "GRU", "config": {**layer, "go_backwards": True, "batch_input_shape": [4, 7, 2]}}
    both = {"class_name": "Bidirectional", "config": {"layer": {"class_name": "LSTM", "config": {"units": 3}}}}
    second = {"class_name": "GRUCell", "config": layer}
    inside = ("config", "activation", "recurrent_activation")
    tensors = Freedom(nan=True, keys=True, fewer=True, axes=(1,))  # an input of another size is another cell
    modules = []
    for cell, activation in ((SimpleRNN(2, 3, use_recurrent_bias=True), "tanh"), (CELL, None), (PLAIN, None)):
        weights = layouts.pytorch.dump(cell, named(cell.parameter_shapes))
        given = {"module": {f"rnn.{name}": value for name, value in weights.items()}, "prefix": "rnn."}
        if activation:
            given["activation"] = activation
        modules.append(Call(pytorch_module.cell_of, given, {"module": tensors}, ("input_size",)))
    keras_cell_of, activation_of = keras_config.cell_of, keras_config.activation_of
    return {
        "layouts.keras_config.cell_of": [
            Call(keras_cell_of, {"config": serialized, "keras_version": "3.15.1"}, {"config": config}, ("input_size",)),
            Call(keras_cell_of, {"config": layer, "input_size": 2, "keras_version": "3"}, {"config": config}, inside),
            Call(keras_cell_of, {"config": both, "input_size": 2}, {"config": config}, inside),
            Call(
                _stacked,
                {"first": {"class_name": "LSTMCell", "config": {"units": 3}}, "second": second, "input_size": 2},
                {"first": config, "second": config},
                inside,
            ),
            Call(
                _with_words,
                {"activation": "relu", "sigma": "hard_sigmoid", "merge_mode": "sum", "keras_version": "2.2.4-tf"},
                {"activation": NONE, "sigma": NONE, "merge_mode": NONE},
                inside,
            ),
        ],
        "layouts.keras_config.activation_of": [
            Call(activation_of, {"value": "hard_sigmoid", "keras_version": "2.15.0"}, {"value": NONE}, ("activation",)),
            Call(
                activation_of,
                {"value": {"class_name": "LeakyReLU", "config": {"alpha": 0.25}}},
                {"value": Freedom(keys=True, fewer=True, names=True, none=True)},
                ("activation",),
            ),
        ],
        "layouts.pytorch_module.cell_of": modules,
        "layouts.pytorch_module.prefixes": [
            # any names will do, in a list or by a mapping
            Call(pytorch_module.prefixes, {"names": ["a.weight_ih_l0", "a.weight_hh_l0", "b.bias"]}, {"names": ANY}),
        ],
    }


def _stacked(first: Any, second: Any, input_size: Any) -> Any:
    """Each cell as an argument, since one cell more or less is another stack and no fault."""
    stacked = {"class_name": "StackedRNNCells", "config": {"cells": [first, second]}}
    return keras_config.cell_of({"class_name": "RNN", "config": {"cell": stacked}}, input_size)


def _with_words(activation: Any, sigma: Any, merge_mode: Any, keras_version: Any) -> Any:
    """Each word as an argument, since None may stand for some of a configuration's words and not for others."""
    config = {"units": 3, "activation": activation, "recurrent_activation": sigma}
    both = {"layer": {"class_name": "LSTM", "config": config}, "merge_mode": merge_mode}
    return keras_config.cell_of({"class_name": "Bidirectional", "config": both}, 2, keras_version)
