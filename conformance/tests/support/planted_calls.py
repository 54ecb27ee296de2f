"""Implementations that are right in each call alone and wrong in some: what they leave behind, leave out, or share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from conformance.contract import Case, Observed, Quantities
from conformance.implementations.oracle.layers import Oracle


class Right:
    """The oracle, in a space of options that is small."""

    name = "right"
    versions: Mapping[str, str] = {"planted": "1.0"}
    dtypes: Sequence[str] = ("float64",)
    cells: Sequence[Mapping[str, Any]] = (
        {"kind": "LSTM", "layers": (1, 2), "gradients": (True, False)},
        {"kind": "SimpleRNN", "mask": ("none", "right"), "initial_state": (True, False)},
    )

    def __init__(self) -> None:
        self.calls = 0

    def observe(self, case: Case) -> Any:
        self.calls += 1
        return Oracle().observe(case).values


class Wrong(Right):
    """It is wrong in every call, by one."""

    name = "wrong"

    def observe(self, case: Case) -> Quantities:
        return {"outputs": super().observe(case)["outputs"] + 1}


class LeavesOutSometimes(Right):
    """Where the rows are masked, it tells no final state, and not why."""

    name = "leaves-out-sometimes"

    def observe(self, case: Case) -> Any:
        found = super().observe(case)
        return {n: v for n, v in found.items() if case.mask is None or not n.startswith("state")}


class SaysWhySometimes(LeavesOutSometimes):
    """The same, and it says why."""

    name = "says-why-sometimes"

    def observe(self, case: Case) -> Observed:
        return Observed(super().observe(case), {} if case.mask is None else {"state": "masked rows have none"})


class NoGradients(Right):
    """It declares gradients, and returns none."""

    name = "no-gradients"

    def observe(self, case: Case) -> Quantities:
        return {n: v for n, v in super().observe(case).items() if not n.startswith("d_")}


class NoOutputs(Right):
    """It tells everything but the outputs."""

    name = "no-outputs"

    def observe(self, case: Case) -> Quantities:
        return {n: v for n, v in super().observe(case).items() if n != "outputs"}


class WrongInEverySeventhCall(Right):
    """Every seventh call is wrong, whatever is asked."""

    name = "wrong-in-every-seventh-call"

    def observe(self, case: Case) -> Quantities:
        found = dict(super().observe(case))
        return found | ({} if self.calls % 7 else {"outputs": found["outputs"] + 1})


class ChangesItLater(Right):
    """It changes what it was given in the call after."""

    name = "changes-it-later"
    kept: Any = None

    def observe(self, case: Case) -> Any:
        if self.kept is not None:
            self.kept.x[...] = 0
        self.kept = case
        return super().observe(case)


class CompilesAnew(Right):
    """It is right, and counts how often each case came in each of its two modes."""

    name = "compiles-anew"
    cells = ({"kind": "SimpleRNN", "mode": ("eager", "compiled")},)
    compiled_anew: Mapping[str, Sequence[str]] = {"mode": ("compiled",)}

    def __init__(self) -> None:
        super().__init__()
        self.by_mode: dict[str, Counter[bytes]] = {"eager": Counter(), "compiled": Counter()}

    def observe(self, case: Case) -> Any:
        self.by_mode[case.call_options["mode"]][case.x.tobytes()] += 1
        return super().observe(case)


class WrongWhereItCompilesAgain(CompilesAnew):
    """It is off by one from the second time on that it compiles for a case."""

    name = "wrong-where-it-compiles-again"

    def observe(self, case: Case) -> Quantities:
        found = super().observe(case)
        again = self.by_mode["compiled"][case.x.tobytes()] > 1
        return {name: value + again for name, value in found.items()}
