"""An implementation whose framework code stands alone, so that a failure can be handed to the framework's people.

The code that runs a framework is a *program*: plain functions of NumPy arrays in the framework's own layout, that
know nothing of this project. The suite calls them; `conformance.judging.reproduction` prints their source, with the
case's arrays as literals, as a script that reproduces a failure. So what the script runs is what the suite ran.

A program's last function takes ``**arguments(case)`` and returns arrays by *native* name: those of the quantities,
except that gradients of weights are ``d_weights.<the framework's name>``, in the framework's layout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..contract import Array, Case, Observed, Quantities

Weights = Mapping[str, Array]
_OURS, _NATIVE = "d_params.", "d_weights."


@dataclass(frozen=True)
class Program:
    """Self-contained framework code.

    preamble    the lines that import the framework
    functions   what the code consists of; the last is the one to call
    """

    preamble: str
    functions: tuple[Callable[..., Any], ...]

    def __call__(self, arguments: Mapping[str, Any]) -> dict[str, Array]:
        native: dict[str, Array] = self.functions[-1](**arguments)
        return native


class ProgramImplementation:
    """The part of the protocol that every framework shares. Subclasses give the data and the layout:

    arguments(case)           what the program takes
    dump(cell, params)        weights by the framework's names, from the oracle's parameters
    load(cell, weights)       the oracle's parameters, from weights by the framework's names
    missing(case)             family or quantity to the reason why the framework does not expose it
    """

    name: str
    versions: Mapping[str, str]
    path: str
    program: Program
    arguments: Callable[[Case], dict[str, Any]]
    dump: Callable[[Any, Quantities], Weights]
    load: Callable[[Any, Weights], Quantities]
    missing: Callable[[Case], dict[str, str]]

    def observe(self, case: Case) -> Observed:
        native = self.program(self.arguments(case))
        return Observed(self.from_native(case, native), self.left_out(case), self.path)

    def left_out(self, case: Case) -> dict[str, str]:
        """What is missing, the gradient of an initial state that is not given included."""
        own = case.state_names if case.initial_state is None else ()
        return self.missing(case) | {f"d_initial_state.{name}": "the layer made its own initial state" for name in own}

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        """Quantities by our names and layout, from the program's."""
        ours, weights = _parted(native, _NATIVE)
        if weights:
            ours |= {_OURS + key: value for key, value in self.load(case.cell, weights).items()}
        return ours

    def to_native(self, case: Case, ours: Quantities) -> dict[str, Array]:
        """The inverse of `from_native`, for expected values and bounds."""
        native, params = _parted(ours, _OURS)
        if params:
            native |= {_NATIVE + key: value for key, value in self.dump(case.cell, params).items()}
        return native


def widened(values: Array) -> Array:
    """A bfloat16 array as float32, which holds every bfloat16 and can be printed; others as they are."""
    return values.astype(np.float32) if values.dtype.name == "bfloat16" else values


def narrowed(values: Array, dtype: Any) -> Array:
    """The inverse, where every number is one of that dtype."""
    with np.errstate(all="ignore"):
        narrow = values.astype(dtype)
    return narrow if np.array_equal(narrow.astype(values.dtype), values, equal_nan=True) else values


def _parted(values: Quantities, prefix: str) -> tuple[dict[str, Array], dict[str, Array]]:
    """Those without the prefix, and those with it, by what follows it."""
    without = {key: np.asarray(v) for key, v in values.items() if not key.startswith(prefix)}
    its = {key.removeprefix(prefix): v for key, v in values.items() if key.startswith(prefix)}
    return without, its
