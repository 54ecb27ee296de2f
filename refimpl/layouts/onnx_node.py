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
from ..checks import count, described, flag, mapping, number, one_of, positive, sequence, size, text
from ..checks import names as mapping_by_names
from ..checks import weights as weights_of
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
_DIRECTIONS = ("forward", "reverse", "bidirectional")
_ATTRIBUTES = ("direction", "hidden_size", "activations", "activation_alpha", "activation_beta", "clip", "layout")
_OWN_ATTRIBUTES = {"RNN": (), "LSTM": ("input_forget",), "GRU": ("linear_before_reset",)}
_WEIGHTS = {"RNN": "WRB", "LSTM": "WRBP", "GRU": "WRB"}
_GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
_DEFAULT_ACTIVATIONS = {"RNN": ("Tanh",), "GRU": ("Sigmoid", "Tanh"), "LSTM": ("Sigmoid", "Tanh", "Tanh")}


def attributes(cell: Cell | Stack, reverse: bool = False) -> dict[str, Any]:
    """The node's attributes; ``reverse`` is the direction of a single cell."""
    parts, reverse = directions(cell), flag("reverse", reverse)
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

    Raises `InvalidArgument` for an attribute that the operator has not, for a value that it may not have, and for
    weights whose shapes do not fit each other, the operator or the direction.
    """
    operator = one_of("operator", operator, _DEFAULT_ACTIVATIONS)
    attributes = _known_attributes(operator, attributes)
    direction = one_of("direction", attributes.get("direction", "forward"), _DIRECTIONS)
    count = 2 if direction == "bidirectional" else 1
    names = _from_attributes(operator, attributes, count)
    sizes = _sizes(operator, weights, count)
    if size("hidden_size", attributes.get("hidden_size", sizes[1])) != sizes[1]:
        raise InvalidArgument("hidden_size", expected=f"{sizes[1]}, as R has", got=described(attributes["hidden_size"]))
    cells = [_cell(operator, sizes, names[k], attributes, weights) for k in range(count)]
    if count == 1:
        return cells[0], direction == "reverse"
    return Stack((Layer(forward=cells[0], backward=cells[1]),)), False


def to_onnx(activation: str) -> tuple[str, float | None, float | None]:
    """ONNX's name, alpha and beta of one of our activations; None where the function has no such parameter."""
    named(activation)
    activation = str(activation)
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
    name = text("activations", name)
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
    if not hasattr(values, "__next__"):
        raise InvalidArgument(attribute, expected="an iterator", got=described(values))
    for value in values:
        return number(attribute, value)
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
    listed = _listed(attributes, "activations", defaults * count)
    if len(listed) != len(defaults) * count:
        raise InvalidArgument("activations", expected=f"{len(defaults) * count} names", got=len(listed))
    alphas, betas = (iter(_listed(attributes, f"activation_{name}", ())) for name in ("alpha", "beta"))
    ours = [from_onnx(name, alphas, betas) for name in listed]
    for attribute, left in (("activation_alpha", list(alphas)), ("activation_beta", list(betas))):
        if left:
            raise InvalidArgument(attribute, expected="one value for each function that has one", got=f"{left} besides")
    return [ours[k * len(defaults) : (k + 1) * len(defaults)] for k in range(count)]


def _listed(attributes: Mapping[str, Any], name: str, default: Sequence[Any]) -> Sequence[Any]:
    found = attributes.get(name, default)
    if isinstance(found, np.ndarray) and found.ndim == 1:
        found = found.tolist()
    return sequence(name, found, "a list")


def _switch(name: str, attributes: Mapping[str, Any]) -> bool:
    """An attribute that is 0 or 1."""
    found = count(name, attributes.get(name, 0), expected="0 or 1")
    if found > 1:
        raise InvalidArgument(name, expected="0 or 1", got=found)
    return bool(found)


def _known_attributes(operator: str, attributes: Any) -> Mapping[str, Any]:
    """The attributes, if the operator has all of them; clip as a float."""
    known = (*_ATTRIBUTES, *_OWN_ATTRIBUTES[operator])
    for name in mapping_by_names("attributes", attributes):
        if name not in known:
            raise InvalidArgument("attributes", expected=f"{operator}'s: {', '.join(known)}", got=repr(name))
    _switch("layout", attributes)
    return attributes if "clip" not in attributes else {**attributes, "clip": positive("clip", attributes["clip"])}


def _sizes(operator: str, weights: Any, count: int) -> tuple[int, int]:
    """Input and hidden size, from weights that fit each other, the operator and so many directions."""
    given = mapping_by_names("weights", weights)
    weights = mapping("weights", given, [name for name in _WEIGHTS[operator] if name in given or name in "WR"])
    arrays = {name: weights_of(f"weights[{name!r}]", weight) for name, weight in weights.items()}
    for name in "WR":
        if arrays[name].ndim != 3 or not arrays[name].size:
            got = f"shape {arrays[name].shape}"
            raise InvalidArgument(f"weights[{name!r}]", expected="shape (directions, gates*hidden, size)", got=got)
    inputs, hidden = arrays["W"].shape[2], arrays["R"].shape[2]
    rows = _GATES[operator] * hidden
    shapes = {"W": (count, rows, inputs), "R": (count, rows, hidden), "B": (count, 2 * rows), "P": (count, 3 * hidden)}
    for name, found in arrays.items():
        weights_of(f"weights[{name!r}]", found, shapes[name])
    return inputs, hidden


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
        return GRU(*sizes, reset_after=_switch("linear_before_reset", attributes), **options)
    return LSTM(
        *sizes,
        output_activation=None if names[2] == names[1] else names[2],
        peepholes="P" in weights,
        input_forget=_switch("input_forget", attributes),
        **options,
    )
