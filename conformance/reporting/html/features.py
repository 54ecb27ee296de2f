"""What an implementation does with one value of an option: right, wrong, refused, absent or not tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...cases.option_space import matches
from ...cases.option_table import LAYER_OPTIONS
from ...judging.divergences import Divergence, known_divergences
from ..tried_cases import TriedCase, unpacked_cases

RIGHT, WRONG, REFUSED, ABSENT, NOT_TRIED, UNKNOWN = "right", "wrong", "refused", "absent", "not tried", "unknown"
SYMBOLS = {RIGHT: "✓", WRONG: "✗", REFUSED: "⊘", ABSENT: "–", NOT_TRIED: "?", UNKNOWN: "·"}
MEANINGS = {
    RIGHT: "every case with it agrees, or differs for another reason that is known",
    WRONG: "cases with it disagree, or a known divergence that names it applied to them",
    REFUSED: "the framework raises an error that says so",
    ABSENT: "the framework has no such option",
    NOT_TRIED: "declared, and in no case of this run",
    UNKNOWN: "the record is older than this table, and does not say",
}
NEW = "new disagreement"
Wanted = Mapping[str, Sequence[str]]
DEFAULTS = {option.name: str(option.defaults[0]) for option in LAYER_OPTIONS if option.defaults}


@dataclass(frozen=True)
class Field:
    """What was found of one value: its state, in how many cases it was tried, in how many it was wrong, and why."""

    state: str
    cases: int = 0
    wrong: int = 0
    why: Mapping[str, int] | None = None

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.state]

    @property
    def label(self) -> str:
        """The field in words, for those who do not see it."""
        if self.state == WRONG:
            reasons = "; ".join(f"{name}: {count}" for name, count in (self.why or {}).items())
            return f"wrong in {self.wrong:,} of {self.cases:,} cases ({reasons})"
        return f"right in {self.cases:,} cases" if self.state == RIGHT else f"{self.state}: {MEANINGS[self.state]}"


class Features:
    """The fields of one implementation's result, as a record has it."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        self.declared: Mapping[str, Sequence[str]] = result.get("declared", {})
        self.refused: Mapping[str, Sequence[str]] = result.get("refused_values", {})
        self.cases = list(unpacked_cases(result["tried"])) if result.get("tried") else []
        self._known = {entry.id: entry for entry in known_divergences()}

    def values(self) -> dict[str, list[str]]:
        """Every option that is declared or was tried, to its values."""
        found: dict[str, dict[str, None]] = {}
        for options in (self.declared, self.refused, *({k: [v] for k, v in c.options.items()} for c in self.cases)):
            for name, values in options.items():
                found.setdefault(name, {}).update(dict.fromkeys(values))
        return {name: list(values) for name, values in found.items()}

    def field(self, wanted: Wanted) -> Field:
        """What was found of the cases that have one of the values of each option."""
        if not self.declared and not self.cases:
            return Field(UNKNOWN)
        its = [case for case in self.cases if all(case.options.get(name) in values for name, values in wanted.items())]
        if not its:
            among = [(self.declared.get(name, ()), self.refused.get(name, ()), v) for name, v in wanted.items()]
            declared = all(not set(values).isdisjoint(known) for known, _, values in among)
            refused = any(not set(values).isdisjoint(known) for _, known, values in among)
            return Field(REFUSED if refused else NOT_TRIED if declared else ABSENT)
        chosen = [(name, value) for name, values in wanted.items() for value in values]
        return _counted(
            its,
            lambda case: [
                *(name for name in case.known if any(self._names(name, *each) for each in chosen)),
                *([NEW] if case.fails else []),
            ],
        )

    def gradients(self) -> Field:
        """What was found of the gradients: wrong where one is off, or where a divergence that applied names them."""
        if not self.declared and not self.cases:
            return Field(UNKNOWN)
        its = [case for case in self.cases if "gradients" in case.families]
        if not its:
            return Field(ABSENT)
        return _counted(
            its,
            lambda case: [
                *(name for name in case.known if self._is_of_gradients(name)),
                *([NEW] if case.families["gradients"].worst > 1 else []),
            ],
        )

    def _is_of_gradients(self, divergence: str) -> bool:
        entry = self._known.get(divergence)
        return entry is None or any(name == "gradients" or name.startswith("d_") for name in entry.families)

    def _names(self, divergence: str, option: str, value: str) -> bool:
        """Whether the divergence is about this value.

        One whose condition singles out no value is about all that it states; one that is in no catalogue, about all.
        """
        entry = self._known.get(divergence)
        if entry is None:
            return True
        for when in entry.when:
            conditions = {name: {name: tuple(map(str, values))} for name, values in when.items()}
            about = [name for name, condition in conditions.items() if self._singles_out(condition, name)]
            if option in (about or conditions) and matches(conditions[option], {option: value}):
                return True
        return False

    def _singles_out(self, condition: Mapping[str, Sequence[str]], option: str) -> bool:
        """Whether a condition is about few of an option's values: not the default, or no more than half of them."""
        declared = self.declared.get(option, ())
        matching = [value for value in declared if matches(condition, {option: value})]
        return DEFAULTS.get(option) not in (None, *matching) or 2 * len(matching) <= len(declared)


def _counted(cases: Sequence[TriedCase], reasons_of: Callable[[TriedCase], Sequence[str]]) -> Field:
    reasons = [reasons_of(case) for case in cases]
    why = Counter(reason for its in reasons for reason in its)
    wrong = sum(map(bool, reasons))
    return Field(WRONG if wrong else RIGHT, len(cases), wrong, dict(why.most_common()))


def condition_in_words(entry: Divergence) -> str:
    """When a divergence shows: alternatives of options with their values."""
    alternatives = [
        ", ".join(f"{name} = {' | '.join(str(value) for value in values)}" for name, values in when.items())
        for when in entry.when
    ]
    more = f", where a gate exceeds {entry.reaches:g}" if entry.reaches else ""
    return " or ".join(filter(None, alternatives)) + more
