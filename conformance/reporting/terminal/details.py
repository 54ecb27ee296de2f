"""What the table has no room for: lists of what was tried, what was not run and why, and the known divergences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..classes_tried import in_words
from ..result import Result
from . import Console, escape
from .time_accounts import time_accounts_table

Lines = Mapping[str, str]


def print_details(console: Console, results: Sequence[Result]) -> None:
    """Prints each list that is not empty."""
    print_list(console, "Options tried", {result.name: _tried(result) for result in results if result.coverage})
    print_list(
        console,
        "Sizes, numbers, losses and masks tried",
        {f"{result.name}: {name}": in_words(met) for result in results for name, met in result.classes.items()},
    )
    print_list(console, "Not run in part", _not_run(results))
    print_list(
        console,
        "Called again, and not the same bit for bit",
        {
            f"{result.name}: {what}": f"{its['unlike']} of {its['calls']} times"
            for result in results
            for what, its in result.repeated.items()
            if its["unlike"]
        },
    )
    print_list(
        console,
        "Known divergences, each still there, and held to what is known of it",
        {
            f"{result.name}: {name}, in {result.divergent_cases.get(name, 0)} cases": summary
            for result in results
            for name, summary in result.divergences.items()
        },
    )


def print_time_accounts(console: Console, results: Sequence[Result]) -> None:
    """Prints where the time went, where accounts were kept."""
    accounts = {result.name: result.accounts for result in results if result.accounts}
    if accounts:
        console.print(time_accounts_table(accounts))


def print_list(console: Console, title: str, lines: Lines) -> None:
    """Prints a heading and a line for each item; nothing where there is none."""
    if lines:
        console.print(f"\n[bold]{title}[/]")
        for what, why in lines.items():
            console.print(f"  {escape(f'{what}: {why}')}", highlight=False, soft_wrap=True)


def _not_run(results: Sequence[Result]) -> Lines:
    lines = {}
    for result in results:
        for family, found in result.families.items():
            if found["undecided"]:
                lines[f"{result.name}: {found['undecided']:,.0f} numbers of {family}"] = (
                    "chaotic: sampled evaluations come apart there, and the proven bound is infinite"
                )
        for why in dict.fromkeys(result.not_run.values()):
            alike = [what for what, its in result.not_run.items() if its == why]
            lines[f"{result.name}: {'; '.join(alike)}"] = why
    return lines


def _tried(result: Result) -> str:
    """How much of the option space was covered, and how many combinations are refused."""
    words = {"combinations": "combinations of options", "tuples": "triples of option values"}
    parts = [
        f"{its['covered']:,} of {its['valid']:,} {words[name]} ({percentage(its['covered'], its['valid'])})"
        for name, its in result.coverage.items()
    ]
    refused = sum(result.refused.values())
    return ", ".join(parts) + (f"; {refused:,} more are refused, as declared" if refused else "")


def percentage(covered: int, valid: int) -> str:
    """A percentage, rounded down: only the whole is 100 %."""
    return f"{math.floor(1000 * covered / max(valid, 1)) / 10:g} %"
