"""A run in the terminal: failures, the table of verdicts, and lists of what the table has no room for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .result import FAMILIES, Result
from .terminal import Console, Table, escape
from .time_accounts import time_accounts_table


def print_results(console: Console, results: Sequence[Result], absent: dict[str, str]) -> None:
    """Prints failures, the table, what was not run and why, and the known divergences."""
    for result in results:
        for test, message in result.failures.items():
            console.rule(f"[red]{result.name}: {escape(test)}")
            console.print(escape(message), highlight=False, soft_wrap=True)
        if result.verdict in ("CRASHED", "MISDECLARED"):
            console.rule(f"[red]{result.name}")
            console.print(escape(result.why), highlight=False, soft_wrap=True)
    console.print(_verdict_table(results))
    console.print(
        "Figures: the worst error in units of its bound (1 would be a disagreement); "
        "– : nothing of the kind is exposed.",
        highlight=False,
    )
    _listing(console, "Options tried", {result.name: _tried(result) for result in results if result.coverage})
    lines = {f"{device}": why for device, why in absent.items()}
    for result in results:
        if result.verdict == "not run":
            lines[result.name] = result.why
        for family, found in result.families.items():
            if found["undecided"]:
                lines[f"{result.name}: {found['undecided']:,.0f} numbers of {family}"] = (
                    "nothing to compare: the error may grow past every number, so their bound is infinite"
                )
        for why in dict.fromkeys(result.not_run.values()):
            alike = [what for what, its in result.not_run.items() if its == why]
            lines[f"{result.name}: {'; '.join(alike)}"] = why
    _listing(console, "Not run", lines)
    _listing(
        console,
        "Declares a coarser arithmetic than its errors show",
        {
            f"{result.name}: {what}": f"the errors are {size:.2g} deviations in the mean; faithful ones 0.1 to 1"
            for result in results
            for what, size in result.coarser.items()
        },
    )
    _listing(
        console,
        "Called again, and not the same bit for bit",
        {
            f"{result.name}: {what}": f"{its['unlike']} of {its['calls']} times"
            for result in results
            for what, its in result.repeated.items()
            if its["unlike"]
        },
    )
    _listing(
        console,
        "Known divergences, each still there, and held to what is known of it",
        {
            f"{result.name}: {name}, in {result.divergent_cases.get(name, 0)} cases": summary
            for result in results
            for name, summary in result.divergences.items()
        },
    )
    accounts = {result.name: result.accounts for result in results if result.accounts}
    if accounts:
        console.print(time_accounts_table(accounts))


def _verdict_table(results: Sequence[Result]) -> Table:
    table = Table(title="Recurrent layers against the oracle")
    table.add_column("implementation", no_wrap=True)
    table.add_column("versions")
    families = shown_families(results)
    for family in families:
        table.add_column(family, justify="right", no_wrap=True)
    for name in ("cases", "numbers", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    colours = {"agrees": "green", "not run": "yellow"}
    for result in results:
        found = result.families
        colour = colours.get(result.verdict, "red")
        known = f" +{len(result.divergences)} known" if result.divergences else ""
        table.add_row(
            f"{result.name} ({result.device})",
            ", ".join(f"{package} {version}" for package, version in result.versions.items()),
            *(f"{found[name]['worst']:.2g}" if name in found else "–" for name in families),
            f"{result.cases:,}",
            f"{result.numbers:,}",
            f"{result.seconds:.0f}",
            f"[{colour}]{result.verdict}[/]{known}",
        )
    return table


def shown_families(results: Sequence[Result]) -> list[str]:
    """The families that are columns of the table: ``devices`` only where something was compared between devices."""
    return [name for name in FAMILIES if name != "devices" or any(name in result.families for result in results)]


def _listing(console: Console, title: str, lines: dict[str, str]) -> None:
    if lines:
        console.print(f"\n[bold]{title}[/]")
        for what, why in lines.items():
            console.print(f"  {escape(what)}: {escape(why)}", highlight=False, soft_wrap=True)


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
