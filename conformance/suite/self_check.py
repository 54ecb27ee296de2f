"""Whether this process still sees a fault: an implementation may have changed NumPy, the oracle or our comparisons.

The corpus knows the answers to cases of each kind of cell, so the check needs nothing of what the implementation may
have changed to know what is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..contract import Case, Quantities
from ..judging.divergences import Disagreement
from ..truth import corpus
from .session import PROFILES, Session

KIND = "SimpleRNN"


@dataclass(frozen=True)
class Answers:
    """An implementation that answers everything with the same numbers."""

    answers: Quantities
    name: str = "self-check"
    dtypes: Sequence[str] = ("float64",)

    @property
    def versions(self) -> Mapping[str, str]:
        return {}

    @property
    def cells(self) -> Sequence[Mapping[str, Any]]:
        return ({"kind": KIND},)

    def observe(self, case: Case) -> Quantities:
        return self.answers


def why_blind() -> str:
    """Why this process would not see a wrong number, or would call a right one wrong; empty where all is well."""
    fixtures = [*corpus.read("hand_sized"), corpus.read("lstm_variants")[0]]  # whose activations are not linear
    for fixture in fixtures:
        if not _agrees(fixture.expected, fixture.case):
            return f"a right answer of a {fixture.case.kind} is called wrong"
    fixture = next(one for one in fixtures if one.case.kind == KIND)
    right = {name: np.array(value, np.float64) for name, value in fixture.expected.items()}
    for name, value in right.items():
        wrong = value.copy()
        wrong.flat[-1] += 1
        if value.size and _agrees({**right, name: wrong}, fixture.case):
            return f"a wrong number in {name} is not seen"
    return ""


def _agrees(answers: Quantities, case: Case) -> bool:
    try:
        Session(Answers(answers), PROFILES["quick"]).check("self-check", case)
    except Disagreement:
        return False
    return True
