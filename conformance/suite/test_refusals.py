"""The framework refuses every combination that its implementation declares as refused, with the stated message."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from conformance.cases.asking import observe
from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.option_space import Combination, Refusal
from conformance.common.printable import printable
from conformance.contract import Case
from conformance.judging.divergences import Disagreement
from conformance.suite.session import SESSION, Session

_TRIED = 3  # combinations of each refusal; more while the framework gives another refusal's message


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each entry of ``refused``."""
    refused = metafunc.config.stash[SESSION].space.refused
    metafunc.parametrize(("refusal", "combinations"), refused, ids=[", ".join(refusal.when) for refusal, _ in refused])


def test_the_framework_refuses_what_it_is_said_to_refuse(
    session: Session, refusal: Refusal, combinations: Sequence[Combination]
) -> None:
    """A case may fall under two refusals; each must be the reason at least once."""
    places = np.random.default_rng(session.seed).permutation(len(combinations)).tolist()
    reasons: list[Refusal] = []
    for place in places:
        if len(reasons) >= _TRIED and refusal in reasons:
            break
        case = build_case(SeededChooser(session.seed, place), combinations[place])
        reasons.append(reason_for(session, case, refusal))
    if refusal not in reasons:
        raise Disagreement(
            f"{refusal.message!r} was never said: {reasons[0].message!r} refuses all of these combinations"
        )
    session.record_refusal(len(combinations), refusal.reason)


def reason_for(session: Session, case: Case, refusal: Refusal) -> Refusal:
    """Which refusal's message the framework raises for this case."""
    try:
        observe(session.implementation, case)
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
        for possible in (refusal, *(other for other, _ in session.space.refused)):
            if possible.message in raised:
                return possible
        raise Disagreement(
            f"{case!r}\nexpected to be refused with {refusal.message!r}, but raised {printable(raised)}"
        ) from error
    raise Disagreement(
        f"{case!r}\nexpected to be refused with {refusal.message!r} ({refusal.reason}), but it was computed: "
        "take the entry out of `refused`, so that these combinations are checked"
    )
