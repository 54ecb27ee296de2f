"""The score of the suite: each mutant, each correct variant and each faint version is a chunk."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ...common.printable import LINE, printable
from ...running.campaigns.chunks import Campaign, Chunk, Found
from ..mutants import MUTANTS
from ..mutants.checks import MODULES
from ..mutants.measuring import ModuleResult, MutantResult, measure_mutant, prepare_process
from ..mutants.running import Plan, Score, least_weight, messages_about
from ..mutants.score import show as show_score

_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
    "properties": {
        "mutant": {"type": "object", "required": ["name", "group", "bug", "modules", "caught_alone"]},
        "false_alarms": {"type": "array", "items": {"type": "string"}},
        "least_weight": {"type": ["number", "null"]},
    },
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this work."""
    parser.add_argument(
        "--mutant", action="append", choices=tuple(MUTANTS), metavar="NAME", help="may be repeated (default: all)"
    )
    parser.add_argument("--faint", action="store_true", help="also the forward faults blended in faintly")
    parser.add_argument("--seed", type=int, default=0, help="of the cases (default: 0)")


def campaign_of(parsed: argparse.Namespace) -> Campaign:
    """The campaign that the options ask for."""
    names = tuple(dict.fromkeys(parsed.mutant or MUTANTS))
    plan = Plan(names, parsed.mutant is None, parsed.faint, parsed.seed, 1)
    seed = {"seed": parsed.seed}
    chunks = [Chunk(measured, {"name": name, **seed}, 1) for name in plan.mutants]
    chunks += [Chunk(falsely_alarmed, {"name": name, **seed}, 1) for name in plan.correct_names]
    chunks += [
        Chunk(faintest, {"name": name, "arithmetic": arithmetic, **seed}, 1) for name, arithmetic in plan.faint_tasks
    ]
    return Campaign("mutants", chunks, "mutants", (), "", _SCHEMA, merged, show, passed)


def measured(name: str, seed: int) -> Found:
    """What the suite finds of a mutant, by module; without the seconds."""
    prepare_process(seed)
    found = asdict(measure_mutant(name, seed))
    for module in found["modules"].values():
        module["seconds"] = 0.0
        module["message"] = printable(module["message"], LINE)
    return {"mutant": found}


def falsely_alarmed(name: str, seed: int) -> Found:
    """What the suite finds wrong with a correct variant."""
    prepare_process(seed)
    return {"false_alarms": messages_about(name, seed)}


def faintest(name: str, arithmetic: str, seed: int) -> Found:
    """The least weight at which a mutant is caught."""
    prepare_process(seed)
    return {"least_weight": least_weight(name, arithmetic, seed)}


def merged(results: Sequence[tuple[Chunk, Found]]) -> dict[str, Any]:
    """The score, as JSON."""
    return {
        "mutants": [found["mutant"] for _, found in results if "mutant" in found],
        "false_alarms": {
            chunk.parameters["name"]: its["false_alarms"] for chunk, its in results if "false_alarms" in its
        },
        "faint": [
            [chunk.parameters["name"], chunk.parameters["arithmetic"], its["least_weight"]]
            for chunk, its in results
            if "least_weight" in its
        ],
        "seed": results[0][0].parameters["seed"] if results else 0,
    }


def _score(found: Found) -> Score:
    return Score(
        tuple(_mutant(one) for one in found["mutants"]),
        dict(found["false_alarms"]),
        {(name, arithmetic): weight for name, arithmetic, weight in found["faint"]},
    )


def _mutant(found: Mapping[str, Any]) -> MutantResult:
    its = found["modules"]  # in no order, and the first that catches counts
    modules = {
        name: ModuleResult(**{**its[name], "families": tuple(its[name]["families"])}) for name in MODULES if name in its
    }
    return MutantResult(**{**found, "modules": modules})


def passed(found: Found) -> bool:
    """Whether every mutant was caught, and nothing that is correct."""
    return _score(found).passed


def show(console: Any, found: Found) -> None:
    """Prints the tables of ``mutants``."""
    score = _score(found)
    names = tuple(one.name for one in score.mutants)
    show_score(console, score, Plan(names, bool(score.false_alarms), bool(score.faint), found["seed"], 1))
