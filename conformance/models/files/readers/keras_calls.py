"""Keras: how layers are called in a configuration, in Keras 3's form and in Keras 2's, and what a model asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..model import CannotRead, Input

_LEAF = "__keras_tensor__"


class Call:
    """The tensors of one call of a layer, what each is to it, and the arguments that are no tensors."""

    def __init__(self) -> None:
        self.tensors: list[tuple[str, int, int]] = []
        self.roles: list[str] = []
        self.constants: dict[str, Any] = {}

    def add(self, tensor: tuple[str, int, int], role: str) -> None:
        self.tensors.append(tensor)
        self.roles.append(role)


def calls_of(layer: Mapping[str, Any]) -> Iterator[Call]:
    """The calls that a configuration lists, in Keras 3's form or in Keras 2's."""
    for inbound in layer.get("inbound_nodes", []):
        call = Call()
        if isinstance(inbound, Mapping):
            for k, value in enumerate(inbound.get("args", [])):
                _collect(call, value, "x" if k == 0 else f"initial_state.{k - 1}", f"{k}")
            for name, value in inbound.get("kwargs", {}).items():
                _collect(call, value, name, name)
        else:
            entries = inbound if inbound and isinstance(inbound[0], list) else [inbound]
            for k, entry in enumerate(entries):
                call.add((str(entry[0]), int(entry[1]), int(entry[2])), "x" if k == 0 else f"initial_state.{k - 1}")
                for name, value in (entry[3] if len(entry) > 3 else {}).items():
                    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
                        call.add((value[0], int(value[1]), int(value[2])), name)
                    else:
                        call.constants[name] = value
        yield call


def _collect(call: Call, value: Any, role: str, place: str) -> None:
    if isinstance(value, Mapping) and value.get("class_name") == _LEAF:
        name, node, tensor = value["config"]["keras_history"]
        call.add((str(name), int(node), int(tensor)), role)
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        for k, each in enumerate(value):
            own = f"initial_state.{k}" if role == "initial_state" else "x" if role == "x" else f"{role}.{k}"
            if role == "x" and k:
                own = f"initial_state.{k - 1}"
            _collect(call, each, own, f"{place}.{k}")
    else:
        call.constants[place] = value


def triples(layers: Any) -> list[list[Any]]:
    """``input_layers`` and ``output_layers``: a triple (layer, call, tensor), or a nest of lists and mappings."""
    if isinstance(layers, Mapping):
        layers = list(layers.values())
    if layers and isinstance(layers[0], str):
        return [list(layers)]
    return [triple for each in layers for triple in triples(each)]


def input_of(name: str, layer: Mapping[str, Any]) -> Input:
    options = layer["config"]
    shape = options.get("batch_shape") or options.get("batch_input_shape")
    if shape is None:
        built = layer.get("build_config") or {}
        shape = built.get("input_shape")
    if shape is None and layer["class_name"] == "Embedding":
        shape = [None, options.get("input_length")]
    if shape is None:
        raise CannotRead(f"{name.partition('#')[0]}: the file does not say the shape of its input")
    dtype = options.get("dtype", "float32")
    if isinstance(dtype, Mapping):
        dtype = dtype.get("config", {}).get("name", "float32")
    dtype = str(dtype).removeprefix("mixed_")
    return Input(name, tuple(shape), "int32" if layer["class_name"] == "Embedding" else dtype)
