"""A run in the terminal: five lines, the table, one failure of each kind; and with ``verbose`` all that was found."""

from __future__ import annotations

from collections.abc import Sequence

from ..result import Result
from ..summary import summary_lines
from ..verdict_cells import arithmetic_of
from . import Console, escape
from .details import print_details, print_list, print_time_accounts
from .failures import print_failures, print_failures_in_full
from .verdict_table import NARROWEST, headings, verdict_table

_LINES = 40  # of a screen, where there is no terminal
_FEWEST_LINES = 12


def print_results(console: Console, results: Sequence[Result], absent: dict[str, str], verbose: bool = False) -> None:
    """Prints the run; a run that is not ``verbose`` says where the rest is.

    absent   what was not run as a whole, to the reason
    """
    width = max(console.width, NARROWEST)
    for line in summary_lines(results, absent):
        console.print(escape(line), highlight=False, soft_wrap=True)
    console.print(verdict_table(results, width))
    shown = headings(results, width)
    if "versions" not in shown:
        console.print(escape(f"Versions: {_versions(results)}"), highlight=False)
    if "arithmetic" not in shown:
        print_list(
            console,
            "Declares an arithmetic of its own, and is judged by that one's bounds",
            {result.name: arithmetic_of(result) for result in results if result.arithmetic},
        )
    console.print(
        "Figures: the worst error in units of its limit (1 would be a disagreement); "
        "– : nothing of the kind is exposed.",
        highlight=False,
    )
    print_list(
        console,
        "Declares a coarser arithmetic than its errors show",
        {
            f"{result.name}: {what}": f"the errors are {size:.2g} deviations in the mean; faithful ones 0.1 to 1"
            for result in results
            for what, size in result.coarser.items()
        },
    )
    whole = absent | {result.name: result.why for result in results if result.verdict == "not run"}
    print_list(console, "Not run", whole)
    if verbose:
        print_details(console, results)
        print_failures_in_full(console, results)
    else:
        lines = max(console.height, _FEWEST_LINES) if console.is_terminal else _LINES
        print_failures(console, results, lines, width)
    print_time_accounts(console, results)


def _versions(results: Sequence[Result]) -> str:
    """Each package and version once."""
    found = {f"{package} {version}" for result in results for package, version in result.versions.items()}
    return ", ".join(sorted(found)) or "none"
