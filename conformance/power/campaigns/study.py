"""The tolerance study of one implementation in one dtype: what ``tolerance-study`` judges, without its times."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ...common.arguments import count
from ...contract import NotRun
from ...implementations.finding import load, source_of
from ...running.campaigns.chunks import Campaign, Chunk, Found
from ...suite.session import PROFILES, Session
from ..tolerance_study import report
from ..tolerance_study.cases import GROUP_SIZE, StudyCases
from ..tolerance_study.measuring import Study
from ..tolerance_study.worker import judge_group
from .ranges import COUNT, cut, dependencies, finite

_NO_TIME = [0.0, 0.0]
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["groups"],
    "properties": {
        "groups": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [
                    "kind",
                    "cases",
                    "numbers",
                    "undecided",
                    "worst",
                    "measured",
                    "farthest",
                    "seen",
                    "alarms",
                ],
                "properties": {
                    **dict.fromkeys(("cases", "numbers", "undecided"), COUNT),
                    **{name: {"type": "object"} for name in ("worst", "measured", "seen")},
                    **{name: {"type": "array"} for name in ("farthest", "alarms")},
                },
            },
        }
    },
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this work."""
    parser.add_argument("--implementation", default="oracle", metavar="NAME", help="as of `run` (default: oracle)")
    parser.add_argument("--dtype", default="float32", help="(default: float32)")
    parser.add_argument("--cases", type=count, default=10_000, help="how many (default: 10000)")
    parser.add_argument(
        "--chunk", type=count, default=GROUP_SIZE, help=f"cases of a chunk, by {GROUP_SIZE} (default: {GROUP_SIZE})"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the cases (default: 0)")
    parser.add_argument("--alarms-only", action="store_true", help="as of `tolerance-study`")


def campaign_of(parsed: argparse.Namespace) -> Campaign:
    """The campaign that the options ask for."""
    source_of(parsed.implementation)
    shared = {
        "implementation": parsed.implementation,
        "dtype": parsed.dtype,
        "seed": parsed.seed,
        "faults": not parsed.alarms_only,
    }
    size = -(-parsed.chunk // GROUP_SIZE) * GROUP_SIZE
    chunks = list(cut(judge_groups, parsed.cases, size, **shared))
    its = dependencies(parsed.implementation)
    return Campaign("tolerance-study", chunks, "cases", *its, _SCHEMA, merged, show, passed)


def judge_groups(implementation: str, dtype: str, seed: int, faults: bool, first: int, count: int) -> Found:
    """What came of the groups of cases from the number ``first`` on."""
    session, end = _session(implementation), first + count
    if dtype not in session.implementation.dtypes:
        raise NotRun(f"{implementation} does not compute in {dtype}")
    draws, groups = StudyCases(session, dtype, seed), []
    for group in range(first, end, GROUP_SIZE):
        judged = judge_group(draws, range(group, min(group + GROUP_SIZE, end)), faults)
        groups.append({name: _finite(value) for name, value in judged.items() if name != "seconds"})
    return {"groups": groups}


@cache
def _session(name: str) -> Session:
    return Session(load(name), PROFILES["quick"])


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(its) for name, its in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(its) for its in value]
    return finite(value) if isinstance(value, float) else value


def merged(results: Sequence[tuple[Chunk, Found]]) -> dict[str, Any]:
    """The figures of the whole study."""
    its = results[0][0].parameters if results else {"implementation": "", "dtype": ""}
    groups = [group for _, found in results for group in found["groups"]]
    asked = sum(chunk.amount for chunk, _ in results)
    return {
        "study": report.without_nan(report.summary(_study(its["implementation"], its["dtype"], asked, groups))),
        "groups": groups,
    }


def _study(implementation: str, dtype: str, asked: int, groups: Sequence[Any]) -> Study:
    found = Study(implementation, dtype, asked)
    for group in groups:
        found.take({"event": "group", "seconds": _NO_TIME, **group})
    return found


def passed(found: Found) -> bool:
    """Whether something was compared, without a false alarm."""
    return found["study"]["numbers"] > 0 and not found["study"]["alarms"]


def show(console: Any, found: Found) -> None:
    """Prints the tables of `tolerance-study`."""
    its = found["study"]
    report.show(console, [_study(its["implementation"], its["dtype"], its["asked"], found["groups"])])
