"""The table of verdicts, with as many columns as its width allows: from 80 characters on, each row is one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...contract import FAMILIES as QUANTITY_FAMILIES
from ..result import Result
from ..verdict_cells import arithmetic_of, shown_families, verdict_of, versions_of, worst_of
from . import Table, escape, width_of

NARROWEST = 80
_COLOURS = {"agrees": "green", "not run": "yellow"}
_BESIDE = 3  # characters that a column takes beside its cells: a rule and two spaces
_SHORTEST_NAME = 12


@dataclass(frozen=True)
class Column:
    """A heading and how its cell follows from a result; ``right`` where it is a number."""

    heading: str
    cell: Callable[[Result], str]
    right: bool = True

    def width(self, results: Sequence[Result]) -> int:
        return max(map(width_of, (self.heading, *map(self.cell, results))), default=0)


def verdict_table(results: Sequence[Result], width: int) -> Table:
    """A row for each result, in a table that is no wider than ``width``, if that is 80 or more."""
    columns = chosen_columns(results, width)
    table = Table(title="Recurrent layers against the oracle")
    for column in columns:
        table.add_column(column.heading, justify="right" if column.right else "left", no_wrap=True)
    others = sum(column.width(results) + _BESIDE for column in columns[1:])
    room = max(width - 1 - _BESIDE - others, _SHORTEST_NAME)
    for result in results:
        name, *cells = (column.cell(result) for column in columns)
        *cells, verdict = map(escape, cells)
        colour = _COLOURS.get(result.verdict, "red")
        name = name if width_of(name) <= room else f"{name[: room - 1]}…"
        table.add_row(escape(name), *cells, f"[{colour}]{verdict}[/]")
    return table


def chosen_columns(results: Sequence[Result], width: int) -> Sequence[Column]:
    """The richest of the layouts that fits; the leanest where none does: then names are cut."""
    layouts = _layouts(results)
    for columns in layouts:
        if 1 + sum(column.width(results) + _BESIDE for column in columns) <= width:
            return columns
    return layouts[-1]


def headings(results: Sequence[Result], width: int) -> list[str]:
    """The headings of the table's columns; what has no column is listed below the table."""
    return [column.heading for column in chosen_columns(results, width)]


def _layouts(results: Sequence[Result]) -> list[list[Column]]:
    """What the table may consist of, the richest first."""
    name = Column("implementation", lambda result: f"{result.name} ({result.device})", right=False)
    versions = Column("versions", versions_of, right=False)
    arithmetic = [Column("arithmetic", arithmetic_of, right=False)] if any(r.arithmetic for r in results) else []
    cases = Column("cases", lambda result: f"{result.cases:,}")
    numbers = Column("numbers", lambda result: f"{result.numbers:,}")
    seconds = Column("seconds", lambda result: f"{result.seconds:.0f}")
    verdict = Column("verdict", verdict_of, right=False)
    shown = shown_families(results)
    each = [_worst_column(family, [family]) for family in shown]
    main = [column for column in each if column.heading in QUANTITY_FAMILIES]
    rest = [family for family in shown if family not in QUANTITY_FAMILIES]
    relations, worst = _worst_column("relations", rest), _worst_column("worst", shown)
    return [
        [name, versions, *arithmetic, *each, cases, numbers, seconds, verdict],
        [name, versions, *each, cases, seconds, verdict],
        [name, *each, cases, numbers, seconds, verdict],
        [name, *main, relations, cases, numbers, seconds, verdict],
        [name, *main, relations, cases, seconds, verdict],
        [name, worst, cases, numbers, seconds, verdict],
        [name, worst, cases, seconds, verdict],
    ]


def _worst_column(heading: str, families: Sequence[str]) -> Column:
    return Column(heading, lambda result: worst_of(result, families))
