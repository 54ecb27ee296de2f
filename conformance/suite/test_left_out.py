"""What is reported in some cases is reported in all, or it is said why not; what is promised comes at least once.

Promised are the outputs, by the contract, and gradients where an entry of ``cells`` has them among its ``gradients``.
This module runs late: it asks nothing, and looks at what came in the cases before.
"""

from __future__ import annotations

import pytest

from conformance.contract import family_of
from conformance.suite.session import Session


def test_no_quantity_is_left_out_in_some_cases_without_a_reason(session: Session) -> None:
    answers = session.answers
    if not answers.reported:
        pytest.skip("no case was checked before")
    sometimes = sorted(answers.reported & answers.left_out.keys())
    if sometimes:
        names = ", ".join(sometimes)
        session.fail(answers.left_out[sometimes[0]], f"left out without a reason, and reported elsewhere: {names}")


def test_every_family_that_is_promised_comes(session: Session) -> None:
    answers = session.answers
    if not answers.reported:
        pytest.skip("no case was checked before")
    promised = {"outputs": "the contract"}
    if any(True in entry.get("gradients", ()) for entry in session.implementation.cells):
        promised["gradients"] = "`gradients` in `cells`"
    never = {
        family: by for family, by in promised.items() if all(family_of(name) != family for name in answers.reported)
    }
    cases = {family_of(name): case for name, case in answers.left_out.items()}
    for family, by in never.items():
        if family in cases:
            session.fail(cases[family], f"{family}, promised by {by}, never came, and no reason was said")
