"""Mutants in layers of real size, where proven bounds are infinite.

``python -m conformance.power.mutants.real_sizes --size "32 units" --dtype float32 --weight 1e-2``

One case of each kind of cell, with the weights that PyTorch begins with, and every gradient. A mutant *applies* where
it changes an answer there by more than rounding. At a weight below 1 it is faint (`faint_faults`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ...cases.option_space import Combination, space_of
from ...cases.sizes import REAL_SIZES, build_real_case, can_have_any_size
from ...contract import Case, Observed, Quantities
from ...judging.expected import Expected, OracleAnswer
from ...judging.verdict import judge
from . import CONDITIONAL, MUTANTS, group_of
from .faint_faults import HALVES, FaintMutant
from .layer import Textbook

KINDS = ("SimpleRNN", "LSTM", "GRU")
_MORE_THAN_ROUNDING = 2.0**-10
"""Of the greatest number of a quantity."""


@dataclass(frozen=True)
class SizedCase:
    """A case, what is expected of it, and a correct layer's answer in float32."""

    case: Case
    expected: Expected
    right: Quantities


@cache
def sized_cases(size: str, dtype: str) -> tuple[SizedCase, ...]:
    """A case of each kind of cell, of this size."""
    made = []
    for kind in KINDS:
        case = build_real_case(_plainest(kind, dtype), size, 1)
        answer = OracleAnswer(case)
        made.append(SizedCase(case, answer.expected(), Textbook().observe(case.in_dtype(np.float32))))
    return tuple(made)


def _plainest(kind: str, dtype: str) -> Combination:
    """The first combination of options of that kind that may have any size: all else as a framework has it."""
    return next(
        one for one in space_of(Textbook.cells, (dtype,)).valid if one["kind"] == kind and can_have_any_size(one)
    )


def caught(name: str, weight: float, size: str, dtype: str) -> bool | None:
    """Whether the verdict on the mutant is no in one of the cases; None where it applies to none of them."""
    applies = False
    for one in sized_cases(size, dtype):
        if not _changes(MUTANTS[name](), one):
            continue
        applies = True
        answer = FaintMutant(name, weight, dtype).observe(one.case)
        if judge(one.expected, Observed(answer)).disagreements:
            return True
    return False if applies else None


def _changes(mutant: Textbook, one: SizedCase) -> bool:
    try:
        wrong = mutant.observe(one.case.in_dtype(np.float32))
    except (ValueError, IndexError):  # it raises, and is seen by that
        return False
    return any(
        name in wrong
        and wrong[name].shape == right.shape
        and bool(np.abs(wrong[name] - right).max(initial=0.0) > _MORE_THAN_ROUNDING * np.abs(right).max(initial=0.0))
        for name, right in one.right.items()
    )


def main(arguments: Sequence[str]) -> int:
    """Prints how many are caught of those that apply, and which are not."""
    parser = argparse.ArgumentParser(prog="python -m conformance.power.mutants.real_sizes")
    parser.add_argument("--size", choices=tuple(REAL_SIZES), default="32 units")
    parser.add_argument("--dtype", choices=("float32", *HALVES), default="float32")
    parser.add_argument("--weight", type=float, default=1.0)
    parsed = parser.parse_args(arguments)
    names = [name for name in MUTANTS if group_of(name) != CONDITIONAL]  # of these most are about other sizes
    found = {name: caught(name, parsed.weight, parsed.size, parsed.dtype) for name in names}
    applying = [name for name, seen in found.items() if seen is not None]
    missed = [name for name in applying if not found[name]]
    print(
        f"{parsed.size}, {parsed.dtype}, weight {parsed.weight:g}: "
        f"{len(applying) - len(missed)} of {len(applying)} are caught, of {len(found)} mutants; not: "
        f"{', '.join(missed) or 'none'}"
    )
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
