"""Dropout as the framework draws it: its rate and scale, what is independent, what stays the same, and the seed.

Other modules impose the factors, so that numbers can be compared; there nothing is drawn. An implementation takes part
with ``drawing(case, seed)`` (`conformance.contract`).
"""

from __future__ import annotations

import pytest

from conformance.contract import attribute_of
from conformance.judging.verdict import Comparison
from conformance.suite.drawing import CALLS_DRAWN, drawn_layers
from conformance.suite.session import Session

LABEL = "drawn dropout"


def test_dropout_is_drawn_as_it_should_be(session: Session) -> None:
    why = f"{session.implementation.name} has no drawing(case, seed)"
    drawn = 0
    if attribute_of(session.implementation, "drawing") is not None:
        why = "no layer was drawn for, or only with a known divergence"
        for read, wrong in drawn_layers(session):
            if wrong:
                session.fail(
                    read.case, *(f"{read.kind} dropout, drawn in {CALLS_DRAWN} calls: {each}" for each in wrong)
                )
            drawn += CALLS_DRAWN * read.expected["kept"]["outputs"].size
            session.record_comparisons(LABEL, "invariants", (Comparison(LABEL, drawn, 0.0),), read.case)
    if not drawn:
        session.record_not_run(LABEL, why)
        pytest.skip(why)
