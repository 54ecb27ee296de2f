"""TensorFlow Lite's variables, in which a stateful layer keeps its state from one call to the next.

What they hold before the first call stands in a graph of its own, which CALL_ONCE names. A model is checked on its
first call: what is read of a variable is what it was given last, and what is given to it behind that is left out.

Source: ``mlir/lite/ir/tfl_ops.td`` and ``tensorflow/lite/kernels/assign_variable.cc``, TensorFlow 2.21.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..model import Node

NOTE = (
    "it keeps a state in variables: checked is its first call, which begins with what the file holds of them; "
    "a later one begins where the one before it ended"
)


class Variables:
    """The variables of one graph.

    kept   whether any is given something at run time
    """

    def __init__(self) -> None:
        self.kept = False
        self._handles: dict[str, tuple[bytes, bytes]] = {}
        self._holds: dict[tuple[bytes, bytes], str] = {}

    def nodes(self, graph: Any, operator: Any, name: str, values: Sequence[Sequence[str]]) -> list[Node] | None:
        """What an operator comes to, ``values`` being its inputs and outputs; None where it is none of variables."""
        inputs, outputs = values
        options = graph.options(operator)
        if name == "CALL_ONCE":
            self._begin(graph, options.InitSubgraphIndex())
        elif name == "VAR_HANDLE":
            self._handles[outputs[0]] = (options.Container() or b"", options.SharedName() or b"")
        elif name == "ASSIGN_VARIABLE" and inputs[0] in self._handles:
            self._holds[self._handles[inputs[0]]] = inputs[1]
            self.kept = True
        elif name == "READ_VARIABLE" and self._handles.get(inputs[0]) in self._holds:
            held = self._holds[self._handles[inputs[0]]]
            return [Node(outputs[0].partition("#")[0], "Identity", (held,), (outputs[0],))]
        else:
            return None
        return []

    def _begin(self, graph: Any, k: int) -> None:
        """What the graph that is called once gives to them, where that is constant."""
        once = graph.beside(k)
        handles: dict[str, tuple[bytes, bytes]] = {}
        for index in range(once.own.OperatorsLength()):
            operator = once.own.Operators(index)
            name = once.code(operator)
            if name == "VAR_HANDLE":
                options = once.options(operator)
                handle = (options.Container() or b"", options.SharedName() or b"")
                handles[once.listed(operator.OutputsAsNumpy())[0]] = handle
            elif name == "ASSIGN_VARIABLE":
                variable, value = once.listed(operator.InputsAsNumpy())
                if variable in handles and value in once.constants:
                    graph.constants[value] = once.constants[value]
                    self._holds[handles[variable]] = value
