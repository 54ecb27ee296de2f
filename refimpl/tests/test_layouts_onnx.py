"""The ONNX layout: the operators' equations, written from their specification on a node's own tensors, give what the
oracle gives on the loaded ones; a round trip keeps every bit; what a node cannot hold is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument, Layer, SimpleRNN, Stack, forward, rounding
from ..layouts import onnx, onnx_node
from .support import assert_same, assert_within

INPUT, HIDDEN, BATCH, TIME = 2, 3, 4, 5
BOTH: dict[str, Any] = {"use_bias": True, "use_recurrent_bias": True}
NEITHER: dict[str, Any] = {"use_bias": False, "use_recurrent_bias": False}
CELLS: tuple[Any, ...] = (
    SimpleRNN(INPUT, HIDDEN, **BOTH),
    SimpleRNN(INPUT, HIDDEN, **NEITHER),
    GRU(INPUT, HIDDEN, reset_after=False, **BOTH),
    GRU(INPUT, HIDDEN, reset_after=True, **BOTH),
    GRU(INPUT, HIDDEN, reset_after=True, **NEITHER),
    LSTM(INPUT, HIDDEN, **BOTH),
    LSTM(INPUT, HIDDEN, **NEITHER),
    LSTM(INPUT, HIDDEN, peepholes=True, **BOTH),
    LSTM(INPUT, HIDDEN, peepholes=True, input_forget=True, **NEITHER),
)


def short(cell: Any) -> str:
    options = ("use_bias", "reset_after", "peepholes", "input_forget")
    return "-".join([type(cell).__name__, *(name for name in options if getattr(cell, name, False))])


def both(cell: Any, **changes: Any) -> Stack:
    return Stack((Layer(cell, replace(cell, **changes)),))


each = pytest.mark.parametrize("cell", CELLS, ids=short)
each_also_both = pytest.mark.parametrize(
    "cell", [*CELLS, *map(both, CELLS)], ids=[*map(short, CELLS), *(f"both-{short(cell)}" for cell in CELLS)]
)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def node(cell: Any, row: int, weights: Mapping[str, Any], x: Any, states: list[Any]) -> list[Any]:
    """One step by the specification's equations and names, on row ``row`` of the node's tensors; the new states."""
    gates = {"SimpleRNN": "i", "GRU": "zrh", "LSTM": "iofc"}[type(cell).__name__]
    count, h = len(gates), states[0]
    B = weights.get("B", np.zeros((row + 1, 2 * count * HIDDEN)))[row]
    W, R = (dict(zip(gates, np.split(weights[name][row], count), strict=True)) for name in "WR")
    Wb, Rb = (dict(zip(gates, np.split(half, count), strict=True)) for half in np.split(B, 2))
    a = {gate: x @ W[gate].T + h @ R[gate].T + Wb[gate] + Rb[gate] for gate in gates}
    if gates == "i":
        return [np.tanh(a["i"])]
    if gates == "zrh":
        z, r = sigmoid(a["z"]), sigmoid(a["r"])
        linear = r * (h @ R["h"].T + Rb["h"]) if cell.reset_after else (r * h) @ R["h"].T + Rb["h"]
        return [(1 - z) * np.tanh(x @ W["h"].T + linear + Wb["h"]) + z * h]
    c = states[1]
    Pi, Po, Pf = np.split(weights.get("P", np.zeros((row + 1, 3 * HIDDEN)))[row], 3)
    i = sigmoid(a["i"] + Pi * c)
    f = 1 - i if cell.input_forget else sigmoid(a["f"] + Pf * c)
    c = f * c + i * np.tanh(a["c"])
    return [sigmoid(a["o"] + Po * c) * np.tanh(c), c]


def weights_of(cell: Any, seed: int = 0) -> dict[str, Any]:
    """A node's tensors, random."""
    rng = np.random.default_rng(seed)
    dumped = onnx.dump(cell, cell.init(rng))
    return {name: rng.uniform(-1, 1, array.shape) for name, array in dumped.items()}


