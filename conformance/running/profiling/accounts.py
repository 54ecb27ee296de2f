"""The account on which a stack of Python frames is booked: that of the innermost function that has one.

A function without an account, as of NumPy and the standard library, works for its caller.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import FrameType

from ...implementations.finding import data_files

START = "process start"
FRAMEWORK_IMPORTS = "imports, the framework's"
IMPORTS = "imports, ours and others"
CALLS = "the framework's calls"
CONVERSION = "conversion of arrays"
VALUES = "the oracle's values"
BOUNDS = "the oracle's bounds"
COMPARISON = "comparison"
DIVERGENCES = "known divergences"
OPTIONS = "option space"
DRAWING = "drawing"
RECORDING = "recording"
PYTEST = "pytest"
REST = "the rest"
END = "process end"

ACCOUNTS = (
    *(START, FRAMEWORK_IMPORTS, IMPORTS, CALLS, CONVERSION, VALUES, BOUNDS, COMPARISON, DIVERGENCES, OPTIONS),
    *(DRAWING, RECORDING, PYTEST, REST, END),
)
FRAMEWORK_ACCOUNTS = (FRAMEWORK_IMPORTS, CALLS)
"""The accounts of the framework; all others are outside of it."""

_CALLER = ""  # booked on the caller's account
_OWNERS = {
    "refimpl": VALUES,
    "refimpl.rounding": BOUNDS,
    "refimpl.rounded": BOUNDS,
    "refimpl.rounded_sums": BOUNDS,
    **{
        f"refimpl.{module}": BOUNDS
        for module in ("leaning", "noise", "pooling", "sampled", "sampled_activations", "sampled_sums")
    },
    **{f"refimpl.{module}": BOUNDS for module in ("sampled_values", "sampling", "tails")},
    "refimpl.symbols": BOUNDS,
    "refimpl.precision": BOUNDS,
    "refimpl.layouts": CONVERSION,
    "conformance.implementations": CONVERSION,
    **{f"conformance.implementations.{folder.parent.name}.programs": CALLS for folder in data_files("programs")},
    "conformance.judging.arithmetic": BOUNDS,
    "conformance.cases.oracle_run": COMPARISON,
    "conformance.judging.expected": COMPARISON,
    "conformance.judging.verdict": COMPARISON,
    "conformance.suite": COMPARISON,
    "conformance.judging.divergences": DIVERGENCES,
    "conformance.cases.option_space": OPTIONS,
    "conformance.cases.declarations": OPTIONS,
    "conformance.cases.option_space.matches": _CALLER,
    "conformance.cases.option_space._is_among": _CALLER,
    "conformance.cases.coverage": OPTIONS,
    "conformance.cases.building": DRAWING,
    "conformance.cases.strategies": DRAWING,
    "conformance.cases.masks": DRAWING,
    "conformance.truth.corpus": DRAWING,
    "hypothesis": DRAWING,
    "conformance.contract": COMPARISON,
    "conformance.suite.session": RECORDING,
    "conformance.running.events": RECORDING,
    "conformance.judging.reproduction": RECORDING,
    "conformance.conftest": PYTEST,
    "_pytest": PYTEST,
    "pluggy": PYTEST,
}
_IMPORTING = ("importlib._bootstrap", "_frozen_importlib")


def share_outside_framework(accounts: Mapping[str, float]) -> float:
    """The share of the seconds that is spent outside of the framework's own calls and imports."""
    total = sum(accounts.values())
    return 1 - sum(accounts.get(name, 0.0) for name in FRAMEWORK_ACCOUNTS) / total if total else 0.0


class Accountant:
    """Finds the account of a stack of frames.

    packages   the framework's top-level modules
    """

    def __init__(self, packages: Iterable[str] = ()) -> None:
        self._owners = _OWNERS | dict.fromkeys(packages, CALLS)
        self._owner = lru_cache(maxsize=None)(self._account_by_prefix)

    def account_of(self, frame: FrameType | None) -> str:
        """The account of the stack whose innermost frame this is."""
        names: list[tuple[str, str]] = []
        collecting = [getattr(callback, "__code__", None) for callback in gc.callbacks]
        while frame is not None:
            if any(frame.f_code is code for code in collecting):
                names.clear()  # garbage is collected at arbitrary places: it counts for the interrupted function
            else:
                names.append((str(frame.f_globals.get("__name__", "")), frame.f_code.co_qualname))
            frame = frame.f_back
        return self.account(names)

    def account(self, names: Sequence[tuple[str, str]]) -> str:
        """The account of a stack of functions, each the name of its module and its own, the innermost first."""
        owners = [self._owner(*name) for name in names]
        if any(module in _IMPORTING for module, _ in names):
            return FRAMEWORK_IMPORTS if CALLS in owners else IMPORTS
        found = next((owner for owner in owners if owner), REST)
        return BOUNDS if found == VALUES and BOUNDS in owners else found  # the oracle's equations, run on bounds

    def _account_by_prefix(self, module: str, function: str) -> str:
        """The account of the longest known prefix of the function's dotted name."""
        name = f"{module}.{function}"
        while name:
            if name in self._owners:
                return self._owners[name]
            name = name.rpartition(".")[0]
        return _CALLER
