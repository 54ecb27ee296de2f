"""Every combination of options, or every triple of their values, agrees with the oracle: one small case each.

The test tries every planned combination. It reports each failure as the condition that the failing combinations share,
with the smallest case that Hypothesis finds among them.
"""

from __future__ import annotations

from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.probing import build_probing, is_probing
from conformance.contract import attribute_of
from conformance.suite.failing_combinations import Tried, limits_of, raise_failures
from conformance.suite.session import Session


def test_every_combination_agrees_with_the_oracle(session: Session) -> None:
    tried = Tried()
    for place in session.planned:
        combination = session.space.valid[place]
        sizes = attribute_of(session.implementation, "sizes")
        probing = sizes is None and is_probing(session.seed, place)  # what is compiled is for the given sizes alone
        build = build_probing if probing else build_case
        case = build(SeededChooser(session.seed, place, sizes=sizes), combination, limits_of(session))
        tried.check(session, f"combination {place}", case, combination)
        session.record_coverage(place)
    raise_failures(tried.groups(session), tried.count, "combinations of options")
