"""Keras: the graph of a model from its configuration and its weights. Nothing of Keras is imported.

A value is named ``layer#call:k``, the k-th array that the layer returned when it was called for that time; ``layer`` is
a path where a model is a layer of another. A model inside a model is put in its place, its layers' names after its own.

Names in a configuration mean what they meant to the Keras that wrote it (`refimpl.layouts.keras_config`): the reader
takes them so and says it where the meaning has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from refimpl import InvalidArgument
from refimpl.layouts import keras as layout
from refimpl.stack import Stack

from ..model import CannotRead, Input, Model, Node, Recurrent
from .keras_calls import calls_of, input_of, triples
from .keras_weights import Weights

RECURRENT = ("SimpleRNN", "LSTM", "GRU", "Bidirectional", "RNN")
_OTHER_RECURRENT = ("CuDNNLSTM", "CuDNNGRU", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_MODELS = ("Sequential", "Functional", "Model")
_CODE = ("Lambda",)


def model_of(config: Mapping[str, Any], weights: Weights, version: str, path: str) -> Model:
    """The model that a configuration ``{"class_name", "config"}`` describes."""
    if config.get("class_name") not in _MODELS:
        raise CannotRead(
            f"{path}: a model of the class {config.get('class_name')!r}, whose layers are not written down"
        )
    reading = _Reading(version, path)
    inputs: list[Input] = []
    nodes, outputs = reading.model(config, weights, "", None, inputs)
    if not nodes:
        raise CannotRead(f"{path}: a model without layers")
    generation = version.partition(".")[0] or "3"
    return Model(
        path,
        "keras",
        f"Keras {version}" if version else "Keras",
        tuple(inputs),
        tuple(nodes),
        tuple(outputs),
        notes=tuple(dict.fromkeys(reading.notes)),
        hazards=tuple(dict.fromkeys(reading.hazards)),
        runtimes=("keras-tensorflow", "keras-torch", "keras-jax", *(("keras2",) if generation == "2" else ())),
    )


class _Reading:
    """One pass over a configuration, and what is noticed on the way."""

    def __init__(self, version: str, path: str) -> None:
        self.version, self.path = version, path
        self.notes: list[str] = []
        self.hazards: list[str] = []
        self.calls: dict[str, int] = {}

    def model(
        self, config: Mapping[str, Any], weights: Weights, prefix: str, given: Sequence[str] | None, inputs: list[Input]
    ) -> tuple[list[Node], list[str]]:
        """The nodes of a model and the values that it returns; ``given`` are those that go into one inside another."""
        options = config["config"]
        layers = options["layers"] if isinstance(options, Mapping) else options  # Keras 2.0 to 2.1 wrote a bare list
        if config["class_name"] == "Sequential":
            return self.sequential(layers, weights, prefix, given, inputs)
        return self.functional(options, weights, prefix, given, inputs)

    def sequential(
        self, layers: Sequence[Any], weights: Weights, prefix: str, given: Sequence[str] | None, inputs: list[Input]
    ) -> tuple[list[Node], list[str]]:
        values = list(given or ())
        nodes: list[Node] = []
        for layer in layers:
            name = prefix + str(layer["config"].get("name", layer["class_name"].lower()))
            own = self.weights(layer, weights)
            if not values:
                values = [f"{name}#0:0"]
                inputs.append(input_of(values[0], layer))
            if layer["class_name"] == "InputLayer":
                continue
            found, values = self.called(layer, own, name, values, ["x", *self.rest(len(values))], {})
            nodes += found
        return nodes, values

    def rest(self, count: int) -> list[str]:
        """The roles of what comes after the first of a call's arguments: Keras 2 lists a layer's states there."""
        return [f"initial_state.{k}" for k in range(count - 1)]

    def functional(
        self,
        options: Mapping[str, Any],
        weights: Weights,
        prefix: str,
        given: Sequence[str] | None,
        inputs: list[Input],
    ) -> tuple[list[Node], list[str]]:
        layers = {layer.get("name", layer["config"].get("name")): layer for layer in options["layers"]}
        own = {name: self.weights(layer, weights) for name, layer in layers.items()}
        known: dict[tuple[str, int, int], str] = {}
        for k, (name, *where) in enumerate(triples(options["input_layers"])):
            node, tensor = (int(each) for each in where)
            known[name, node, tensor] = given[k] if given else f"{prefix}{name}#0:0"
            if not given:
                inputs.append(input_of(known[name, node, tensor], layers[name]))
        waiting = [
            (name, k, call) for name, layer in layers.items() for k, call in enumerate(calls_of(layer)) if call.tensors
        ]
        nodes: list[Node] = []
        while waiting:
            ready = [each for each in waiting if all(tensor in known for tensor in each[2].tensors)]
            if not ready:
                raise CannotRead(f"{self.path}: {prefix}{waiting[0][0]} waits for what no layer returns")
            for name, k, call in ready:
                values, roles = [known[tensor] for tensor in call.tensors], call.roles
                found, returned = self.called(layers[name], own[name], prefix + name, values, roles, call.constants)
                nodes += found
                known |= {(name, self.first_call(layers[name], k), at): value for at, value in enumerate(returned)}
            waiting = [each for each in waiting if each not in ready]
        outputs = []
        for name, *where in triples(options["output_layers"]):
            node, tensor = (int(each) for each in where)
            if (name, node, tensor) not in known:
                raise CannotRead(f"{self.path}: the output {prefix}{name} is what no layer returns")
            outputs.append(known[name, node, tensor])
        return nodes, outputs

    def first_call(self, layer: Mapping[str, Any], k: int) -> int:
        """The number that Keras's history gives the k-th call: models in models count a call of their own first."""
        return k + (layer["class_name"] in _MODELS and self.version.startswith("2"))

    def weights(self, layer: Mapping[str, Any], weights: Weights) -> Any:
        """A layer's arrays, or of a model in the model its `Weights`, asked for in the configuration's order."""
        class_name, options = layer["class_name"], layer["config"]
        name = layer.get("name") or (options.get("name", "") if isinstance(options, Mapping) else "")
        module = str(layer.get("module") or "keras")
        if class_name in _CODE:
            self.hazards.append(f"{name} is a Lambda layer: it holds Python code")
        elif module.partition(".")[0] not in ("keras", "builtins", "tf_keras") or ">" in str(
            layer.get("registered_name")
        ):
            self.hazards.append(f"{name} is of the class {module}.{class_name}, which is not Keras's own")
        if class_name in _MODELS:
            return weights.of_model(name, class_name)
        return weights.of_layer(name, class_name, _stacked_in(options))

    def called(
        self,
        layer: Mapping[str, Any],
        weights: Any,
        name: str,
        values: Sequence[str],
        roles: Sequence[str],
        constants: Mapping[str, Any],
    ) -> tuple[list[Node], list[str]]:
        """The node, or nodes, of one call of a layer, and the values that come out."""
        class_name, options = layer["class_name"], layer["config"]
        if class_name in _MODELS:
            passed = [value for value, role in zip(values, roles, strict=True) if role != "mask"]
            return self.model(layer, weights, f"{name}/", passed, [])
        call = self.calls.get(name, 0)
        self.calls[name] = call + 1
        attributes = {**options, "constants": dict(constants)}
        node = Node(f"{name}#{call}", class_name, tuple(values), (), tuple(roles), attributes, tuple(weights))
        if class_name in RECURRENT:
            return self.recurrent(node, layer)
        if class_name in _OTHER_RECURRENT:
            reason = f"{class_name} is not among the oracle's cells"
            node = _with(node, 1, attributes={**attributes, "is_recurrent": True}, unknown=reason)
            return [node], list(node.outputs)
        node = _with(node, 1)
        return [node], list(node.outputs)

    def recurrent(self, node: Node, layer: Mapping[str, Any]) -> tuple[list[Node], list[str]]:
        options = layer["config"]
        inner = options["layer"]["config"] if "layer" in options else options
        attributes = {**node.attributes, "is_recurrent": True}
        sequences, states = bool(inner.get("return_sequences")), bool(inner.get("return_state"))
        unmerged = node.operator == "Bidirectional" and options.get("merge_mode", "concat") is None
        count = 1 + unmerged + (_state_count(options) if states else 0)
        try:
            if not node.weights:
                raise InvalidArgument("weights", expected="those of the layer", got="none in the file")
            cell, reverse = layout.cell_of(layer, int(np.shape(node.weights[0])[0]), self.version or "3")
            params = layout.load(cell, list(node.weights))
        except (InvalidArgument, KeyError, TypeError, IndexError) as error:
            node = _with(node, count, attributes=attributes, unknown=str(error))
            return [node], list(node.outputs)
        zeros = inner.get("zero_output_for_mask", False)
        if node.operator == "Bidirectional":
            zeros = sequences
        if isinstance(cell, Stack) and node.operator == "RNN":
            reverse = cell.layers[0].forward is None
        self.misleading(node.name, cell)
        found = Recurrent(
            cell,
            params,
            "keras",
            reverse and not isinstance(cell, Stack),
            "zeros" if zeros else "repeat",
            sequences,
            {
                "return_state": states,
                "unmerged": unmerged,
                "stateful": bool(inner.get("stateful")),
                "time_major": bool(inner.get("time_major")),
                "backwards": bool(reverse),
                **{k: inner[k] for k in ("dropout", "recurrent_dropout") if inner.get(k)},
            },
        )
        node = _with(node, count, attributes=attributes, recurrent=found)
        return [node], list(node.outputs)

    def misleading(self, name: str, cell: Any) -> None:
        """Says how a name was taken whose meaning has changed."""
        if "hard_sigmoid_keras2" in str(cell):
            self.notes.append(
                f"{name}: hard_sigmoid is taken as Keras {self.version} means it, min(max(0.2 x + 0.5, 0), 1); "
                "Keras 3 computes relu6(x + 3) / 6 under that name"
            )
        elif "'hard_sigmoid'" in str(cell):
            self.notes.append(
                f"{name}: hard_sigmoid is taken as Keras 3 means it, relu6(x + 3) / 6; Keras 2 computed "
                "min(max(0.2 x + 0.5, 0), 1) under that name"
            )


def _with(node: Node, count: int, **changes: Any) -> Node:
    return replace(node, outputs=tuple(f"{node.name}:{k}" for k in range(count)), **changes)


def _state_count(options: Mapping[str, Any]) -> int:
    """How many states a layer returns."""
    if "layer" in options:
        inner = options["layer"]
        return 2 * (2 if inner["class_name"] == "LSTM" else 1)
    if "cell" in options:
        cells = options["cell"]["config"].get("cells", [options["cell"]])
        return sum(2 if cell["class_name"] == "LSTMCell" else 1 for cell in cells)
    return 2 if "unit_forget_bias" in options else 1


def _stacked_in(options: Any) -> list[str]:
    """The classes of the cells that a layer stacks, also one that is wrapped."""
    while isinstance(options, Mapping):
        if isinstance(options.get("cells"), list):
            return [str(cell.get("class_name")) for cell in options["cells"] if isinstance(cell, Mapping)]
        inner = options.get("cell") or options.get("layer")
        options = inner.get("config") if isinstance(inner, Mapping) else None
    return []
