"""A layer that keeps its state from call to call."""

from __future__ import annotations

from typing import Protocol

from ...contract import Array, Case, Quantities


class Layer(Protocol):
    """What answers a case."""

    def observe(self, case: Case) -> dict[str, Array]: ...


class StatefulLayer:
    """Calls of one layer, each from the state that the call before left; see `conformance.suite.test_stateful`."""

    def __init__(self, layer: Layer, case: Case) -> None:
        self.layer, self.case = layer, case
        self.state: tuple[Array, ...] | None = None

    def call(self, x: Array, mask: Array | None = None, initial_state: tuple[Array, ...] | None = None) -> Quantities:
        given = self.state if initial_state is None else initial_state
        found = self.layer.observe(self.case.replace(x=x, mask=mask, initial_state=given))
        self.state = tuple(found[f"state.{name}"] for name in self.case.state_names)
        return found

    def reset(self) -> None:
        self.state = None

    def reload(self) -> bool:
        """The loaded layer has the same weights, and begins with zeros."""
        self.case = self.case.replace(params={name: value.copy() for name, value in self.case.params.items()})
        self.state = None
        return False
