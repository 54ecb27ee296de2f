"""Runs mutants, their faint versions and the rewritten ones, several processes at a time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from . import group_of
from .checks import MODULES
from .faint import FORWARD_GROUPS, WEIGHTS, Faint
from .measuring import Found, first, measure, prepare, tried
from .rewritten import REWRITTEN

Told = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to run.

    mutants   by name, in the order in which they are told
    correct   whether the correct implementations written differently are run too
    faint     whether the faint versions of those with a fault of the forward pass are run too
    """

    mutants: tuple[str, ...]
    correct: bool
    faint: bool
    seed: int
    jobs: int

    @property
    def rewritten(self) -> tuple[str, ...]:
        """The correct implementations."""
        return tuple(REWRITTEN) if self.correct else ()

    @property
    def faint_tasks(self) -> list[tuple[str, str]]:
        """Mutant and dtype."""
        names = [name for name in self.mutants if group_of(name) in FORWARD_GROUPS] if self.faint else []
        return [(name, dtype) for name in names for dtype in WEIGHTS]

    @property
    def tasks(self) -> int:
        """How many there are."""
        return len(self.mutants) + len(self.rewritten) + len(self.faint_tasks)


@dataclass(frozen=True)
class Score:
    """What came of a plan.

    mutants        in the plan's order
    false_alarms   correct implementation to what was said of it
    faint          (mutant, dtype) to the least weight at which it was caught; None: at none
    """

    mutants: tuple[Found, ...]
    false_alarms: dict[str, list[str]]
    faint: dict[tuple[str, str], float | None]

    @property
    def survivors(self) -> list[str]:
        """The mutants that nothing caught."""
        return [each.name for each in self.mutants if not each.first]

    @property
    def passed(self) -> bool:
        """Whether every mutant was caught, and nothing that is correct."""
        return not self.survivors and not any(self.false_alarms.values())


def run(plan: Plan, told: Told) -> Score:
    """Runs the plan, ``told`` with each name as it is done."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(plan.jobs, fresh, initializer=prepare, initargs=(plan.seed,)) as pool:
        try:
            mutants = _done(pool, measure, [(name, plan.seed) for name in plan.mutants], told)
            correct = _done(pool, alarms, [(name, plan.seed) for name in plan.rewritten], told)
            faint = _done(pool, least_weight, [(*task, plan.seed) for task in plan.faint_tasks], told)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return Score(
        tuple(mutants),
        dict(zip(plan.rewritten, correct, strict=True)),
        dict(zip(plan.faint_tasks, faint, strict=True)),
    )


def _done(
    pool: ProcessPoolExecutor, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], told: Told
) -> list[Any]:
    """The results in the tasks' order."""
    futures = [pool.submit(work, *task) for task in tasks]
    names = dict(zip(futures, (str(task[0]) for task in tasks), strict=True))
    for future in as_completed(futures):
        told(names[future])
        future.result()
    return [future.result() for future in futures]


def alarms(name: str, seed: int) -> list[str]:
    """What each module of the suite says of a correct implementation; nothing, it is hoped."""
    found = [tried(module, REWRITTEN[name](), seed) for module in MODULES]
    return [f"{its.caught}: {its.said}" for its in found if its.caught]


def least_weight(name: str, dtype: str, seed: int) -> float | None:
    """The least weight at which the quick profile catches a mutant; None where it does not even at weight 1.

    What is caught at some weight is taken to be at each greater one.
    """
    most, *fainter = WEIGHTS[dtype]
    for weight in (*reversed(fainter[1:]), most, *fainter[:1]):
        caught = any(its.caught for its in first(Faint(name, weight, dtype), seed).values())
        if caught and weight < most:
            return weight
        if weight == most and not caught:
            return None
    return most
