"""Planted differences by name: the model, the change, where it begins and, of the explained, in which words."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx

from . import planted_files as planted

HALF = lambda value: value.astype(np.float16)  # noqa: E731
LSTM, GRU, RNN = ({"operator": kind} for kind in ("LSTM", "GRU", "RNN"))
BOTH = {"operator": "LSTM", "bidirectional": True}
HARD = {
    "operator": "LSTM",
    "activations": ["HardSigmoid", "Tanh", "Tanh"],
    "activation_alpha": [0.2],
    "activation_beta": [0.5],
}
BIAS, GATES = slice(0, 20), 20
STATE = np.random.default_rng(4).standard_normal((1, 3, 5)).astype(np.float32)


def halves(change: Callable[[Any, Any], tuple[Any, Any]]) -> Any:
    def planted_in(proto: Any) -> None:
        value = planted.array(proto, 0, "B")
        planted.put(proto, 0, "B", np.concatenate(change(*np.split(value, 2, axis=1)), axis=1))

    return planted_in


def folded_outside(b: Any, r: Any) -> tuple[Any, Any]:
    b, r = b.copy(), r.copy()
    b[:, 10:] += r[:, 10:]
    r[:, 10:] = 0
    return b, r


def swapped_outputs(proto: Any) -> None:
    outputs = [copy.deepcopy(each) for each in proto.graph.output][::-1]
    del proto.graph.output[:]
    proto.graph.output.extend(outputs)


EXPLAINED: dict[str, tuple[Mapping[str, Any], Any, str, str]] = {
    "gates permuted": (LSTM, planted.permuted((0, 2, 1, 3)), "layer0", "the gates stand in the order"),
    "gates of a GRU permuted": (GRU, planted.permuted((1, 0, 2), k=1), "layer1", "the gates stand in the order r z n"),
    "reset form": (GRU, planted.attribute("linear_before_reset", 0, 1), "layer1", "linear_before_reset=0"),
    "recurrent bias lost": (LSTM, halves(lambda b, r: (b, 0 * r)), "layer0", "the recurrent half of the bias is lost"),
    "input bias lost": (LSTM, halves(lambda b, r: (0 * b, r)), "layer0", "the input's half of the bias is lost"),
    "halves exchanged": (GRU, halves(lambda b, r: (r, b)), "layer0", "the halves of the bias are exchanged"),
    "bias lost": (RNN, halves(lambda b, r: (0 * b, 0 * r)), "layer0", "the bias is lost"),
    "bias twice": (LSTM, halves(lambda b, r: (2 * b, 2 * r)), "layer0", "the bias counts twice"),
    "candidate's bias folded": (GRU, halves(folded_outside), "layer0", "outside the reset product"),
    "forget bias added": (
        LSTM,
        planted.scaled("B", slice(10, 15), plus=1.0),
        "layer0",
        "1 is added to the forget gate's",
    ),
    "hard sigmoid of Keras 3": (
        HARD,
        planted.attribute("activation_alpha", [1 / 6], 0),
        "layer0",
        "Keras 3's hard_sigmoid, not",
    ),
    "hard sigmoid of Keras 2": (
        LSTM,
        planted.together(*(planted.attribute(name, value, 1) for name, value in HARD.items() if name != "operator")),
        "layer1",
        "its recurrent_activation is Keras 2's hard_sigmoid, not sigmoid",
    ),
    "relu": (RNN, planted.attribute("activations", ["Relu"], 0), "layer0", "its activation is relu, not tanh"),
    "direction": (GRU, planted.attribute("direction", "reverse", 1), "layer1", "it runs in the other direction"),
    "directions exchanged": (
        BOTH,
        planted.together(*(planted.exchanged(name, (0, 0), (0, 1)) for name in ("W", "R", "B"))),
        "layer0 l0",
        "the directions' weights are exchanged",
    ),
    "layers exchanged": (
        GRU,
        planted.together(*(planted.exchanged(name, (0, 0), (1, 0)) for name in ("W", "R", "B"))),
        "layer0",
        "the weights stand in layer1",
    ),
    "recurrent kernel transposed": (LSTM, planted.transposed("R"), "layer1", "the recurrent_kernel is transposed"),
    "kernels transposed": (GRU, planted.transposed("W", "R"), "layer1", "both kernels are transposed"),
    "kernel transposed": (RNN, planted.transposed("W"), "layer1", "the kernel is transposed"),
    "update gate": (
        GRU,
        planted.together(
            *(planted.scaled(n, slice(0, 5), -1.0) for n in "WR"),
            *(planted.scaled("B", rows, -1.0) for rows in (slice(0, 5), slice(15, 20))),
        ),
        "layer0",
        "the update gate is the other way round",
    ),
    "float16": (LSTM, planted.everywhere(HALF), "layer0", "the weights are rounded to float16"),
    "features reversed": (
        LSTM,
        planted.everywhere(lambda w: w[..., ::-1], 0, "W"),
        "layer0",
        "features are in reverse",
    ),
    "lengths ignored": (
        {"operator": "LSTM", "lengths": True},
        planted.together(planted.input_of(0, "lengths", ""), planted.input_of(1, "lengths", "")),
        "layer0",
        "the lengths are ignored",
    ),
    "lengths ignored by both directions": (
        {"operator": "GRU", "bidirectional": True, "lengths": True},
        planted.together(planted.input_of(0, "lengths", ""), planted.input_of(1, "lengths", "")),
        "layer0 l0",
        "the lengths are ignored",
    ),
    "time and batch": (
        LSTM,
        planted.before(0, "Transpose", [], perm=[1, 0, 2]),
        "layer0",
        "time and batch are exchanged",
    ),
    "steps reversed": (
        GRU,
        planted.before(1, "Slice", [np.array([-1]), np.array([-(2**31)]), np.array([0]), np.array([-1])]),
        "layer1",
        "the steps come in reverse order",
    ),
    "input scaled": (LSTM, planted.before(1, "Mul", [np.float32(0.5)]), "layer1", "everything is multiplied by 0.5"),
    "outputs in another order": (LSTM, swapped_outputs, "outputs", "they come in the order 1, 0"),
    "another state": (LSTM, planted.begun(STATE, k=1), "layer1", "in the second it begins with another state"),
    "clip": ({"operator": "LSTM", "clip": 0.5}, planted.without_attribute("clip"), "layer0", "clip is left out"),
    "coupled gates": (
        {"operator": "LSTM", "input_forget": 1},
        planted.attribute("input_forget", 0, 0),
        "layer0",
        "input_forget is left out",
    ),
    "peepholes": (
        {"operator": "LSTM", "peepholes": True},
        planted.input_of(0, "P", ""),
        "layer0",
        "peepholes is left out",
    ),
    "gates permuted and a bias lost": (
        LSTM,
        planted.together(planted.permuted((3, 1, 0, 2)), halves(lambda b, r: (b, 0 * r))),
        "layer0",
        "g i f o, not i f g o, and the recurrent half of the bias is lost",
    ),
    "reset form and float16": (
        GRU,
        planted.together(planted.attribute("linear_before_reset", 0, 0), planted.everywhere(HALF)),
        "layer0",
        "the reset comes before the product (linear_before_reset=0), and the weights are rounded to float16",
    ),
}

UNEXPLAINED: dict[str, tuple[Mapping[str, Any], Any, str]] = {
    "one weight": (LSTM, lambda proto: planted.scaled("W", slice(3, 4), 1.1)(proto), "layer0"),
    "one gate's kernel": (LSTM, planted.noisy("R", 0.1, slice(5, 10), 1), "layer1"),
    "all weights a little": (GRU, planted.together(*(planted.noisy(name, 3e-4) for name in "WRB")), "layer0"),
    "a kernel scaled": (RNN, planted.scaled("W", slice(None), 1.25), "layer0"),
    "a bias of one gate": (GRU, planted.noisy("B", 0.1, slice(0, 5), 1), "layer1"),
    "gates permuted and noise": (
        LSTM,
        planted.together(planted.permuted((3, 1, 0, 2)), planted.noisy("R", 1e-3)),
        "layer0",
    ),
    "units in another order": (LSTM, planted.everywhere(lambda w: np.roll(w, 1, axis=1), 0, "R"), "layer0"),
    "another activation": (LSTM, planted.attribute("activations", ["Sigmoid", "Tanh", "Softsign"], 1), "layer1"),
    "noise before a layer": (
        GRU,
        planted.before(1, "Add", [np.linspace(-1, 1, 5, dtype=np.float32)]),
        "layer1",
    ),
    "another head": (
        LSTM,
        lambda proto: next(t for t in proto.graph.initializer if t.name == "head").CopyFrom(
            onnx.numpy_helper.from_array(np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3), "head")
        ),
        "outputs",
    ),
    "two biases moved apart": (GRU, halves(lambda b, r: (b + 0.1, r - 0.2)), "layer0"),
}
