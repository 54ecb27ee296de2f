"""The limit of a call, kept inside of the process: a call that exceeds it ends the process, with what was asked.

A thread watches. Where the call keeps the interpreter to itself, no thread runs, and the run sees that by the silence
(`conformance.suite.runner`): this thread is heard of every few seconds.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from ..running.events import Record, append_event

NO_ANSWER = 75
"""The exit status of a process that has ended itself: EX_TEMPFAIL of sysexits.h."""
CALLS_WITHOUT_PROGRESS = 5  # limits of a call that may pass without one, and without an event
_COMPOSING = 60.0  # seconds for the script


def seconds_between_signs(limit: float) -> float:
    """How often a process is heard of at least."""
    return min(5.0, limit / 4)


class CallLimit:
    """Ends the process where a call takes more than ``limit`` seconds, or where nothing happens for five times as long.

    script   what gives the script of the case that was asked; empty where there is none
    """

    def __init__(self, record: Record | None, limit: float) -> None:
        self.script: Callable[[object], str] = lambda what: ""
        self._record, self._limit = record, limit
        self._call: tuple[float, object] | None = None
        self._progress = time.monotonic()
        append_event(record, event="alive")
        threading.Thread(target=self._watch, daemon=True).start()

    @contextmanager
    def around(self, what: object) -> Iterator[None]:
        """A call: what is asked, a case or in words."""
        append_event(self._record, event="call", what=repr(what)[:2000])
        before, self._call = self._call, (time.monotonic(), what)
        try:
            yield
        finally:
            self._call = before
            self._progress = time.monotonic()

    def _watch(self) -> None:
        heard = time.monotonic()
        while True:
            time.sleep(min(0.2, self._limit / 10))
            now, call = time.monotonic(), self._call
            if call is not None and now - call[0] > self._limit:
                self._end(call[1], self._limit)
            if now - self._progress > CALLS_WITHOUT_PROGRESS * self._limit:
                self._end("nothing: no call was made, and nothing was reported", CALLS_WITHOUT_PROGRESS * self._limit)
            if now - heard > seconds_between_signs(self._limit):
                heard = now
                append_event(self._record, event="alive")

    def _end(self, what: object, seconds: float) -> NoReturn:
        append_event(self._record, event="no answer", seconds=seconds, what=repr(what)[:2000], script="")
        threading.Timer(_COMPOSING, os._exit, (NO_ANSWER,)).start()
        with suppress(Exception):
            append_event(
                self._record, event="no answer", seconds=seconds, what=repr(what)[:2000], script=self.script(what)
            )
        os._exit(NO_ANSWER)
