"""The console that a command writes its tables to, and lines of plain text."""

from __future__ import annotations

import os

from ..reporting.terminal import Console


def console_of(width: int) -> Console:
    """The terminal; for a file or a pipe a console of this width, so that no table is cut, or of ``COLUMNS``."""
    console = Console(emoji=False)
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=width, emoji=False)


def say(console: Console, text: str, *, soft_wrap: bool = False) -> None:
    """A line as it is: brackets in names and paths are no markup, and numbers no colours."""
    console.print(text, highlight=False, markup=False, soft_wrap=soft_wrap)
