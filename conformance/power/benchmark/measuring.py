"""Timing contestants side by side: one process each, and each round all of them in turn, so that noise meets all."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from ...cases.workload import Work
from ...common.temporary import temporary_folder
from ...implementations.oracle.timed import Product
from ...implementations.timing import ORACLE, PRODUCT, contestant
from ...running.processes import THREAD_VARIABLES, WITHOUT_GPU, log_tail, subprocess_environment

_LEAST_SECONDS = 0.01  # of what is timed at once: shorter calls are repeated


@dataclass
class Result:
    """What was measured of one work.

    seconds   contestant to the seconds of a call, one for each round
    peaks     contestant to the bytes that a call adds to its process at most
    not_run   contestant to the reason
    product   the matrix product's operations a second, one for each round
    """

    work: Work
    seconds: dict[str, list[float]] = field(default_factory=dict)
    peaks: dict[str, int | None] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)
    product: list[float] = field(default_factory=list)

    def ratio(self, other: str) -> tuple[float, float, float] | None:
        """Lower quartile, median and upper quartile of the oracle's time over the other's, round by round."""
        if other not in self.seconds or ORACLE not in self.seconds:
            return None
        pairs = zip(self.seconds[ORACLE], self.seconds[other], strict=True)
        low, middle, high = np.quantile([ours / theirs for ours, theirs in pairs], (0.25, 0.5, 0.75)).tolist()
        return low, middle, high

    @property
    def share_of_product(self) -> float | None:
        """The oracle's operations a second, of its matrix products alone, over those of a large product."""
        if ORACLE not in self.seconds or not self.product:
            return None
        rounds = zip(self.seconds[ORACLE], self.product, strict=True)
        return median(self.work.operations / seconds / product for seconds, product in rounds)


class Contestant:
    """A process that takes turns with others, and is stopped between its turns: idle threads spin for a while."""

    def __init__(self, name: str, threads: int, log: Path) -> None:
        self.name, self._threads, self._log = name, threads, log
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        variables = (
            dict.fromkeys(THREAD_VARIABLES, str(self._threads)) | WITHOUT_GPU | dict(contestant(self.name).environment)
        )
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "conformance.power.benchmark.worker",
            self.name,
            str(self._threads),
        ]
        with self._log.open("wb") as errors:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=subprocess_environment(**variables),
            )

    def prepare(self, work: Work) -> dict[str, Any]:
        """Its answer to a new work, for which it is started again where the last has ended it."""
        if self._process.poll() is not None:
            self.stop()
            self._process = self._started()
        return self.ask(prepare=asdict(work))

    def ask(self, **question: Any) -> dict[str, Any]:
        """Its answer; "not run" with what it last printed where it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._signal("SIGCONT")
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        self._signal("SIGSTOP")
        if not line:
            status, message = self._process.wait(), " ".join(log_tail(self._log))
            return {"not run": f"its process ended with status {status}: {message}"}
        found: dict[str, Any] = json.loads(line)
        return found

    def _signal(self, name: str) -> None:
        if hasattr(signal, name):  # Windows has neither
            self._process.send_signal(getattr(signal, name))

    def stop(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()


def run_benchmark(
    works: Iterable[Work], names: Sequence[str], threads: int, rounds: int, watch: Callable[[Result], None]
) -> tuple[list[Result], dict[str, Mapping[str, str]]]:
    """Times each work with each contestant, so many rounds; an interrupt ends it with the results so far.

    Returns the results, and the versions of those that ran.
    """
    results: list[Result] = []
    versions: dict[str, Mapping[str, str]] = {}
    with temporary_folder("conformance-bench-") as folder:
        logs = (folder / f"{number}.log" for number in range(len(names) + 1))
        contestants = [Contestant(name, threads, log) for name, log in zip((*names, PRODUCT), logs, strict=True)]
        try:
            for work in works:
                found = _measured(work, contestants, rounds, versions)
                results.append(found)
                watch(found)
        except KeyboardInterrupt:
            pass
        finally:
            for one in contestants:
                one.stop()
    return results, versions


def _measured(
    work: Work, contestants: Sequence[Contestant], rounds: int, versions: dict[str, Mapping[str, str]]
) -> Result:
    result, calls = Result(work), {}
    for one in contestants:
        answer = one.prepare(work)
        if "not run" in answer:
            result.not_run[one.name] = answer["not run"]
            continue
        if one.name != PRODUCT:
            versions[one.name] = answer["versions"]
        result.peaks[one.name] = answer["peak"]
        calls[one] = max(1, math.ceil(_LEAST_SECONDS / max(answer["seconds"], 1e-9)))
    for turn in range(rounds):
        order = deque(calls)
        order.rotate(-turn)
        for one in order:
            answer = one.ask(measure=calls[one])
            if "not run" in answer:
                result.not_run[one.name] = answer["not run"]
                del calls[one]
                result.seconds.pop(one.name, None)
                continue
            result.seconds.setdefault(one.name, []).append(answer["seconds"])
    result.product = [Product.operations / seconds for seconds in result.seconds.pop(PRODUCT, [])]
    result.peaks.pop(PRODUCT, None)
    return result


def processor_count() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
