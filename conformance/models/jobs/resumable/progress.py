"""A progress bar with the loss and the time left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class ProgressBar:
    """One bar of a job: how much is done, and the loss there."""

    def __init__(self, progress: Progress, description: str, total: int, done: int, unit: str) -> None:
        self._progress = progress
        self._task = progress.add_task(description, total=total, completed=done, loss="", unit=unit)

    def advance_to(self, done: int, loss: float | None = None) -> None:
        """Shows that so much is done, and the loss there."""
        message = "" if loss is None else f"loss {loss:.4f}"
        self._progress.update(self._task, completed=done, loss=message)

    def on_event(self, event: Mapping[str, Any]) -> None:
        """`advance_to`, from an event of a framework's process."""
        self.advance_to(event["done"], event.get("loss"))


@contextmanager
def progress_bar(
    console: Console, description: str, total: int, done: int = 0, unit: str = "batches"
) -> Iterator[ProgressBar]:
    """A bar while the block runs; it goes away afterwards, and shows only on a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TextColumn("{task.fields[loss]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield ProgressBar(progress, description, total, done, unit)
