"""What a run prints with: rich, or plain text where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

try:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
except ModuleNotFoundError:
    if not TYPE_CHECKING:  # the stand-ins take what a run gives them, and no more
        from .plain_text import Console, Table, escape

__all__ = ["Console", "Table", "escape", "progress_on"]


@contextmanager
def progress_on(console: Console) -> Iterator[Any]:
    """A progress display of rich's, each bar with its description, count of cases and time; None without rich."""
    try:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    except ModuleNotFoundError:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("cases"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield progress
