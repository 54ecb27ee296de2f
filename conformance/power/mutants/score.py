"""The score: as tables, as a picture, as JSON."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...common.atomic import write_atomically, write_figure
from ...implementations.finding import offered
from . import GROUPS
from .checks import MODULES
from .faint_faults import WEIGHTS
from .measuring import MutantResult, as_json
from .running import Plan, Score

PARTS = ("forward", "gradients", "corpus", *offered("published_cases"))


def show(console: Console, score: Score, plan: Plan) -> None:
    """Prints every mutant, the score by group, what each module is worth, faint faults, and false alarms."""
    console.print(_each(score.mutants))
    console.print(_by_group(score.mutants))
    console.print(_by_module(score.mutants))
    for name, only in caught_by_no_other(score.mutants).items():
        if only:
            console.print(f"without {name}: {', '.join(only)}", highlight=False, soft_wrap=True)
    if score.faint:
        console.print(_faint(score))
    wrong = {name: messages for name, messages in score.false_alarms.items() if messages}
    console.print(
        f"{len(score.false_alarms)} correct implementations written differently: "
        f"{', '.join(score.false_alarms)}; {len(wrong)} false alarms",
        highlight=False,
        soft_wrap=True,
    )
    for name, messages in wrong.items():
        console.print(escape(f"  {name}: {'; '.join(messages)}"), highlight=False, soft_wrap=True)
    console.print(summary(score, plan), highlight=False, soft_wrap=True)


def summary(score: Score, plan: Plan) -> str:
    """The score in a sentence, with what it was measured with."""
    until = [each.cost_until_caught() for each in score.mutants if each.caught_first_by]
    caught = f"{len(until)} of {len(score.mutants)} mutants caught by the quick profile"
    if until:
        cases, seconds = (median(numbers) for numbers in zip(*until, strict=True))
        caught += f", the median after {cases:g} cases and {seconds:.2g} seconds"
    survivors = f"; survived: {', '.join(score.survivors)}" if score.survivors else ""
    used = ", ".join(f"{name} {number}" for name, number in versions().items())
    return f"{caught}{survivors} (seed {plan.seed}, {used}, {datetime.now(UTC):%Y-%m-%d})"


def versions() -> dict[str, str]:
    """What a score depends on."""
    return {"CPython": platform.python_version()} | {name: version(name) for name in ("numpy", "hypothesis")}


def caught_by_no_other(mutants: Sequence[MutantResult]) -> dict[str, list[str]]:
    """Each module, and the mutants that it alone catches: what leaving it out would cost."""
    catching = {each.name: [module for module, result in each.modules.items() if result.caught] for each in mutants}
    return {module: [name for name, its in catching.items() if its == [module]] for module in MODULES}


def _each(mutants: Sequence[MutantResult]) -> Table:
    table = Table(title="What caught each mutant first")
    for column in ("mutant", "caught by", "cases", "seconds", *PARTS, "what it said"):
        table.add_column(column, justify="right" if column in ("cases", "seconds") else "left", no_wrap=True)
    for each in mutants:
        cases, seconds = each.cost_until_caught()
        by = each.modules.get(each.caught_first_by)
        caught = f"{each.caught_first_by}, {by.caught}" if by else "nothing"
        message = by.message.splitlines()[0] if by and by.message else ""
        parts = ({True: "yes", False: "no", None: "not run"}[each.caught_alone[part]] for part in PARTS)
        table.add_row(each.name, caught, str(cases), f"{seconds:.2f}", *parts, escape(message[:70]))
    return table


def _by_group(mutants: Sequence[MutantResult]) -> Table:
    table = Table(title="The score, and what a part of the suite would catch alone")
    for column in ("group", "mutants", "caught", "median cases", "most", *(f"{part} alone" for part in PARTS)):
        table.add_column(column, justify="left" if column == "group" else "right")
    for name, its in _groups(mutants):
        until = [each.cost_until_caught()[0] for each in its if each.caught_first_by]
        parts = (_sum([each.caught_alone[part] for each in its]) for part in PARTS)
        middle = (f"{median(until):g}", str(max(until))) if until else ("–", "–")
        table.add_row(name, str(len(its)), str(len(until)), *middle, *parts)
    return table


def _groups(mutants: Sequence[MutantResult]) -> Iterator[tuple[str, Sequence[MutantResult]]]:
    for group in GROUPS:
        its = [each for each in mutants if each.group == group]
        if its:
            yield group, its
    yield "all", mutants


def _sum(caught: Sequence[bool | None]) -> str:
    return "not run" if None in caught else str(sum(map(bool, caught)))


def _by_module(mutants: Sequence[MutantResult]) -> Table:
    table = Table(title="Each module of the suite alone")
    for column in ("module", "catches", "first", "no other does"):
        table.add_column(column, justify="left" if column == "module" else "right")
    only = caught_by_no_other(mutants)
    for module in MODULES:
        catches = sum(bool(each.modules[module].caught) for each in mutants)
        first = sum(each.caught_first_by == module for each in mutants)
        table.add_row(module, str(catches), str(first), str(len(only[module])))
    return table


def caught_by_weight(score: Score) -> dict[str, dict[float, tuple[int, int]]]:
    """Arithmetic to weight to how many are caught, of how many that can be shown faintly: those caught at weight 1."""
    found = {}
    for arithmetic, weights in WEIGHTS.items():
        least = [weight for (_, its), weight in score.faint.items() if its == arithmetic and weight is not None]
        found[arithmetic] = {w: (sum(one <= w for one in least), len(least)) for w in weights}
    return found


def _faint(score: Score) -> Table:
    table = Table(title="Forward faults, blended in faintly")
    weights = sorted({weight for its in WEIGHTS.values() for weight in its}, reverse=True)
    for column in ("arithmetic", *(f"{weight:g}" for weight in weights)):
        table.add_column(column, justify="left" if column == "arithmetic" else "right")
    for arithmetic, its in caught_by_weight(score).items():
        cells = (f"{its[w][0]} of {its[w][1]}" if w in its else "–" for w in weights)
        table.add_row(arithmetic, *cells)
    return table


def plot(score: Score, path: Path) -> None:
    """The share of faint faults that is caught, against their weight. Needs matplotlib."""
    from matplotlib.figure import Figure  # an optional extra: pip install 'rnn-conformance[plot]'

    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    for arithmetic, its in caught_by_weight(score).items():
        shares = [100 * caught / max(among, 1) for caught, among in its.values()]
        axes.plot(list(its), shares, "o-", label=arithmetic)
        for weight, share in zip(its, shares, strict=True):
            axes.annotate(
                f"{share:.0f}", (weight, share), (0, -12), textcoords="offset points", ha="center", fontsize=8
            )
    axes.set(xscale="log", ylim=(0, 105), xlabel="weight of the fault", ylabel="caught, %")
    axes.invert_xaxis()
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    write_figure(path, figure, dpi=120)


def write_json(path: Path, score: Score, plan: Plan) -> None:
    """Writes the whole score, atomically."""
    content: Mapping[str, Any] = {
        "format": 1,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "seed": plan.seed,
        "profile": "quick",
        "passed": score.passed,
        "mutants": as_json(score.mutants),
        "without": caught_by_no_other(score.mutants),
        "faint": [
            {"name": name, "arithmetic": arithmetic, "least_weight_caught": weight}
            for (name, arithmetic), weight in score.faint.items()
        ],
        "false_alarms": score.false_alarms,
    }
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
