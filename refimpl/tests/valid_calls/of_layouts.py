"""Valid calls of the layouts."""

from __future__ import annotations

from typing import Any

from ... import (
    GRU,
    LSTM,
    Layer,
    SimpleRNN,
    Stack,
    layouts,
)
from ...layouts import table
from ..bad_kinds import Freedom
from ..judged_calls import Call
from .shared import (
    ANY,
    BOTH,
    CELL,
    FEWER,
    GATED,
    NAN,
    Calls,
    named,
    numbers,
    of,
)

ADDITIONAL = ("pytorch", "paddle", "flax", "equinox", "mlx", "haiku")
"""The layouts whose weights may hold those of other layers too."""


def layouts_calls() -> Calls:
    keras_cell, fused_cell = LSTM(2, 3), LSTM(2, 5, proj_size=3, peepholes=True)
    resets_before = GRU(2, 3, reset_after=False, use_recurrent_bias=False)
    no_inner = GRU(2, 3, use_recurrent_bias=False)
    no_bias = GRU(2, 3, use_bias=False, use_recurrent_bias=False)
    found: Calls = {}
    for name, layout, cells in (
        ("keras", layouts.keras, (keras_cell, GATED, Stack((Layer(GATED, GATED),)))),
        ("pytorch", layouts.pytorch, (CELL, BOTH)),
        ("paddle", layouts.paddle, (CELL, BOTH, no_bias, LSTM(2, 5, proj_size=3))),
        ("ncnn", layouts.ncnn, (keras_cell, LSTM(2, 5, proj_size=3), Stack((Layer(keras_cell, keras_cell),)))),
        ("onnx", layouts.onnx, (CELL, BOTH)),
        ("fused", layouts.fused, (fused_cell, resets_before)),
        ("flax", layouts.flax, (keras_cell, SimpleRNN(2, 3))),
        ("equinox", layouts.equinox, (keras_cell, no_bias)),
        ("mlx", layouts.mlx, (keras_cell, no_bias, SimpleRNN(2, 3))),
        ("haiku", layouts.haiku, (LSTM(2, 3, forget_bias=1.0), SimpleRNN(2, 3), resets_before)),
    ):
        its: Any = layout
        params = [named(cell.parameter_shapes) for cell in cells]
        weights = [its.dump(cell, each) for cell, each in zip(cells, params, strict=True)]
        free = {"params": NAN, "weights": Freedom(nan=True, keys=name in ADDITIONAL)}
        found[f"layouts.{name}.load"] = [
            Call(its.load, {"cell": cell, "weights": each}, free) for cell, each in zip(cells, weights, strict=True)
        ]
        found[f"layouts.{name}.dump"] = [
            Call(its.dump, {"cell": cell, "params": each}, free) for cell, each in zip(cells, params, strict=True)
        ]
    nnx = layouts.flax.dump(no_inner, named(no_inner.parameter_shapes), "nnx")
    found["layouts.flax.load"] += [
        Call(
            layouts.flax.load,
            {"cell": no_inner, "weights": nnx, "form": "nnx"},
            {"weights": Freedom(nan=True, keys=True)},
            names=("form",),
        )
    ]
    found["layouts.flax.dump"] += [
        Call(
            layouts.flax.dump,
            {"cell": no_inner, "params": named(no_inner.parameter_shapes), "form": "nnx"},
            {"params": NAN},
            names=("form",),
        )
    ]
    suffixed = {"weight_ih": numbers(9, 2), "weight_hh": numbers(9, 3), "bias_ih": numbers(9), "bias_hh": numbers(9)}
    of_layer_1 = {f"{k}_l1": v for k, v in suffixed.items()}
    for name, its in (("pytorch", layouts.pytorch), ("paddle", layouts.paddle)):
        found[f"layouts.{name}.load"] += [
            Call(
                its.load,
                {"cell": GATED, "weights": of_layer_1, "suffix": "_l1"},
                {"weights": Freedom(nan=True, keys=True)},
                names=("weights",),
            )
        ]
        found[f"layouts.{name}.dump"] += [
            Call(
                its.dump,
                {"cell": GATED, "params": named(GATED.parameter_shapes), "suffix": "_l1"},
                {"params": NAN, "suffix": ANY},
            )
        ]
    return found | onnx_calls()


