"""Which classes of sizes, numbers, losses and masks a run's cases had, and what each of them met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Met = Mapping[str, Mapping[str, Sequence[str]]]

_DIRECTIONS = {"both": ("forward", "backward")}


def classes_met(events: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """What is classified to each class, to what it met: each cell, direction, precision, and gradients.

    events   of the cases, as a run's record has them
    """
    found: dict[str, dict[str, dict[str, None]]] = {}
    for event in events:
        for name, each in event.get("classes", {}).items():
            found.setdefault(name, {}).setdefault(each, {}).update(dict.fromkeys(_met(event["options"])))
    return {name: {each: list(met) for each, met in its.items()} for name, its in found.items()}


def _met(options: Mapping[str, str]) -> list[str]:
    cell = options["kind"]
    if options.get("reset_after") == "False":
        cell += " (reset before)"
    directions = _DIRECTIONS.get(options["direction"], (options["direction"],))
    return [cell, *directions, options["dtype"], *(["gradients"] if options["gradients"] == "True" else [])]


def in_words(met: Mapping[str, Sequence[str]]) -> str:
    """The classes of one kind in a line: all of them, what each has met, and what some have not."""
    everything = list(dict.fromkeys(what for its in met.values() for what in its))
    lacking = {each: [what for what in everything if what not in its] for each, its in met.items()}
    by_all = [what for what in everything if not any(what in its for its in lacking.values())]
    exceptions: dict[str, list[str]] = {}
    for each, its in lacking.items():
        if its:
            exceptions.setdefault(", ".join(its), []).append(each)
    told = f"{', '.join(met)}: each with {', '.join(by_all) or 'something'}"
    return told + "".join(f"; not {', '.join(its)} with {what}" for what, its in exceptions.items())
