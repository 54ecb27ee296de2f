"""What a run remembers of the answers that it got: every bit of some, and which quantities came and which did not."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from ..cases.asking import observe
from ..common.calling import CALLS
from ..common.protection import Array
from ..contract import Case, Implementation, Observed, Quantities, attribute_of
from ..judging.divergences import AGAIN, Divergence, expected_with, run_and_judge
from ..judging.verdict import NOT_REPORTED, Verdict, judge

MOST_REMEMBERED, MOST_NUMBERS = 24, 5_000  # cases, and what goes into one
_LAYER = re.compile(r"\bl\d+(_reverse)?\.")


def bits_of(values: Quantities) -> bytes:
    """A digest of every bit of an answer, and of its names, shapes and dtypes."""
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(values):
        array: Array = values[name]
        found.update(f"{name} {array.dtype} {array.shape} ".encode())
        found.update(array.tobytes())
    return found.digest()


@dataclass
class Answers:
    """What is remembered.

    earlier    the first cases that agreed, each with the digest of its answer
    reported   the quantities that came at least once, whichever layer's
    left_out   those that once were left out without a reason, to the smallest such case
    """

    earlier: list[tuple[Case, bytes]] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)
    left_out: dict[str, Case] = field(default_factory=dict)

    def add(self, case: Case, observed: Observed, verdict: Verdict, excused: list[Divergence]) -> None:
        """Remembers an answer; ``excused`` are the known divergences that applied."""
        for comparison in verdict.comparisons:
            self.reported.add(_of_any_layer(comparison.quantity))
        for quantity, why in verdict.missing.items():
            if why == NOT_REPORTED and _is_due(case, quantity) and not any(one.affects(quantity) for one in excused):
                name = _of_any_layer(quantity)
                if name not in self.left_out or case.size < self.left_out[name].size:
                    self.left_out[name] = case
        if len(self.earlier) < MOST_REMEMBERED and verdict.agrees and not excused and _numbers(case) < MOST_NUMBERS:
            self.earlier.append((case, bits_of(observed.values)))


def _of_any_layer(quantity: str) -> str:
    return _LAYER.sub("", quantity)


def _is_due(case: Case, quantity: str) -> bool:
    """Whether there is such a number: a state that the layer made by itself has no gradient that anybody asked for."""
    return case.initial_state is not None or not quantity.startswith("d_initial_state")


def _numbers(case: Case) -> int:
    return int(case.size + len(case.x) * case.x.shape[1] * case.cell.output_size)


@dataclass
class Asked:
    """A case that is asked once, and again where it fails."""

    implementation: Implementation
    case: Case
    known_divergences: tuple[Divergence, ...]
    _answer: Observed | None = None
    _wrong: frozenset[str] = frozenset()

    def judged(self) -> tuple[Verdict, tuple[str, ...]]:
        """The verdict, and the known divergences that applied; raises a `Disagreement` as `run_and_judge` does."""
        verdict, known = run_and_judge(self.implementation, self.case, self.known_divergences, self._keep)
        self._wrong = frozenset(one.quantity for one in verdict.disagreements)
        return verdict, known

    @property
    def answer(self) -> Observed:
        """The answer that was judged; empty where none came."""
        return self._answer or Observed({})

    def again(self) -> str:
        """How the fault comes and goes, where the case is right in a further call, or in the first of a new object."""
        wrong = sum(self._is_wrong(self.implementation) for _ in range(AGAIN))
        if wrong < AGAIN:
            return how_often(wrong)
        new = None if attribute_of(self.implementation, "expensive") else _another(self.implementation)
        if new is None or self._is_wrong(new):
            return ""
        return "comes and goes: as the first call of a new object it is right; earlier calls leave something behind"

    def _keep(self, answer: Observed) -> None:
        self._answer = answer

    def _is_wrong(self, implementation: Implementation) -> bool:
        """The same bits are as wrong as they were; others are judged."""
        try:
            answer = observe(implementation, self.case)
        except Exception:
            return True
        if self._answer is None:
            return False
        if bits_of(answer.values) == bits_of(self._answer.values):
            return True
        expected = expected_with(self.implementation, self.case, self.known_divergences)
        return any(one.quantity in self._wrong and not one.agrees for one in judge(expected, answer).comparisons)


def how_often(wrong_again: int) -> str:
    """A line about a fault that was there in so many of `AGAIN` further calls; empty where it was in all."""
    calls = f"{1 + wrong_again} of {1 + AGAIN}"
    return f"comes and goes: wrong in {calls} calls of this same case" if wrong_again < AGAIN else ""


def _another(implementation: Implementation) -> Implementation | None:
    """A new object of its class; None where there is none to be made."""
    device = attribute_of(implementation, "device")
    try:
        with CALLS.around("a new object of its class"):
            new: Implementation = type(implementation)(*([] if device == "cpu" else [device]))
    except Exception:
        return None
    return new
