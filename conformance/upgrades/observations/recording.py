"""Making a record: each implementation answers in a process of its own, and in a new one when it crashes that."""

from __future__ import annotations

import datetime
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from ...running.events import event_kinds
from ...running.processes import RecordedProcess, poll_until_done
from .record import Answer, Observation, Record, decoded_answer

_BESIDE_CALLS = 10  # limits of a call that imports, known divergences and timings may take
_EVENTS = ("not run", "about", "asked", "gave", "divergences", "speed", "end")


class ImplementationRecorder(RecordedProcess):
    """The process that puts every question to one implementation, and the answers so far."""

    def __init__(self, name: str) -> None:
        super().__init__(event_kinds(*_EVENTS))
        self.name = name
        self.questions = 0
        self.answers: list[Answer] = []
        self._about: dict[str, Any] = {}
        self._more: dict[str, Any] = {}
        self._pending: dict[str, Any] = {}
        self._not_run = ""
        self._ended = False
        self._heard, self._silent = 0.0, 0.0

    def start(self) -> None:
        """Starts the process at the first question that has no answer."""
        arguments = (self.name, len(self.answers), self.record)
        self._heard, self._silent = time.monotonic(), 0.0
        self.launch_worker("conformance.upgrades.observations.worker", arguments, self.name)

    def read_events(self) -> None:
        """Reads what the process has reported since the last call."""
        for line in self.new_events():
            event, self._heard = line.pop("event"), time.monotonic()
            if event == "not run":
                self._not_run = line["why"]
            elif event == "about":
                self.questions = line.pop("questions")
                self._about = line
            elif event == "asked":
                self._pending = line
            elif event == "gave":
                self._answer(line)
            elif event == "end":
                self._ended = True
            else:
                self._more[event] = line.get("found")

    def end_if_silent(self, limit: float) -> None:
        """Ends the process where a question has had no answer for so many seconds, or anything else for ten times."""
        most = limit if self._pending else _BESIDE_CALLS * limit
        if self.status is None and time.monotonic() - self._heard > most:
            self._silent = most
            self.stop()

    def must_restart(self) -> bool:
        """Whether its process crashed on a question; then the crash is the answer, and a new process goes on."""
        if self.spoiled:
            self._not_run = f"its record is spoiled: {self.spoiled}"
        if (self.status == 0 and self._ended) or self._not_run:
            return False
        if not self._pending:
            ended = f"its process ended with status {self.status}: {' / '.join(self.log_tail)}"
            self._not_run = f"it was not heard of for {self._silent:g} s" if self._silent else ended
            return False
        how = f"no answer in {self._silent:g} s" if self._silent else f"status {self.status}"
        crash = {"type": "ProcessEnded", "message": how}
        self._answer({"path": "", "values": {}, "raised": crash})
        return True

    def observation(self) -> Observation:
        """The observation, from all that was reported."""
        about = self._about or {"implementation": self.name, "versions": {}, "machine": {}}
        return Observation(
            **about,
            recorded=datetime.datetime.now(datetime.UTC).date().isoformat(),
            divergences=self._more.get("divergences", {}),
            speed=self._more.get("speed", {}),
            answers=tuple(self.answers),
            not_run=self._not_run,
        )

    def _answer(self, line: dict[str, Any]) -> None:
        self.answers.append(decoded_answer(self._pending | line))
        self._pending = {}


def record_implementations(
    names: Sequence[str], jobs: int, watch: Callable[[Sequence[ImplementationRecorder]], None], call_timeout: float
) -> Record:
    """Records the implementations of these names, ``jobs`` at a time; leaves no process behind when interrupted.

    A call that takes longer than so many seconds is ended, and that is its answer.
    """
    recorders = [ImplementationRecorder(name) for name in names]
    waiting = deque(recorders)
    try:
        for running in poll_until_done(waiting, jobs, ImplementationRecorder.start):
            for one, ended in running:
                one.read_events()
                one.end_if_silent(call_timeout)
                if ended and one.must_restart():
                    waiting.append(one)
            watch(recorders)
    finally:
        for one in recorders:
            one.stop()
    return tuple(one.observation() for one in recorders)
