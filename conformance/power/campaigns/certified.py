"""The corpus, certified again: cases by family and range. Needs python-flint.

The files' bytes beside their cases are compared by ``certify --check --fraction 0``, which takes seconds.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...common.arguments import count
from ...running.campaigns.chunks import Campaign, Chunk, Found
from .ranges import COUNT, cut

_COUNTS = ("cases", "numbers", "proofs", "kinks")
_SHOWN = 20
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": [*_COUNTS, "problems"],
    "properties": {**dict.fromkeys(_COUNTS, COUNT), "problems": {"type": "array", "items": {"type": "string"}}},
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this work."""
    parser.add_argument("--family", action="append", metavar="NAME", help="may be repeated (default: all)")
    parser.add_argument("--chunk", type=count, default=20, help="cases of a chunk (default: 20)")


def campaign_of(parsed: argparse.Namespace) -> Campaign:
    """The campaign that the options ask for; `ValueError` for a family that is none."""
    from ...truth.families import all_families  # python-flint, which only this work needs

    cases = {family.name: len(family.cases) for family in all_families()}
    if unknown := [name for name in parsed.family or () if name not in cases]:
        raise ValueError(f"no family {', '.join(unknown)}; there are {', '.join(cases)}")
    names = dict.fromkeys(parsed.family or cases)
    chunks = [chunk for name in names for chunk in cut(certify_range, cases[name], parsed.chunk, family=name)]
    return Campaign("certification", chunks, "cases", ("flint",), "", _SCHEMA, merged, show, passed)


def certify_range(family: str, first: int, count: int) -> Found:
    """What comes of certifying the stored cases of a family, from the one numbered ``first`` on."""
    from ...truth.corpus_certification import check_some

    found = check_some(family, first, count)
    return {**{name: getattr(found, name) for name in _COUNTS}, "problems": list(found.problems)}


def merged(results: Sequence[tuple[Chunk, Found]]) -> dict[str, Any]:
    """The counts of all, and all problems."""
    total: Counter[str] = Counter({name: 0 for name in _COUNTS})
    for _, found in results:
        total.update({name: found[name] for name in _COUNTS})
    return {**total, "problems": [problem for _, found in results for problem in found["problems"]]}


def passed(found: Found) -> bool:
    """Whether something was certified, and is what is stored."""
    return found["cases"] > 0 and not found["problems"]


def show(console: Any, found: Found) -> None:
    """Prints the counts and the problems."""
    told = f"{found['cases']} cases, {found['numbers']:,} numbers certified as correctly rounded, {found['proofs']} "
    told += f"directional derivatives proven, {found['kinks']} cases at a kink, {len(found['problems'])} problems"
    console.print(told, highlight=False, soft_wrap=True)
    for problem in found["problems"][:_SHOWN]:
        console.print(problem, highlight=False, soft_wrap=True, markup=False)
