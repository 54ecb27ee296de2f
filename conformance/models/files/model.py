"""The nouns: what a file holds, as a graph of named values, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...contract import Array

Shape = tuple[int | None, ...]


class CannotRead(ValueError):
    """A file that is broken, too large, or of a kind that is not read: one line that says which."""


@dataclass(frozen=True)
class Input:
    """What a model asks for: a value's name, its shape with None for what is left open, and its dtype's name.

    symbols   by axis, what the file calls a size that it leaves open; empty where it says nothing
    """

    name: str
    shape: Shape
    dtype: str
    symbols: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recurrent:
    """What a recurrent layer computes, and how its framework hands arrays to it.

    cell               a cell or a `refimpl.Stack`
    params             as the file has them, in the file's dtype
    convention         "keras", "onnx", "pytorch" or "loop": the axes and the order of what goes in and comes out
    reverse, masked_output, return_sequences   as in `refimpl.forward`
    options            of the convention: ``return_state``, ``unmerged``, ``layout``, ``batch_first``, ``stateful``
    """

    cell: Any
    params: Mapping[str, Array]
    convention: str
    reverse: bool = False
    masked_output: str = "repeat"
    return_sequences: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameter_count(self) -> int:
        """How many numbers the parameters have."""
        return sum(int(np.size(value)) for value in self.params.values())


@dataclass(frozen=True)
class Node:
    """One part of a model: from values by name to values by name.

    name         its place in the file
    operator     the framework's name of what it is: "LSTM", "Dense", "Gather"
    inputs       the values that go in; "" for one that is left out
    roles        what each of them is to a recurrent layer: "x", "mask", "lengths", "initial_state.0"; else empty
    outputs      the values that come out
    attributes   the operator's own, as plain data
    weights      constants that belong to it
    recurrent    where it is a recurrent layer that the oracle can compute
    unknown      why the oracle cannot compute it; empty where it may
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    roles: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    weights: tuple[Array, ...] = ()
    recurrent: Recurrent | None = None
    unknown: str = ""


@dataclass(frozen=True)
class Model:
    """What a file holds.

    path         where it is
    format       "keras", "onnx", "pytorch" or "tflite": whose names the operators have
    written_by   what wrote it, as the file says
    inputs       what it asks for
    nodes        its parts in an order in which they can be computed
    outputs      the values that it returns
    constants    values that are given
    notes        what its reader took to be meant, and what it could not know
    hazards      why a framework that loads it would run code out of it; empty where none would
    holds        what of code is in the file, "TorchScript" or "torch.export", where a user trusts it
    original     the file as it was, where ``path`` is one that was made of it
    runtimes     the frameworks that can run it, the usual one first (`conformance.implementations.finding`, "file")
    """

    path: str
    format: str
    written_by: str
    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    holds: str = ""
    original: str = ""

    @property
    def recurrent(self) -> tuple[Node, ...]:
        """The recurrent layers, those too that the oracle cannot compute."""
        return tuple(node for node in self.nodes if node.recurrent or node.attributes.get("is_recurrent"))

    def readers_of(self, value: str) -> Iterator[tuple[Node, int]]:
        """The nodes that a value goes into, and as which of their inputs."""
        for node in self.nodes:
            for k, name in enumerate(node.inputs):
                if name == value:
                    yield node, k


@dataclass(frozen=True)
class Said:
    """What a file cannot say of itself.

    config        a file with a Keras model's configuration, for weights alone
    activation    tanh or relu of an RNN in a state dict; of the layers of Keras's weights alone
    recurrent_activation   of the latter
    batch_first   the axes of a state dict's modules
    trust         run code that a file holds
    """

    config: Path | None = None
    activation: str | None = None
    recurrent_activation: str | None = None
    batch_first: bool = False
    trust: bool = False
