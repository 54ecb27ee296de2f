"""A study, put together: every implementation and dtype shared out over processes, and what they found."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...common.temporary import temporary_folder
from ...running.events import event_kinds
from ...running.processes import RecordedProcess, poll_until_done

CHUNK = 5000  # cases of one process: Keras alone takes seconds to start


@dataclass
class Study:
    """What was found of one implementation in one dtype.

    worst    kind of cell and family of quantities, to each case's worst error in units of its bound
    measured family of quantities to how many errors were compared with their deviations, and the sum of the squares of
             the ratios
    farthest each case's greatest error in deviations, of a dozen samples
    seen     target to triples: how the case is drawn, the least relative change that is seen, -1 where none is, and
             whether one of the size that the project wants to see was seen, None where it was not asked
    seconds  the processor's, spent on the oracle's runs and gradients of some of the cases, and on their deviations
    alarms   number of the case to what was said
    broken   what processes said that did not come to their end
    """

    implementation: str
    dtype: str
    asked: int
    versions: dict[str, str] = field(default_factory=dict)
    cases: int = 0
    numbers: int = 0
    undecided: int = 0
    worst: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    measured: dict[str, tuple[float, float]] = field(default_factory=dict)
    farthest: list[float] = field(default_factory=list)
    seen: dict[str, list[tuple[str, float, bool | None]]] = field(default_factory=lambda: defaultdict(list))
    seconds: tuple[float, float] = (0.0, 0.0)
    alarms: dict[int, str] = field(default_factory=dict)
    not_run: str = ""
    broken: list[str] = field(default_factory=list)

    def take(self, event: dict[str, Any]) -> None:
        """Takes in one line of a worker's record."""
        if event["event"] == "not run":
            self.not_run = event["why"]
        elif event["event"] == "versions":
            self.versions = event["versions"]
        else:
            self.cases += event["cases"]
            self.numbers += event["numbers"]
            self.undecided += event["undecided"]
            oracle, bounds = event["seconds"]
            self.seconds = (self.seconds[0] + oracle, self.seconds[1] + bounds)
            for family, ratios in event["worst"].items():
                self.worst[event["kind"], family] += ratios
            for family, (count, squares) in event["measured"].items():
                before = self.measured.get(family, (0, 0.0))
                self.measured[family] = before[0] + count, before[1] + squares
            self.farthest += event["farthest"]
            for target, faults in event["seen"].items():
                self.seen[target] += [(manner, least, at_bar) for manner, least, at_bar in faults]
            self.alarms |= {alarm["case"]: alarm["message"] for alarm in event["alarms"]}


class Chunk(RecordedProcess):
    """Some of a study's cases, and the process that judges them."""

    def __init__(self, study: Study, first: int, count: int, faults: bool, record: Path) -> None:
        super().__init__(event_kinds("not run", "versions", "group"), record)
        self.study = study
        self.first = first
        self.count = count
        self.faults = faults

    def start(self, seed: int) -> None:
        """Judges its cases."""
        name = self.study.implementation
        what = "faults" if self.faults else "alarms"
        which = (name, self.study.dtype, seed, self.first, self.count, what, self.record)
        self.launch_worker("conformance.power.tolerance_study.worker", which, name)

    def take(self) -> None:
        """Takes in the record's new lines."""
        for event in self.new_events():
            self.study.take(event)
        if self.spoiled and self.spoiled not in self.study.broken:
            self.study.broken.append(self.spoiled)


def study(
    wanted: Sequence[tuple[str, str, int]],
    seed: int,
    jobs: int,
    watch: Callable[[Sequence[Study]], None],
    faults: bool = True,
    kept: Path | None = None,
) -> list[Study]:
    """Studies each implementation and dtype on so many cases; interrupted, it gives what was found so far.

    faults   whether it is asked which faults would be seen, which takes many more calls
    kept     a folder that keeps the records; the same study with the same folder goes on where it was stopped
    """
    studies = [Study(name, dtype, count) for name, dtype, count in wanted]
    with temporary_folder("conformance-study-") as folder:
        chunks = [
            Chunk(one, first, min(CHUNK, one.asked - first), faults, (kept or folder) / record)
            for one in studies
            for first in range(0, one.asked, CHUNK)
            for record in [_record_of(one, seed, first, min(CHUNK, one.asked - first), faults)]
        ]
        try:
            for running in poll_until_done(deque(chunks), jobs, lambda chunk: chunk.start(seed)):
                for chunk, ended in running:
                    chunk.take()
                    if ended and chunk.status:
                        chunk.study.broken.append(
                            f"status {chunk.status} in the cases from {chunk.first} on: {chunk.log_tail}"
                        )
                watch(studies)
        except KeyboardInterrupt:
            for chunk in chunks:
                chunk.take()
            for one in studies:
                if any(chunk.study is one and chunk.status != 0 for chunk in chunks):
                    one.broken.append(f"interrupted after {one.cases} of {one.asked} cases")
        finally:
            for chunk in chunks:
                chunk.stop()
    return studies


def _record_of(one: Study, seed: int, first: int, count: int, faults: bool) -> str:
    """The name of a chunk's record: all that its cases, and what is asked of them, follow from."""
    name = re.sub(r"[^\w-]+", "-", one.implementation)
    return f"{name}-{one.dtype}-seed-{seed}-{'faults' if faults else 'alarms'}-{first}-to-{first + count - 1}.jsonl"
