"""One failure of each kind, on one screen at most; or all of them in full."""

from __future__ import annotations

from collections.abc import Sequence

from ..failure_kinds import kinds_of
from ..result import Result
from . import Console, escape

_KINDS_SHOWN = 5  # of an implementation; of the others the first line
_TESTS_NAMED = 3


def print_failures(console: Console, results: Sequence[Result], lines: int, width: int) -> None:
    """Prints one of each kind, in at most so many lines of that width; the rest of a kind is counted."""
    for result in results:
        if result.why and result.verdict != "not run":
            console.rule(f"[red]{escape(result.name)}[/]")
            _print_screen(console, result.why, lines, width)
        kinds = kinds_of(result.failures)
        for kind in kinds[:_KINDS_SHOWN]:
            console.rule(f"[red]{escape(f'{result.name}: {kind.tests[0]}')}[/]")
            _print_screen(console, kind.message, lines - 3, width)
            more = kind.tests[1:]
            if more:
                names = ", ".join(more[:_TESTS_NAMED]) + (", …" if len(more) > _TESTS_NAMED else "")
                console.print(escape(f"the same ({kind.what}) in {len(more)} more: {names}"[:width]), highlight=False)
        for kind in kinds[_KINDS_SHOWN:]:
            console.print(escape(f"{result.name}: {kind.what}, in {len(kind.tests)} tests"[:width]), highlight=False)


def print_failures_in_full(console: Console, results: Sequence[Result]) -> None:
    """Prints every message whole."""
    for result in results:
        for test, message in result.failures.items():
            console.rule(f"[red]{escape(f'{result.name}: {test}')}[/]")
            console.print(escape(message), highlight=False, soft_wrap=True)
        if result.why and result.verdict != "not run":
            console.rule(f"[red]{escape(result.name)}[/]")
            console.print(escape(result.why), highlight=False, soft_wrap=True)


def _print_screen(console: Console, message: str, lines: int, width: int) -> None:
    """Prints the beginning of a message; its lines are cut at the width, so that each is one on the screen."""
    printed = message.splitlines()
    shown = printed if len(printed) <= lines else printed[: lines - 1]
    for line in shown:
        cut = line if len(line) <= width else f"{line[: width - 1]}…"
        console.print(escape(cut), highlight=False, soft_wrap=True)
    if len(shown) < len(printed):
        console.print(f"… {len(printed) - len(shown)} more lines", highlight=False)
