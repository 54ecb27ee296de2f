"""Signals that end a command in an orderly way: as `KeyboardInterrupt`, so that no process is left behind."""

from __future__ import annotations

import signal


def interrupt_on_sigterm() -> None:
    """SIGTERM raises `KeyboardInterrupt`: a CI that cancels a job sends it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def interrupt_on_sigint_and_sigterm() -> None:
    """SIGINT raises it too, even where the command was started in the background of a shell, which ignores SIGINT."""
    interrupt_on_sigterm()
    signal.signal(signal.SIGINT, signal.default_int_handler)
