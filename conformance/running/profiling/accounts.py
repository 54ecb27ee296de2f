"""What a stack of Python frames is at work on: one account, by the innermost function that is known to belong to one.

What belongs to none, such as NumPy and the standard library, works for whoever called it.
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
THEIRS = (FRAMEWORK_IMPORTS, CALLS)
"""The framework's own accounts; all else is outside of it."""

_CALLER = ""  # works for whoever called it
_OWNERS = {
    "refimpl": VALUES,
    "refimpl.rounding": BOUNDS,
    "refimpl.rounded": BOUNDS,
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
    "conformance.running.processes": RECORDING,
    "conformance.judging.reproduction": RECORDING,
    "conformance.conftest": PYTEST,
    "_pytest": PYTEST,
    "pluggy": PYTEST,
}
_IMPORTING = ("importlib._bootstrap", "_frozen_importlib")


def outside(accounts: Mapping[str, float]) -> float:
    """The share of the seconds that is spent outside of the framework's own calls and imports."""
    total = sum(accounts.values())
    return 1 - sum(accounts.get(name, 0.0) for name in THEIRS) / total if total else 0.0


class Accountant:
    """Tells the account of a stack.

    packages   top-level modules that are the framework's own
    """

    def __init__(self, packages: Iterable[str] = ()) -> None:
        self._owners = _OWNERS | dict.fromkeys(packages, CALLS)
        self._owner = lru_cache(maxsize=None)(self._looked_up)

    def account_of(self, frame: FrameType | None) -> str:
        """The account of what the innermost frame, and those that led to it, are at work on."""
        names: list[tuple[str, str]] = []
        collecting = [getattr(callback, "__code__", None) for callback in gc.callbacks]
        while frame is not None:
            if any(frame.f_code is code for code in collecting):
                names.clear()  # garbage is collected wherever there happens to be much of it, whoever asked to be told
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

    def _looked_up(self, module: str, function: str) -> str:
        """Who owns the function: the longest part of its dotted name that is known says it."""
        name = f"{module}.{function}"
        while name:
            if name in self._owners:
                return self._owners[name]
            name = name.rpartition(".")[0]
        return _CALLER