def onnx_calls() -> Calls:
    onnx, node = layouts.onnx, layouts.onnx_node
    states = [numbers(1, 4, 3), numbers(1, 4, 3) + 1]
    free = {
        "arrays": NAN,
        "state": NAN,
        "y": Freedom(nan=True, axes=(0, 1, 2, 3)),
        "x": Freedom(nan=True, axes=(0, 1, 2)),
        "outputs": Freedom(nan=True, axes=(0, 1)),
        "layout": Freedom(),
    }
    both = Stack((Layer(GRU(2, 3, "relu"), GRU(2, 3)),))
    sizes = Freedom(nan=True, fewer=True, axes=(2,))  # an input of another size is another cell
    weights = onnx.dump(CELL, named(CELL.parameter_shapes))
    two_ways = onnx.dump(both, named(both.parameter_shapes))
    names = (
        "direction",
        "hidden_size",
        "activations",
        "activation_alpha",
        "activation_beta",
        "clip",
        "input_forget",
        "linear_before_reset",
        "layout",
        "activation",
        "recurrent_activation",
        "output_activation",
    )
    attributes = {
        "direction": "reverse",
        "hidden_size": 3,
        "activations": ["Sigmoid", "Tanh", "Relu"],
        "clip": 0.5,
        "input_forget": 1,
    }
    further = {
        "direction": "bidirectional",
        "activations": ["HardSigmoid", "Elu", "HardSigmoid", "Tanh"],
        "activation_alpha": [0.25, 1.0, 0.5],
        "activation_beta": [0.5, 0.25],
        "linear_before_reset": 1,
    }
    return {
        "layouts.onnx.load_state": [
            Call(
                onnx.load_state,
                {"cell": CELL, "arrays": states, "layout": 0},
                {"arrays": Freedom(nan=True, fewer=True)},
            ),
            Call(
                onnx.load_state,
                {"cell": both, "arrays": [numbers(4, 2, 3)], "layout": 1},
                {"arrays": Freedom(nan=True, axes=(0,))},
            ),
        ],
        "layouts.onnx.dump_state": [
            Call(onnx.dump_state, {"cell": CELL, "state": (numbers(4, 3), numbers(4, 3) + 1), "layout": 1}, free),
            Call(onnx.dump_state, {"cell": both, "state": (numbers(4, 3), numbers(4, 3) + 1), "layout": 0}, free),
        ],
        "layouts.onnx.load_outputs": [Call(onnx.load_outputs, {"y": numbers(5, 2, 4, 3), "layout": 0}, free)],
        "layouts.onnx.dump_outputs": [
            Call(onnx.dump_outputs, {"cell": both, "outputs": numbers(4, 5, 6), "layout": 1}, free)
        ],
        "layouts.onnx.dump_input": [Call(onnx.dump_input, {"x": numbers(4, 5, 2), "layout": 0}, free)],
        "layouts.onnx.directions": [of(onnx.directions, cell=both), of(onnx.directions, cell=CELL)],
        "layouts.onnx_node.attributes": [
            of(node.attributes, cell=CELL, reverse=True),
            of(node.attributes, cell=both, reverse=False),
        ],
        "layouts.onnx_node.cell_of": [
            Call(
                node.cell_of,
                {"operator": "LSTM", "attributes": attributes, "weights": weights},
                {"weights": sizes, "attributes": FEWER},
                names,
            ),
            Call(
                node.cell_of,
                {"operator": "GRU", "attributes": further, "weights": two_ways},
                {"weights": sizes, "attributes": FEWER},
                names,
            ),
        ],
        "layouts.onnx_node.to_onnx": [of(node.to_onnx, activation="leaky_relu(0.25)")],
        "layouts.onnx_node.from_onnx": [
            Call(
                _from_onnx,
                {"name": "HardSigmoid", "alphas": [0.25], "betas": [0.5]},
                {"alphas": ANY, "betas": ANY},
                ("activations", "activation_alpha", "activation_beta"),
            )
        ],
        "layouts.table.as_markdown": [of(table.as_markdown)],
    }


def _from_onnx(name: Any, alphas: Any, betas: Any) -> str:
    """It takes iterators, which can be used once."""
    readable = [iter(each) if isinstance(each, list | tuple) else each for each in (alphas, betas)]
    return layouts.onnx_node.from_onnx(name, *readable)