@each_also_both
def test_loaded_weights_give_what_the_operators_equations_give(cell: Any) -> None:
    weights, rng = weights_of(cell), np.random.default_rng(1)
    parts = onnx.directions(cell)
    x = rng.uniform(-1, 1, (BATCH, TIME, INPUT))
    initial = tuple(rng.uniform(-1, 1, (BATCH, HIDDEN)) for _ in cell.state_names)
    run = forward(cell, onnx.load(cell, weights), x, initial)
    y, final = np.empty((TIME, len(parts), BATCH, HIDDEN)), []
    for row, (_, one) in enumerate(parts):
        states = [state[row] for state in onnx.dump_state(cell, initial)]
        for t in range(TIME) if row == 0 else reversed(range(TIME)):
            states = node(one, row, weights, onnx.dump_input(x)[t], states)
            y[t, row] = states[0]
        final.append(states)
    ends = onnx.load_state(cell, [np.stack(states) for states in zip(*final, strict=True)])
    bounds = rounding.bound(run, np.float64)
    got = {"outputs": onnx.load_outputs(y)} | dict(zip(cell.state_names, ends, strict=True))
    expected = {"outputs": run.outputs} | dict(zip(cell.state_names, run.state, strict=True))
    # Theirs and the oracle's own rounding; the naive sigmoid overflows nowhere here.
    allowed = {"outputs": 2 * bounds.outputs} | {
        name: 2 * part for name, part in zip(cell.state_names, bounds.state, strict=True)
    }
    assert_within(str(cell), got, expected, allowed)


@each_also_both
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_round_trip_keeps_every_bit(cell: Any, dtype: Any) -> None:
    params = cell.init(np.random.default_rng(2), dtype)
    for array in params.values():
        array.flat[:2] = (np.nan, -0.0)
    loaded = onnx.load(cell, onnx.dump(cell, params))
    assert {name: a.tobytes() for name, a in loaded.items()} == {name: a.tobytes() for name, a in params.items()}
    assert list(loaded) == list(params)


@pytest.mark.parametrize("layout", [0, 1])
@pytest.mark.parametrize("cell", [CELLS[5], both(CELLS[5])], ids=["one direction", "both"])
def test_states_and_outputs_go_there_and_back_in_either_layout(cell: Any, layout: int) -> None:
    count = len(onnx.directions(cell))
    state = tuple(np.full((BATCH, HIDDEN), k) + np.arange(HIDDEN) / 8 for k in range(2 * count))
    theirs = onnx.dump_state(cell, state, layout)
    assert [array.shape for array in theirs] == [(BATCH, count, HIDDEN) if layout else (count, BATCH, HIDDEN)] * 2
    assert_same("", dict(enumerate(onnx.load_state(cell, theirs, layout))), dict(enumerate(state)))  # type: ignore[arg-type]
    outputs = np.arange(BATCH * TIME * count * HIDDEN, dtype=float).reshape(BATCH, TIME, count * HIDDEN)
    y = onnx.dump_outputs(cell, outputs, layout)
    assert y.shape == ((BATCH, TIME, count, HIDDEN) if layout else (TIME, count, BATCH, HIDDEN))
    assert_same("", {"outputs": onnx.load_outputs(y, layout)}, {"outputs": outputs})
    second = y[:, :, -1] if layout else y[:, -1].transpose(1, 0, 2)
    assert_same("the last direction stands last", {"y": second}, {"y": outputs[..., -HIDDEN:]})


@each
@pytest.mark.parametrize("reverse", [False, True])
def test_a_cell_and_its_direction_go_into_attributes_and_back(cell: Any, reverse: bool) -> None:
    cell = replace(cell, clip=0.5)
    assert onnx_node.cell_of(
        onnx_node.OPERATORS[type(cell).__name__], onnx_node.attributes(cell, reverse), weights_of(cell)
    ) == (cell, reverse)


def test_a_stack_says_its_direction_itself() -> None:
    cell = CELLS[3]
    assert onnx_node.attributes(Stack((Layer(forward=cell),)))["direction"] == "forward"
    assert onnx_node.attributes(Stack((Layer(backward=cell),)))["direction"] == "reverse"
    stack = both(cell, activation="relu")
    found = onnx_node.attributes(stack)
    assert found["direction"] == "bidirectional"
    assert found["activations"] == ["Sigmoid", "Tanh", "Sigmoid", "Relu"]
    assert onnx_node.cell_of("GRU", found, weights_of(stack)) == (stack, False)
    with pytest.raises(InvalidArgument, match="reverse"):
        onnx_node.attributes(stack, reverse=True)


def test_attributes_that_are_absent_have_the_operators_defaults() -> None:
    cell, reverse = onnx_node.cell_of("LSTM", {}, weights_of(CELLS[5]))
    assert (cell, reverse) == (CELLS[5], False)
    assert onnx_node.cell_of("GRU", {}, weights_of(CELLS[2]))[0] == CELLS[2]
    assert onnx_node.cell_of("RNN", {"direction": "bidirectional"}, weights_of(both(CELLS[0])))[0] == both(CELLS[0])


