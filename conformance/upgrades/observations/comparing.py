"""What moved between two observations, and how much it matters.

Four severities, from the gravest:

===========  ==========================================================================================================
behaviour    a number that agreed with the oracle and no longer does, or the reverse; one that moved further than both
             bounds together; an error, a quantity, a shape or a dtype that came or went; a known divergence that opened
             or closed; a constructor's signature, a default or the layout of weights that changed
accuracy     within the bounds, the error in units of its bound grew or shrank by `FACTOR` or more: the worst one, or
             the root mean square, of a family of quantities of a kind of cell in a dtype, over all cases
rounding     bits changed, nothing else
nothing      every bit is the same
===========  ==========================================================================================================

Bounds are those of what each side says that it computes with; where a divergence is known of a version, as wide as
that says.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...cases.option_space import Combination
from ...contract import FAMILIES
from ...running.machine import machine_differences
from ...suite.drawing import SURFACE
from ..environments.compatibility import successors
from .answers import SEVERITIES, AnswerChange, AnswerComparison, TruthCache, same_bits
from .record import Answer, Observation, Record

_CONDITIONS = 3  # at most so many shared options are named
_VALUES = 4  # at most so many values of each
_MIN_SHARE = 0.1  # of the other cases: an option that excludes fewer is not named


@dataclass(frozen=True)
class Finding:
    """One thing that moved.

    what    what it is, in words
    where   how many cases show it and which options they share, or what of the surface it is
    cases   how many cases show it, none where it is no matter of cases
    """

    severity: str
    what: str
    where: str = ""
    cases: int = 0


@dataclass(frozen=True)
class Difference:
    """Everything that moved between two observations of an implementation.

    cases        severity to how many cases it is the gravest of
    findings     what moved, the gravest first
    numbers, changed, ulps    as in `AnswerComparison`
    unmatched    the answers that only the old and only the new one has
    machine_changes    how the machines differ
    """

    old: Observation
    new: Observation
    cases: Mapping[str, int]
    findings: Sequence[Finding]
    numbers: int
    changed: int
    ulps: int
    unmatched: tuple[Sequence[Answer], Sequence[Answer]]
    machine_changes: Sequence[str]

    @property
    def severity(self) -> str:
        """The gravest of all."""
        return max((one.severity for one in self.findings), key=SEVERITIES.index, default="nothing")

    @property
    def unmatched_cases(self) -> tuple[int, int]:
        """How many cases only the old and only the new one has."""
        return len(self.unmatched[0]), len(self.unmatched[1])

    @property
    def compared(self) -> int:
        """How many cases both have."""
        return sum(self.cases.values())


def match_observations(old: Record, new: Record) -> tuple[list[tuple[Observation, Observation]], list[str]]:
    """Pairs of observations of one implementation, from both records; and why the others are in no pair.

    An implementation and its successor (`successors`) match where neither record has both. `ValueError` where a record
    has an implementation in several versions.
    """
    before, now = _by_name(old, "OLD"), _by_name(new, "NEW")
    successions = [pair for old, new in successors().items() for pair in ((old, new), (new, old))]
    for name, successor in successions:
        if name in before and name not in now and successor in now and successor not in before:
            now[name] = now.pop(successor)
    found = [(before[name], now[name]) for name in before if name in now]
    unmatched = [f"{name}: only in OLD" for name in before if name not in now]
    unmatched += [f"{name}: only in NEW" for name in now if name not in before]
    silent = [pair for pair in found if not (pair[0].answers and pair[1].answers)]
    unmatched += [f"{a.name}: not run: {a.not_run or b.not_run or 'nothing was asked'}" for a, b in silent]
    return [pair for pair in found if pair not in silent], unmatched


def _by_name(record: Record, which: str) -> dict[str, Observation]:
    found: dict[str, Observation] = {}
    for one in record:
        if one.implementation in found:
            raise ValueError(
                f"{which}: {one.implementation} is in it several times: "
                f"{found[one.implementation].label}, {one.label}; say which with FILE@PACKAGE==VERSION"
            )
        found[one.implementation] = one
    return found


def difference(old: Observation, new: Observation, truths: TruthCache | None = None) -> Difference:
    """What moved from the old observation to the new one; ``truths`` holds what the oracle has computed already.

    `ValueError` where a case that has to be judged is drawn otherwise today than when it was recorded.
    """
    before, now = ({answer.digest: answer for answer in one.answers} for one in (old, new))
    common = [digest for digest in before if digest in now]
    answers = AnswerComparison(old, new, truths or TruthCache())
    moved = {digest: answers.compare(before[digest], now[digest]) for digest in common}
    answers.add_unchanged([now[digest] for digest in common if same_bits(before[digest], now[digest])])
    findings = [*_surfaces(old.surface, new.surface), *_opened_or_closed(old, new), *_grouped(moved, now)]
    findings += [Finding("accuracy", what, where) for where, what in answers.accuracies()]
    if answers.changed:
        what = f"{answers.changed:,} of {answers.numbers:,} numbers, by up to {answers.ulps} ulp"
        count = sum(one.severity == "rounding" for one in moved.values())
        findings.append(Finding("rounding", what, f"{count} cases", count))
    return Difference(
        old,
        new,
        Counter(one.severity for one in moved.values()),
        sorted(findings, key=lambda one: (-SEVERITIES.index(one.severity), -one.cases)),
        answers.numbers,
        answers.changed,
        answers.ulps,
        (
            [answer for digest, answer in before.items() if digest not in now],
            [answer for digest, answer in now.items() if digest not in before],
        ),
        machine_differences(old.machine, new.machine),
    )


def _grouped(moved: Mapping[str, AnswerChange], answers: Mapping[str, Answer]) -> Iterator[Finding]:
    """The cases whose behaviour changed, grouped by what happened."""
    groups: dict[str, list[str]] = defaultdict(list)
    for digest, one in moved.items():
        if one.severity == "behaviour":
            groups[one.what].append(digest)
    for what, digests in groups.items():
        its = [moved[digest] for digest in digests]
        families = [family for family in FAMILIES if any(family in one.families for one in its)]
        far = max(one.bounds for one in its)
        words = [", ".join(families), what, f"by up to {far:.2g} bounds" if far else ""]
        rest = [answers[digest].question.options for digest in moved if moved[digest].what != what]
        condition, others = shared_options([answers[digest].question.options for digest in digests], rest)
        where = f"{len(digests)} of the {len(digests) + others} cases with {condition}" if condition else ""
        detail = f": {its[0].detail}" if its[0].detail else ""
        yield Finding(
            "behaviour", " ".join(filter(None, words)) + detail, where or f"{len(digests)} cases", len(digests)
        )


def shared_options(its: Sequence[Combination], rest: Sequence[Combination]) -> tuple[str, int]:
    """The option values that these combinations share and few others have, in words; and how many others have them.

    Greedy: of the options in which these combinations have few values, it adds the one that leaves the fewest others.
    """
    found: dict[str, list[Any]] = {}
    while len(found) < _CONDITIONS:
        best, left = "", [*rest]
        for name in (one for one in its[0] if one not in found):
            values = [one.get(name, "absent") for one in its]
            others = [one for one in rest if one.get(name, "absent") in values]
            if len(set(values)) <= _VALUES and len(others) < len(left):
                best, left = name, others
        if len(rest) - len(left) < _MIN_SHARE * len(rest) or not best:
            break
        found[best] = sorted({one.get(best, "absent") for one in its}, key=str)
        rest = left
    return ", ".join(f"{name}={'|'.join(map(str, values))}" for name, values in found.items()), len(rest)


def _opened_or_closed(old: Observation, new: Observation) -> Iterator[Finding]:
    for identifier in sorted(old.divergences.keys() & new.divergences.keys()):
        was, now = old.divergences[identifier], new.divergences[identifier]
        if was != now:
            yield Finding("behaviour", f"a known divergence {'opened' if now == 'shows' else 'closed'}", identifier)


def _surfaces(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    """Changes of the surface that a user builds against, if both sides recorded it: each change once."""
    if not old or not new:
        return
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(old.keys() | new.keys()):
        if name.startswith(SURFACE) and not (name in old and name in new):
            continue  # older records are without it
        if name not in old or name not in new:
            found[f"the class {'came' if name in new else 'is gone'}"].append(name)
            continue
        for change in _changes(old[name], new[name]):
            found[change].append(name)
    for change, names in found.items():
        where = names[0].rpartition(".")[0]
        alike = where != "" and len(names) > 1 and all(name.rpartition(".")[0] == where for name in names)
        short = [name.rpartition(".")[2] for name in names]
        yield Finding("behaviour", change, f"{where}: {', '.join(short)}" if alike else ", ".join(names))


def _changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Changes of one class. An argument that came or went is listed under the signature, not under the defaults too."""
    of_signature = set(was.get("signature", ())) ^ set(now.get("signature", ()))
    for aspect in sorted(was.keys() | now.keys()):
        old, new = was.get(aspect), now.get(aspect)
        if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
            if old != new:
                yield f"{aspect}: {old} before, {new} now"
            continue
        for key in sorted(old.keys() | new.keys()):
            if aspect != "signature" and key in of_signature:
                continue
            if key not in old or key not in new:
                yield f"{aspect}: {key} {f'came, {new[key]}' if key in new else 'is gone'}"
            elif old[key] != new[key]:
                yield f"{aspect}: {key} was {old[key]}, is {new[key]}"
