"""The checks of later calls and of drawn dropout, again and again: how often they call what is faithful wrong.

``python -m conformance.power.repeats torch --times 1000`` prints every alarm, and how many there were; each time has
its own seed. By hand: a time takes about a second.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import pytest

from ..implementations.finding import load
from ..judging.divergences import Disagreement
from ..suite import test_calls as calls
from ..suite import test_drawn_dropout as drawn
from ..suite.session import PROFILES, Session

CHECKS: Sequence[Callable[[Session], None]] = (
    calls.test_many_calls_in_turn_change_nothing,
    calls.test_one_layer_answers_as_new_ones_do,
    calls.test_several_threads_get_the_same_answers,
    drawn.test_dropout_is_drawn_as_it_should_be,
)


def alarms(name: str, times: int, first_seed: int = 0) -> list[str]:
    """The alarms that the checks raise about an implementation, in so many times of the quick profile."""
    implementation, found = load(name), list[str]()
    shared = Session(implementation, PROFILES["quick"])
    for seed in range(first_seed, first_seed + times):
        session = Session(implementation, PROFILES["quick"], seed=seed)
        session.space, session.planned = shared.space, shared.planned[seed % 50 :]
        for check in CHECKS:
            try:
                check(session)
            except pytest.skip.Exception:
                continue
            except Disagreement as error:
                found.append(f"seed {seed}, {check.__name__}: {error}")
        if (seed + 1 - first_seed) % 10 == 0:
            print(f"{seed + 1 - first_seed} times, {len(found)} alarms", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("implementation")
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    given = parser.parse_args()
    found = alarms(given.implementation, given.times, given.seed)
    print(*found, sep="\n")
    print(f"{len(found)} alarms about {given.implementation} in {given.times} times")


if __name__ == "__main__":
    main()
