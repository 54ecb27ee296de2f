"""The console that a command writes its tables to."""

from __future__ import annotations

import signal

from ..reporting.terminal import Console


def console_of(width: int) -> Console:
    """The terminal; where the output is none, a console so wide that no table is cut."""
    console = Console(emoji=False)
    return console if console.is_terminal else Console(width=width, emoji=False)


def interrupt_by_signals() -> None:
    """SIGINT and SIGTERM raise `KeyboardInterrupt`: also where a shell in the background has SIGINT ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