def test_alphas_and_betas_are_consumed_in_the_order_of_the_functions_that_have_them() -> None:
    cell = LSTM(INPUT, HIDDEN, "affine(0.5,0.25)", "sigmoid", output_activation="elu(0.75)", **BOTH)
    stack = both(cell, recurrent_activation="hard_sigmoid(0.125,0.5)", output_activation="tanh")
    found = onnx_node.attributes(stack)
    assert found["activations"] == ["Sigmoid", "Affine", "Elu", "HardSigmoid", "Affine", "Tanh"]
    assert found["activation_alpha"] == [0.5, 0.75, 0.125, 0.5]
    assert found["activation_beta"] == [0.25, 0.5, 0.25]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("Tanh", "tanh"),
        ("Softsign", "softsign"),
        ("LeakyRelu", "leaky_relu(0.009999999776482582)"),
        ("ThresholdedRelu", "thresholded_relu(1.0)"),
        ("Elu", "elu(1.0)"),
        ("HardSigmoid", "hard_sigmoid(0.20000000298023224,0.5)"),
    ],
)
def test_a_function_without_numbers_has_those_of_its_operator_in_float32(name: str, ours: str) -> None:
    assert onnx_node.from_onnx(name, iter(()), iter(())) == ours


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("linear", ("Affine", 1.0, 0.0)),
        ("hard_sigmoid", ("HardSigmoid", 1 / 6, 0.5)),
        ("hard_sigmoid_keras2", ("HardSigmoid", 0.2, 0.5)),
        ("leaky_relu", ("LeakyRelu", 0.2, None)),
        ("scaled_tanh(1.5,0.5)", ("ScaledTanh", 1.5, 0.5)),
        ("softplus", ("Softplus", None, None)),
    ],
)
def test_our_activations_have_these_names_and_numbers(ours: str, theirs: Any) -> None:
    assert onnx_node.to_onnx(ours) == theirs


CELL: Any = CELLS[5]
REFUSED: list[tuple[Any, str]] = [
    (LSTM(INPUT, HIDDEN), "cell.use_recurrent_bias"),
    (LSTM(INPUT, HIDDEN, proj_size=2, **BOTH), "cell.proj_size"),
    (LSTM(INPUT, HIDDEN, forget_bias=1.0, **BOTH), "cell.forget_bias"),
    (Stack((Layer(CELL), Layer(replace(CELL, input_size=HIDDEN)))), "cell.layers"),
    (Stack((Layer(CELL, CELL, merge="sum"),)), "merge"),
    (both(CELL, hidden_size=4), "cell.layers[0]"),
    (both(CELL, clip=1.0), "cell.layers[0]"),
]


@pytest.mark.parametrize(("cell", "argument"), REFUSED, ids=[argument for _, argument in REFUSED])
def test_a_cell_that_no_node_is_is_refused(cell: Any, argument: str) -> None:
    for call in (onnx.load, onnx.dump):
        with pytest.raises(InvalidArgument) as caught:
            call(cell, {})
        assert argument in str(caught.value)


@pytest.mark.parametrize(
    ("operator", "attributes", "words"),
    [
        ("LSTMP", {}, "operator"),
        ("LSTM", {"direction": "backward"}, "direction"),
        ("LSTM", {"activations": ["Sigmoid", "Tanh"]}, "expected 3 names, got 2"),
        ("LSTM", {"activations": ["Sigmoid", "tanh", "Tanh"]}, "activations"),
        ("LSTM", {"activations": ["Sigmoid", "Affine", "Tanh"]}, "Affine, which has no default"),
        ("LSTM", {"activation_alpha": [0.5]}, "activation_alpha"),
        ("LSTM", {"hidden_size": 4}, "hidden_size"),
    ],
)
def test_attributes_that_make_no_node_are_refused(operator: str, attributes: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        onnx_node.cell_of(operator, attributes, weights_of(CELL))


@pytest.mark.parametrize("name", ["gelu", "relu(0.25,6,0)", "exponential", "nonsense"])
def test_an_activation_that_onnx_lacks_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match="activation"):
        onnx_node.to_onnx(name)


def test_weights_of_another_shape_are_refused() -> None:
    weights = weights_of(CELL)
    with pytest.raises(InvalidArgument, match="weights"):
        onnx.load(CELL, weights | {"W": weights["W"][0]})
    with pytest.raises(InvalidArgument, match="keys"):
        onnx.load(CELL, {name: array for name, array in weights.items() if name != "B"})
