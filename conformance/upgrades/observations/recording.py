"""A record, made: each implementation in a process of its own, and in another where it takes that one down."""

from __future__ import annotations

import datetime
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...implementations.finding import source_of
from ...running.processes import ONE_THREAD, WITHOUT_GPU, Recorded, environment, in_turn
from .record import Answer, Observation, Record, decoded_answer


class Asked(Recorded):
    """One implementation that is asked every question, and what it has answered so far."""

    def __init__(self, name: str, folder: Path, number: int) -> None:
        super().__init__(folder / f"{number}.jsonl", folder / f"{number}.log")
        self.name = name
        self.questions = 0
        self.answers: list[Answer] = []
        self._about: dict[str, Any] = {}
        self._more: dict[str, Any] = {}
        self._pending: dict[str, Any] = {}
        self._not_run = ""

    def start(self) -> None:
        """Asks from the first question on that has no answer."""
        command = [sys.executable, "-W", "ignore", "-m", "conformance.upgrades.observations.worker", self.name]
        variables = environment(**ONE_THREAD | WITHOUT_GPU | dict(source_of(self.name).environment))
        self.begin([*command, str(len(self.answers)), str(self.record)], variables)

    def take(self) -> None:
        """Takes in what the process has told since."""
        for line in self.told():
            event = line.pop("event")
            if event == "not run":
                self._not_run = line["why"]
            elif event == "about":
                self.questions = line.pop("questions")
                self._about = line
            elif event == "asked":
                self._pending = line
            elif event == "gave":
                self._answer(line)
            else:
                self._more[event] = line.get("found")

    def goes_on(self) -> bool:
        """Whether its process has died of a question, which is the answer to it, and others are left."""
        if self.status == 0 or self._not_run:
            return False
        if not self._pending:
            self._not_run = f"its process ended with status {self.status}: {' / '.join(self.last_lines)}"
            return False
        died = {"type": "ProcessEnded", "message": f"status {self.status}"}
        self._answer({"path": "", "values": {}, "raised": died})
        return True

    def observation(self) -> Observation:
        """All that came of it."""
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


def record_of(names: Sequence[str], jobs: int, watch: Callable[[Sequence[Asked]], None]) -> Record:
    """What the implementations of these names answer here, so many of them at a time; interrupted, no process stays."""
    with tempfile.TemporaryDirectory(prefix="record-") as folder:
        everyone = [Asked(name, Path(folder), number) for number, name in enumerate(names)]
        waiting = deque(everyone)
        try:
            for running in in_turn(waiting, jobs, Asked.start):
                for one, ended in running:
                    one.take()
                    if ended and one.goes_on():
                        waiting.append(one)
                watch(everyone)
        finally:
            for one in everyone:
                one.stop()
    return tuple(one.observation() for one in everyone)
