"""Families that cover every option and every pair of options of the oracle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .building import cell_factors, data_factors, magnitudes_for, make_case, make_mask, sizes_for
from .flags import family_of, flags_of
from .pairwise import pairwise
from .seeded_numbers import SeededNumbers
from .uncertified import UncertifiedCase, UncertifiedFamily

_CELLS = {
    "simple_rnn": ("simple-rnn", "SimpleRNN"),
    "lstm": ("lstm", "LSTM"),
    "gru_reset_after": ("gru-after", "GRU with the reset gate after the recurrent product"),
    "gru_reset_before": ("gru-before", "GRU with the reset gate before the recurrent product"),
}
_KINDS = ("simple-rnn", "lstm", "gru-after", "gru-before")


def cell_families() -> Iterator[UncertifiedFamily]:
    """One for each cell: all pairs of its options, and of what may be given, forward over every step."""
    for name, (kind, title) in _CELLS.items():
        text = f"{title}: every pair of options, of initial state given or not, and of cotangents given or not."
        yield _family(name, text, [kind], {})


def sequence_families() -> Iterator[UncertifiedFamily]:
    """The same pairs with each property of the sequence, for all cells."""
    either = {"reverse": (False, True)}
    yield _family(
        "reverse",
        "The last step is processed first, for every cell and every pair of its options.",
        _KINDS,
        {"reverse": (True,)},
    )
    yield _family(
        "masked",
        "Masks of every pattern and both conventions for masked outputs, in both directions, for every cell and "
        "every pair of its options.",
        _KINDS,
        either
        | {
            "masked_output": ("repeat", "zeros"),
            "pattern": ("right", "left", "scattered", "a row without steps"),
        },
    )
    yield _family(
        "lengths",
        "Rows of different lengths, in both directions, for every cell and every pair of its options.",
        _KINDS,
        either | {"shortest": (0, 1, 2)},
    )


def _family(
    name: str,
    description: str,
    kinds: Sequence[str],
    sequence: Mapping[str, Sequence[Any]],
) -> UncertifiedFamily:
    drafts = [draft for kind in kinds for draft in _drafts(name, kind, sequence)]
    return family_of(name, description, drafts)


def _drafts(family: str, kind: str, sequence: Mapping[str, Sequence[Any]]) -> Iterator[UncertifiedCase]:
    options = cell_factors(kind)
    for k, row in enumerate(pairwise({**options, **data_factors(kind), **sequence})):
        values = SeededNumbers(f"{family}/{kind}/{k}", few_digits=k % 3 == 0)
        sizes = sizes_for(k, several_rows=bool({"pattern", "shortest"} & set(sequence)))
        chosen = {name: row[name] for name in options}
        case = make_case(
            kind,
            chosen,
            sizes,
            values,
            initial=row["initial"],
            cotangents=row["cotangents"],
            magnitudes=magnitudes_for(chosen, k // 2),
            **_sequence(row, *sizes[:2], values),
        )
        yield UncertifiedCase(f"{kind}-{k:03d}", case, flags_of(case))


def _sequence(row: Mapping[str, Any], batch: int, time: int, values: SeededNumbers) -> dict[str, Any]:
    found: dict[str, Any] = {"reverse": row.get("reverse", False)}
    if "pattern" in row:
        found["mask"] = make_mask(row["pattern"], batch, time, values)
        found["masked_output"] = row["masked_output"]
    if "shortest" in row:
        found["lengths"] = np.array([row["shortest"] + b % (time - 2) for b in range(batch)])[::-1]
        found["masked_output"] = "zeros"
    return found
