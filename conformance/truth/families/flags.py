"""What the flags of a generated case mean, and a family of cases with the flags that they carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .seeded_numbers import GENERATOR
from .uncertified import UncertifiedCase, UncertifiedFamily

PROVENANCE = f"Options from a pairwise covering, numbers from {GENERATOR}; certified in ball arithmetic."
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


def family_of(name: str, description: str, cases: Sequence[UncertifiedCase]) -> UncertifiedFamily:
    """A family of pairwise options; it explains the flags that its cases carry."""
    used = {flag for case in cases for flag in case.flags}
    flags = {flag: text for flag, text in FLAGS.items() if flag in used}
    return UncertifiedFamily(name, description, flags, tuple(cases), PROVENANCE)


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
