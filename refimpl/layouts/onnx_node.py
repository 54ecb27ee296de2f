"""ONNX: the attributes of a node RNN, LSTM or GRU, from a cell and back.

===================  =========================================================================================
ONNX's activation    ours
===================  =========================================================================================
Tanh, Sigmoid, Relu  ``tanh``, ``sigmoid``, ``relu``
Softsign, Softplus   ``softsign``, ``softplus``
Affine               ``affine(alpha,beta)``; with 1 and 0 ``linear``
LeakyRelu            ``leaky_relu(alpha)``
ThresholdedRelu      ``thresholded_relu(alpha)``
Elu                  ``elu(alpha)``
ScaledTanh           ``scaled_tanh(alpha,beta)``
HardSigmoid          ``hard_sigmoid(alpha,beta)``
===================  =========================================================================================

``activations`` lists those of one direction after the other: RNN f; GRU f g; LSTM f g h, with f our recurrent
activation, g the activation and h the output activation. ``activation_alpha`` and ``activation_beta`` are "consumed in
the order of activation functions", each by those functions that have one; where a list has run out, "default values are
the same as of corresponding ONNX operators". Affine and ScaledTanh have no corresponding operator any more, so theirs
must be given.

ONNX stores these numbers, and ``clip``, in float32: of 0.2 a node keeps 0.200000003. Where that matters, give a cell
parameters that float32 holds.

Source: the operators RNN, LSTM and GRU of onnx/defs/rnn/defs.cc, opset 22, ONNX 1.23.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..activations import named
from ..errors import InvalidArgument
from ..gru import GRU
from ..lstm import LSTM
from ..parameters import Cell
from ..simple_rnn import SimpleRNN
from ..stack import Layer, Stack
from .onnx import directions

OPERATORS = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}

_NO_PARAMETERS = {"Tanh": "tanh", "Sigmoid": "sigmoid", "Relu": "relu", "Softsign": "softsign", "Softplus": "softplus"}
_ONLY_ALPHA = {"LeakyRelu": "leaky_relu", "ThresholdedRelu": "thresholded_relu", "Elu": "elu"}
_ALPHA_AND_BETA = {"Affine": "affine", "ScaledTanh": "scaled_tanh", "HardSigmoid": "hard_sigmoid"}
_BY_NAME = {ours: theirs for group in (_NO_PARAMETERS, _ONLY_ALPHA, _ALPHA_AND_BETA) for theirs, ours in group.items()}
_SPECIAL: dict[str, tuple[str, float, float | None]] = {  # ours without the numbers that ONNX writes
    "linear": ("Affine", 1.0, 0.0),
    "elu": ("Elu", 1.0, None),
    "leaky_relu": ("LeakyRelu", 0.2, None),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
    "hard_sigmoid_keras2": ("HardSigmoid", 0.2, 0.5),
}
DEFAULT_ALPHA = {"LeakyRelu": 0.01, "ThresholdedRelu": 1.0, "Elu": 1.0, "HardSigmoid": 0.2}
DEFAULT_BETA = {"HardSigmoid": 0.5}
_DEFAULT_ACTIVATIONS = {"RNN": ("Tanh",), "GRU": ("Sigmoid", "Tanh"), "LSTM": ("Sigmoid", "Tanh", "Tanh")}


def attributes(cell: Cell | Stack, reverse: bool = False) -> dict[str, Any]:
    """The node's attributes; ``reverse`` is the direction of a single cell."""
    parts = directions(cell)
    if isinstance(cell, Stack):
        if reverse:
            raise InvalidArgument("reverse", expected="False (a Stack says its directions itself)", got=True)
        reverse = cell.layers[0].forward is None
    one: Any = parts[0][1]
    listed = [to_onnx(name) for _, each in parts for name in _activations(each)]
    found: dict[str, Any] = {
        "direction": "bidirectional" if len(parts) == 2 else "reverse" if reverse else "forward",
        "hidden_size": one.hidden_size,
        "activations": [name for name, *_ in listed],
    }
    for attribute, k in (("activation_alpha", 1), ("activation_beta", 2)):
        if values := [activation[k] for activation in listed if activation[k] is not None]:
            found[attribute] = values
    if one.clip is not None:
        found["clip"] = one.clip
    if isinstance(one, LSTM):
        found["input_forget"] = int(one.input_forget)
    if isinstance(one, GRU):
        found["linear_before_reset"] = int(one.reset_after)
    return found


