"""The console that a command writes its tables to."""

from __future__ import annotations

from ..reporting.terminal import Console


def console_of(width: int) -> Console:
    """The terminal; where the output goes to a file or a pipe, a console of this width, so that no table is cut."""
    console = Console(emoji=False)
    return console if console.is_terminal else Console(width=width, emoji=False)
