"""Signals that end a command in an orderly way: as `KeyboardInterrupt`, so that no process is left behind."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn


def interrupt_on_sigterm() -> None:
    """SIGTERM raises `KeyboardInterrupt`: a CI that cancels a job sends it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def interrupt_on_sigint_and_sigterm() -> None:
    """SIGINT raises it too, even where the command was started in the background of a shell, which ignores SIGINT."""
    interrupt_on_sigterm()
    signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupt_once() -> None:
    """The first SIGINT or SIGTERM raises `KeyboardInterrupt`, whose argument is its number; no other one does anything.

    So what is known can be written then, within the seconds that a CI leaves.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def ignore_interrupts() -> None:
    """SIGINT and SIGTERM do nothing from here on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    ignore_interrupts()
    raise KeyboardInterrupt(number)
