"""Runs mutants, their faint versions and the rewritten ones, several processes at a time."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import Pool
from typing import Any

from ...running.kept import end_with_parent
from . import group_of
from .checks import MODULES
from .correct_variants import CORRECT_VARIANTS
from .faint_faults import FORWARD_GROUPS, WEIGHTS, FaintMutant
from .measuring import MutantResult, measure_mutant, prepare_process, run_module, run_until_caught

Notify = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to run.

    mutants   by name, in the order of the report
    correct   whether the correct implementations written differently are run too
    faint     whether the faint versions of those with a fault of the forward pass are run too
    """

    mutants: tuple[str, ...]
    correct: bool
    faint: bool
    seed: int
    jobs: int

    @property
    def correct_names(self) -> tuple[str, ...]:
        """The correct implementations."""
        return tuple(CORRECT_VARIANTS) if self.correct else ()

    @property
    def faint_tasks(self) -> list[tuple[str, str]]:
        """Mutant and arithmetic."""
        names = [name for name in self.mutants if group_of(name) in FORWARD_GROUPS] if self.faint else []
        return [(name, arithmetic) for name in names for arithmetic in WEIGHTS]

    @property
    def tasks(self) -> int:
        """How many there are."""
        return len(self.mutants) + len(self.correct_names) + len(self.faint_tasks)


@dataclass(frozen=True)
class Score:
    """What came of a plan.

    mutants        in the plan's order
    false_alarms   correct implementation to the false alarms about it
    faint          (mutant, arithmetic) to the least weight at which it was caught; None: at none
    """

    mutants: tuple[MutantResult, ...]
    false_alarms: dict[str, list[str]]
    faint: dict[tuple[str, str], float | None]

    @property
    def survivors(self) -> list[str]:
        """The mutants that nothing caught."""
        return [each.name for each in self.mutants if not each.caught_first_by]

    @property
    def passed(self) -> bool:
        """Whether every mutant was caught, and nothing that is correct."""
        return not self.survivors and not any(self.false_alarms.values())


def run(plan: Plan, notify: Notify) -> Score:
    """Runs the plan, and calls ``notify`` with each name as it is done."""
    with multiprocessing.get_context("spawn").Pool(plan.jobs, _begin, (plan.seed,)) as pool:  # its end ends them all
        mutants = _done(pool, measure_mutant, [(name, plan.seed) for name in plan.mutants], notify)
        correct = _done(pool, messages_about, [(name, plan.seed) for name in plan.correct_names], notify)
        faint = _done(pool, least_weight, [(*task, plan.seed) for task in plan.faint_tasks], notify)
    return Score(
        tuple(mutants),
        dict(zip(plan.correct_names, correct, strict=True)),
        dict(zip(plan.faint_tasks, faint, strict=True)),
    )


def _begin(seed: int) -> None:
    """What a process does first."""
    end_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    prepare_process(seed)


def _done(pool: Pool, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], notify: Notify) -> list[Any]:
    """The results in the tasks' order."""
    found = []
    for task, result in zip(tasks, pool.imap(partial(_apply, work), tasks), strict=True):
        notify(str(task[0]))
        found.append(result)
    return found


def _apply(work: Callable[..., Any], task: tuple[Any, ...]) -> Any:
    return work(*task)


def messages_about(name: str, seed: int) -> list[str]:
    """What each module of the suite finds wrong with a correct implementation: false alarms, if anything."""
    found = [run_module(module, CORRECT_VARIANTS[name](), seed) for module in MODULES]
    return [f"{its.caught}: {its.message}" for its in found if its.caught]


def least_weight(name: str, arithmetic: str, seed: int) -> float | None:
    """The least weight at which the quick profile catches a mutant; None where it does not even at weight 1.

    What is caught at some weight is taken to be at each greater one.
    """
    most, *fainter = WEIGHTS[arithmetic]
    for weight in (*reversed(fainter[1:]), most, *fainter[:1]):
        caught = any(its.caught for its in run_until_caught(FaintMutant(name, weight, arithmetic), seed).values())
        if caught and weight < most:
            return weight
        if weight == most and not caught:
            return None
    return most
