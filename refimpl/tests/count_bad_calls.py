"""How many bad calls come to what.

    python -m refimpl.tests.count_bad_calls 20000 [SEED]

makes so many calls, the functions in turn, and prints what is wrong, by function and kind, and the counts. With 0
in place of the number it makes a call with each bad value of each argument.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np

from .judged_calls import Outcome, outcomes
from .valid_calls import valid_calls


def main(count: int, seed: int = 0) -> None:
    calls = [
        (name, call) for name, of_it in valid_calls().items() for call in of_it if call.arguments.keys() - {"self"}
    ]
    rng = np.random.default_rng(seed)
    seen: Counter[str] = Counter()
    told: dict[tuple[str, str, str], list[Outcome]] = {}
    for name, call in calls:
        for outcome in outcomes(call, -(-count // len(calls)) or None, rng):
            seen[outcome.word] += 1
            if not outcome.holds:
                kinds = " and ".join(f"{argument}: {bad.kind}" for argument, bad in outcome.changes.items())
                told.setdefault((name, outcome.word, kinds), []).append(outcome)
    for key, of_it in sorted(told.items(), key=lambda item: item[0]):
        print(f"{len(of_it):5d}  {' | '.join(key)}\n       {of_it[0]}")
    print(f"{sum(seen.values())} calls of {len(calls)} valid ones")
    for word, number in seen.most_common():
        print(f"{number:7d}  {word}")


if __name__ == "__main__":
    main(int(sys.argv[1]), *map(int, sys.argv[2:]))