def cell_of(operator: str, attributes: Mapping[str, Any], weights: Mapping[str, Any]) -> tuple[Cell | Stack, bool]:
    """What a node computes: a cell and whether it runs in reverse, or for both directions a one-layer `Stack`.

    operator     RNN, LSTM or GRU
    attributes   the node's, by name; what is absent has the operator's default
    weights      by name; its sizes, and whether there are biases and peepholes, follow from them
    """
    if operator not in _DEFAULT_ACTIVATIONS:
        raise InvalidArgument("operator", expected="RNN, LSTM or GRU", got=repr(operator))
    direction = attributes.get("direction", "forward")
    if direction not in ("forward", "reverse", "bidirectional"):
        raise InvalidArgument("direction", expected="forward, reverse or bidirectional", got=repr(direction))
    count = 2 if direction == "bidirectional" else 1
    names = _from_attributes(operator, attributes, count)
    sizes = np.shape(weights["W"])[2], np.shape(weights["R"])[2]
    if attributes.get("hidden_size", sizes[1]) != sizes[1]:
        raise InvalidArgument("hidden_size", expected=f"{sizes[1]}, as R has", got=attributes["hidden_size"])
    cells = [_cell(operator, sizes, names[k], attributes, weights) for k in range(count)]
    if count == 1:
        return cells[0], direction == "reverse"
    return Stack((Layer(forward=cells[0], backward=cells[1]),)), False


def to_onnx(activation: str) -> tuple[str, float | None, float | None]:
    """ONNX's name, alpha and beta of one of our activations; None where the function has no such parameter."""
    named(activation)
    if activation in _SPECIAL:
        return _SPECIAL[activation]
    name, _, rest = activation.partition("(")
    values = [float(value) for value in rest.rstrip(")").split(",") if value]
    theirs = _BY_NAME.get(name, "")
    if not theirs or len(values) != (theirs not in _NO_PARAMETERS) + (theirs in _ALPHA_AND_BETA):
        raise InvalidArgument("activation", expected=f"one that ONNX has ({', '.join(_BY_NAME)})", got=repr(activation))
    alpha, beta = [*values, None, None][:2]
    return theirs, alpha, beta


def from_onnx(name: str, alphas: Iterator[float], betas: Iterator[float]) -> str:
    """Our name of one of ONNX's activations, which takes what it needs of the lists."""
    if name in _NO_PARAMETERS:
        return _NO_PARAMETERS[name]
    if name not in _ONLY_ALPHA and name not in _ALPHA_AND_BETA:
        raise InvalidArgument("activations", expected=f"of {', '.join(sorted(_BY_NAME.values()))}", got=repr(name))
    alpha = _next(name, "activation_alpha", alphas, DEFAULT_ALPHA)
    if name in _ONLY_ALPHA:
        return f"{_ONLY_ALPHA[name]}({alpha!r})"
    beta = _next(name, "activation_beta", betas, DEFAULT_BETA)
    return "linear" if (name, alpha, beta) == _SPECIAL["linear"] else f"{_ALPHA_AND_BETA[name]}({alpha!r},{beta!r})"


def _next(name: str, attribute: str, values: Iterator[float], defaults: Mapping[str, float]) -> float:
    for value in values:
        return float(value)
    if name not in defaults:
        raise InvalidArgument(attribute, expected=f"a value for {name}, which has no default", got="none left")
    return float(np.float32(defaults[name]))  # an operator's default is stored in float32 too


def _activations(cell: Any) -> tuple[str, ...]:
    """The cell's activations in ONNX's order."""
    if isinstance(cell, SimpleRNN):
        return (cell.activation,)
    if isinstance(cell, GRU):
        return cell.recurrent_activation, cell.activation
    return cell.recurrent_activation, cell.activation, cell.output_activation or cell.activation


def _from_attributes(operator: str, attributes: Mapping[str, Any], count: int) -> list[Sequence[str]]:
    """Our activations of each direction, in ONNX's order."""
    defaults = _DEFAULT_ACTIVATIONS[operator]
    listed = list(attributes.get("activations", defaults * count))
    if len(listed) != len(defaults) * count:
        raise InvalidArgument("activations", expected=f"{len(defaults) * count} names", got=len(listed))
    alphas, betas = (iter(attributes.get(f"activation_{name}", ())) for name in ("alpha", "beta"))
    ours = [from_onnx(name, alphas, betas) for name in listed]
    for attribute, left in (("activation_alpha", list(alphas)), ("activation_beta", list(betas))):
        if left:
            raise InvalidArgument(attribute, expected="one value for each function that has one", got=f"{left} besides")
    return [ours[k * len(defaults) : (k + 1) * len(defaults)] for k in range(count)]


def _cell(
    operator: str,
    sizes: tuple[int, int],
    names: Sequence[str],
    attributes: Mapping[str, Any],
    weights: Mapping[str, Any],
) -> Cell:
    biases = "B" in weights
    options: dict[str, Any] = {"use_bias": biases, "use_recurrent_bias": biases, "clip": attributes.get("clip")}
    if operator == "RNN":
        return SimpleRNN(*sizes, activation=names[0], **options)
    options |= {"recurrent_activation": names[0], "activation": names[1]}
    if operator == "GRU":
        return GRU(*sizes, reset_after=bool(attributes.get("linear_before_reset", 0)), **options)
    return LSTM(
        *sizes,
        output_activation=None if names[2] == names[1] else names[2],
        peepholes="P" in weights,
        input_forget=bool(attributes.get("input_forget", 0)),
        **options,
    )
