"""Progress of commands in the terminal. It needs rich: `ModuleNotFoundError` where that is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


def progress_bars(console: Console | None = None, unit: str = "") -> Progress:
    """Bars with their description, count and time.

    console   where they are shown and stay; None: on standard error, until they are done
    unit      what is counted
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    units = (TextColumn(unit),) if unit else ()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *units, TimeElapsedColumn())
    return Progress(*columns, console=console or Console(stderr=True), transient=console is None)


def progress_lines() -> Progress:
    """Lines on standard error, until they are done: each task's description, its time, and its field ``line``."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), TimeElapsedColumn(), TextColumn("{task.fields[line]}", markup=False))
    return Progress(*columns, console=Console(stderr=True), transient=True)
