"""What the corpus consists of, where it is, and the one error of a file that cannot be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from refimpl.parameters import ARGUMENTS
from refimpl.stack import named_cells

from ...contract import Case, Quantities

FORMAT = 1
LICENCE = "MIT"


class FixtureRefused(ValueError):
    """A file of the corpus that cannot be trusted: which, and why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Fixture:
    """A case and its certified values.

    expected    quantity name to the float64 nearest to the exact real value
    exact       whether every expected number *is* the exact value
    flags       what is special about the case; explained in its file
    note        what the case is there for, or how to work it by hand
    """

    id: str
    family: str
    case: Case
    expected: Quantities
    exact: bool = False
    flags: tuple[str, ...] = ()
    note: str = ""
    provenance: str = ""


@dataclass(frozen=True)
class Family:
    """One file: its fixtures, and what their flags mean."""

    name: str
    description: str
    flags: Mapping[str, str]
    fixtures: tuple[Fixture, ...]


def shapes_of(case: Case) -> dict[str, tuple[int, ...]]:
    """The shape of each quantity that is expected of a case, by name, in the order of `cases.oracle_run.quantities`."""
    cell, (batch, time, inputs) = case.cell, case.x.shape
    states = {name: (batch, size) for name, size in zip(case.state_names, cell.state_sizes, strict=True)}
    found: dict[str, tuple[int, ...]] = {"outputs": case.outputs_shape}
    found |= {f"state.{name}": shape for name, shape in states.items()}
    for prefix, each in named_cells(cell):
        widths = {name: each.hidden_size for name in each.gate_names}
        if ARGUMENTS in widths:
            widths[ARGUMENTS] *= len(each.gate_order)
        found |= {f"gates.{prefix}{name}": (batch, time, width) for name, width in widths.items()}
    if case.wants_gradients:
        found |= {f"d_params.{name}": shape for name, shape in cell.parameter_shapes.items()}
        found["d_x"] = (batch, time, inputs)
        found |= {f"d_initial_state.{name}": shape for name, shape in states.items()}
    return found
