"""Progress of commands in the terminal. It needs rich: `ModuleNotFoundError` where that is not installed.

Where there is no terminal, a line tells from time to time what is unfinished.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from .heartbeat import heartbeat

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


@contextmanager
def progress_bars(console: Console | None = None, unit: str = "") -> Iterator[Progress]:
    """Bars with their description, count and time.

    console   where they are shown and stay; None: on standard error, until they are done
    unit      what is counted
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    units = (TextColumn(unit),) if unit else ()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *units, TimeElapsedColumn())
    with _lively(Progress(*columns, console=console or Console(stderr=True), transient=console is None)) as progress:
        yield progress


@contextmanager
def progress_lines() -> Iterator[Progress]:
    """Lines on standard error, until they are done: each task's description, its time, and its field ``line``."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), TimeElapsedColumn(), TextColumn("{task.fields[line]}", markup=False))
    with _lively(Progress(*columns, console=Console(stderr=True), transient=True)) as progress:
        yield progress


@contextmanager
def _lively(progress: Progress) -> Iterator[Progress]:
    lines = nullcontext() if progress.console.is_terminal else heartbeat(lambda: unfinished(progress))
    with progress, lines:
        yield progress


def unfinished(progress: Progress) -> str:
    """The tasks that have begun and not ended, each with its count or its line."""
    parts = []
    for task in progress.tasks:
        if task.started and not task.finished and task.stop_time is None:
            count = "" if task.total is None else f" {task.completed:,.0f} of {task.total:,.0f}"
            parts.append(f"{task.description}{count} {task.fields.get('line', '')}".strip())
    return "; ".join(parts) or "still at work"
