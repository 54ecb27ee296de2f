"""How cases are tried: many that Hypothesis draws and shrinks, or so few that a seed chooses them."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conformance.cases.building import SizeLimits, build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.option_space import Combination
from conformance.contract import Case, attribute_of
from conformance.judging.divergences import Disagreement
from conformance.suite.session import Session

FEWEST_DRAWN = 5  # cases: of fewer, Hypothesis would try the simplest alone
SHRINKING_SECONDS = 40.0  # spent on making one failure smaller


def hypothesis_settings(examples: int, **more: Any) -> settings:
    """Hypothesis settings for that many examples: without deadline and database, so that the seed decides everything.

    ``derandomize`` is set as Hypothesis else turns it on where it sees a CI, and ignores the seed. It does not explain:
    that varies every value of the smallest case, which takes twenty times as long as to find it, and we print our own.
    """
    suppressed = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    kept: dict[str, Any] = {"phases": [Phase.generate, Phase.shrink], "suppress_health_check": suppressed}
    return settings(max_examples=examples, deadline=None, database=None, derandomize=False, **(kept | more))


class SmallestFailure:
    """The smallest failure that Hypothesis has found so far. After a while it is small enough, and the search ends."""

    def __init__(self) -> None:
        self.error: Disagreement | None = None
        self.compared = 0  # numbers, where the test counts them
        self._size = self._deadline = math.inf

    @property
    def is_small_enough(self) -> bool:
        """Whether so much time has passed since the first failure that no smaller one is looked for."""
        return time.monotonic() > self._deadline

    def add(self, size: float, error: Disagreement) -> None:
        """Keeps the failure if none is smaller so far."""
        self._deadline = min(self._deadline, time.monotonic() + SHRINKING_SECONDS)
        if size <= self._size:
            self._size, self.error = size, error

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Raises the smallest failure in place of Hypothesis's own error, which may say that it is not found again."""
        try:
            yield
        except Exception:
            if self.error is None:
                raise
            raise self.error from None


def check_drawn_cases(
    examples: int, cases: st.SearchStrategy[Case], check: Callable[[Case], None], **more: Any
) -> None:
    """Checks that many cases that Hypothesis draws; raises the `Disagreement` of the smallest that fails.

    more   settings of Hypothesis
    """
    smallest = SmallestFailure()

    @hypothesis_settings(examples, **more)
    @given(case=cases)
    def agrees(case: Case) -> None:
        if smallest.is_small_enough:
            return
        try:
            check(case)
        except Disagreement as error:
            smallest.add(case.size, error)
            raise

    with smallest.raised():
        agrees()


def seeded_cases(
    session: Session,
    label: str,
    combinations: Sequence[Combination],
    limits: SizeLimits,
    count: int,
    is_suitable: Callable[[Case], bool] = lambda _: True,
) -> Iterator[Case]:
    """A few suitable cases of these combinations, chosen by the seed.

    Of so few Hypothesis would try the simplest alone, with which it begins. Where every size compiles anew, all have
    the sizes of the run.
    """
    order = np.random.default_rng([session.seed, zlib.crc32(label.encode())]).permutation(len(combinations))
    sizes = None if attribute_of(session.implementation, "sizes") is None else sizes_of_run(session.seed, limits)
    choosers = ((k, SeededChooser(session.seed, int(k), sizes=sizes)) for k in order[:50])
    built = (build_case(chooser, combinations[k], limits) for k, chooser in choosers)
    return islice(filter(is_suitable, built), count)


def sizes_of_run(seed: int, limits: SizeLimits) -> dict[str, int]:
    """Sizes that follow from the run's seed, for all cases of an implementation that compiles anew for each size.

    Those of two limits differ in time alone, so that a step is compiled for both. All sizes differ, and none is 1: a
    batch has rows to tell apart, and a sequence two pieces.
    """
    ranges = {"batch": (2, limits.batch), "input": (2, limits.input), "hidden": (2, limits.hidden)}
    sizes = SeededChooser(seed).sizes(ranges)
    others = [steps for steps in range(3, limits.time + 1) if steps not in sizes.values()]
    return sizes | {"time": SeededChooser(seed, limits.time).one_of(others, "time")}
