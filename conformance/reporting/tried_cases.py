"""The cases that a run tried, packed for JSON: a line of text each, as a run tries thousands.

A line is the case's options, what was compared, and the known divergences that applied, separated by spaces::

    0b-1 0:120:.31:.72,1:12:.05 3

Each character of the first part is the place of an option's value in its list, ``-`` where the case has no such option.
Then for each family its place, how many numbers were compared, the worst error in units of its limit (``inf`` where
there is none, as of NaN) and, where it is known, the root mean square of the errors in sampled deviations. Then the
places of the divergences.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_letters, digits
from typing import Any

_CODES = digits + ascii_letters
_ABSENT = "-"


@dataclass(frozen=True)
class ComparedFamily:
    """What was compared of a family in one case; ``worst`` in units of the limit, ``deviations`` None if unknown."""

    numbers: int
    worst: float
    deviations: float | None = None


@dataclass(frozen=True)
class TriedCase:
    """One case: its options as text, what was compared by family, and the ids of the known divergences."""

    options: Mapping[str, str]
    families: Mapping[str, ComparedFamily] = field(default_factory=dict)
    known: tuple[str, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether a number lies beyond its bound, or could not be compared."""
        return any(found.worst > 1 for found in self.families.values())


def packed_cases(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The events of cases, as a run's record has them, as JSON holds them; values of no more than 62 for an option."""
    values: dict[str, dict[str, int]] = {}
    families: dict[str, int] = {}
    known: dict[str, int] = {}
    for event in events:
        for name, value in event.get("options", {}).items():
            its = values.setdefault(name, {})
            if len(its) < len(_CODES):
                its.setdefault(value, len(its))
        for places, names in ((families, event["families"]), (known, event["known"])):
            for name in names:
                places.setdefault(name, len(places))
    lines = [
        " ".join(
            (
                "".join(_code(its, event["options"].get(name)) for name, its in values.items()),
                ",".join(_packed_family(families[name], found) for name, found in event["families"].items()) or "-",
                ",".join(str(known[name]) for name in event["known"]),
            )
        ).rstrip()
        for event in events
        if event.get("options")
    ]
    return {
        "options": {name: list(its) for name, its in values.items()},
        "families": list(families),
        "known": list(known),
        "cases": lines,
    }


def unpacked_cases(packed: Mapping[str, Any]) -> Iterator[TriedCase]:
    """The cases that `packed_cases` packed."""
    options, families, known = packed["options"], packed["families"], packed["known"]
    for line in packed["cases"]:
        codes, compared, *applied = line.split(" ")
        yield TriedCase(
            {
                name: values[_CODES.index(code)]
                for (name, values), code in zip(options.items(), codes, strict=True)
                if code != _ABSENT
            },
            dict(_unpacked_family(families, each) for each in compared.split(",") if each != "-"),
            tuple(known[int(place)] for each in applied for place in each.split(",")),
        )


def _code(places: Mapping[str, int], value: str | None) -> str:
    return _CODES[places[value]] if value is not None and value in places else _ABSENT


def _packed_family(place: int, found: Mapping[str, float]) -> str:
    parts = [str(place), str(found["numbers"]), _short(found["worst"])]
    if found.get("measured"):
        parts.append(_short(math.sqrt(found["squares"] / found["measured"])))
    return ":".join(parts)


def _short(number: float) -> str:
    return f"{number:.2g}".replace("e-0", "e-")


def _unpacked_family(families: Sequence[str], packed: str) -> tuple[str, ComparedFamily]:
    place, numbers, *errors = packed.split(":")
    worst, *deviations = map(float, errors)
    return families[int(place)], ComparedFamily(int(numbers), worst, deviations[0] if deviations else None)
