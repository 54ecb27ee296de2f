"""Families that cover every option and every pair of options of the oracle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .building import SIZES, cell_factors, data_factors, make_case, make_mask, scales_for
from .draft import Draft, DraftFamily
from .pairwise import pairwise
from .values import Values

PROVENANCE = (
    "Options from a pairwise covering, numbers from a seeded generator (conformance/exact/families); "
    "certified in ball arithmetic."
)
FLAGS = {
    "no-gradients": "No cotangent is given, so no gradient is expected.",
    "default-state": "No initial state is given; it is zeros.",
    "mask": "Some steps are masked: they leave the state alone.",
    "first-step-masked": "In some row the step processed first is masked, so there is no output to repeat yet.",
    "row-without-steps": "Some row has no step that counts: its final state is its initial state.",
    "reverse": "The last step is processed first; outputs and gates stay at their own step.",
    "processing-order": "The outputs stand in the order in which the steps are processed.",
    "last-output": "The only output is that of the step processed last.",
    "dropout": "Factors are given, 0 or 1/(1-p), for what meets a kernel.",
    "lengths": "Each row ends at its own length; outputs past it are zeros.",
}
_PLAIN = {
    "simple_rnn": ("simple-rnn", "SimpleRNN"),
    "lstm": ("lstm", "LSTM"),
    "gru_reset_after": ("gru-after", "GRU with the reset gate after the recurrent product"),
    "gru_reset_before": ("gru-before", "GRU with the reset gate before the recurrent product"),
}
_KINDS = ("simple-rnn", "lstm", "gru-after", "gru-before")


def plain_families() -> Iterator[DraftFamily]:
    """One for each cell: all pairs of its options, and of what may be given, forward over every step."""
    for name, (kind, title) in _PLAIN.items():
        text = f"{title}: every pair of options, of initial state given or not, and of cotangents given or not."
        yield _family(name, text, [kind], {})


def sequence_families() -> Iterator[DraftFamily]:
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
) -> DraftFamily:
    drafts = [draft for kind in kinds for draft in _drafts(name, kind, sequence)]
    used = {flag for draft in drafts for flag in draft.flags}
    flags = {flag: text for flag, text in FLAGS.items() if flag in used}
    return DraftFamily(name, description, flags, tuple(drafts), PROVENANCE)


def _drafts(family: str, kind: str, sequence: Mapping[str, Sequence[Any]]) -> Iterator[Draft]:
    options = cell_factors(kind)
    for k, row in enumerate(pairwise({**options, **data_factors(kind), **sequence})):
        values = Values(f"{family}/{kind}/{k}", few_digits=k % 3 == 0)
        allowed = [sizes for sizes in SIZES if sizes[0] > 1 or not {"pattern", "shortest"} & set(sequence)]
        sizes = allowed[k % len(allowed)]  # a mask takes a batch: one row's, another's
        chosen = {name: row[name] for name in options}
        case = make_case(
            kind,
            chosen,
            sizes,
            values,
            initial=row["initial"],
            cotangents=row["cotangents"],
            scales=scales_for(chosen, k // 2),
            **_sequence(row, *sizes[:2], values),
        )
        yield Draft(f"{kind}-{k:03d}", case, flags_of(case))


def _sequence(row: Mapping[str, Any], batch: int, time: int, values: Values) -> dict[str, Any]:
    found: dict[str, Any] = {"reverse": row.get("reverse", False)}
    if "pattern" in row:
        found["mask"] = make_mask(row["pattern"], batch, time, values)
        found["masked_output"] = row["masked_output"]
    if "shortest" in row:
        found["lengths"] = np.array([row["shortest"] + b % (time - 2) for b in range(batch)])[::-1]
        found["masked_output"] = "zeros"
    return found


def flags_of(case: Any) -> tuple[str, ...]:
    """What is special about the case."""
    found = []
    if not case.wants_gradients:
        found.append("no-gradients")
    if case.initial_state is None:
        found.append("default-state")
    if case.reverse:
        found.append("reverse")
    if case.output_order == "processing":
        found.append("processing-order")
    if not case.return_sequences:
        found.append("last-output")
    if case.dropout:
        found.append("dropout")
    if case.mask is not None:
        found.append("mask")
        if not case.mask[:, -1 if case.reverse else 0].all():
            found.append("first-step-masked")
        if not case.mask.any(axis=1).all():
            found.append("row-without-steps")
    if case.lengths is not None:
        found.append("lengths")
        if not case.lengths.all():
            found.append("row-without-steps")
    return tuple(found)
