"""The order in which a run starts its implementations: a first verdict soon, and no slow one alone at the end."""

from __future__ import annotations

from conformance.implementations.finding import BUILT_IN, FRAMEWORKS
from conformance.suite.runner import SuiteProcess, start_order


def order(names: tuple[str, ...], jobs: int) -> list[float]:
    """The expected seconds of those names in the order of their start."""
    processes = [SuiteProcess(name) for name in names]
    return [BUILT_IN[process.name].seconds for process in start_order(processes, jobs)]


def test_the_quickest_starts_first_and_then_the_slowest() -> None:
    seconds = order(FRAMEWORKS, jobs=2)
    assert seconds[0] == min(seconds) < 30
    assert seconds[1:] == sorted(seconds[1:], reverse=True)


def test_one_at_a_time_each_waits_for_quicker_ones_alone() -> None:
    seconds = order(FRAMEWORKS, jobs=1)
    assert seconds == sorted(seconds)
    assert len(set(seconds)) > 5
