"""A sign of life of commands that take long and show no moving bar: a CI may end what is silent."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 20.0
"""After so long without a word, a line says what goes on."""


@contextmanager
def heartbeat(what: Callable[[], str], seconds: float = SECONDS) -> Iterator[None]:
    """While it lasts, a line on standard error every so often, with what ``what`` says."""
    began, ended = time.monotonic(), threading.Event()

    def beat() -> None:
        while not ended.wait(seconds):
            print(f"after {time.monotonic() - began:.0f} s: {what()}", file=sys.stderr, flush=True)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
