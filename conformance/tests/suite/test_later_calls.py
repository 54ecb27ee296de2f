"""What shows in some calls only: left out without a reason, wrong now and then, changed in the call after."""

from __future__ import annotations

import pytest

from conformance.common.protection import Given, private_fields
from conformance.judging.divergences import Disagreement
from conformance.suite import test_calls as calls_in_turn
from conformance.suite import test_enumeration as enumeration
from conformance.suite import test_left_out as left_out
from conformance.suite.answers import Asked
from conformance.suite.session import PROFILES, Session

from ..support import example
from ..support import planted_calls as planted

SOMETIMES = left_out.test_no_quantity_is_left_out_in_some_cases_without_a_reason
IN_TURN = calls_in_turn.test_many_calls_in_turn_change_nothing
NEVER = left_out.test_every_family_that_is_promised_comes


def after_all_combinations(implementation: planted.Right) -> Session:
    session = Session(implementation, PROFILES["quick"])
    enumeration.test_every_combination_agrees_with_the_oracle(session)
    return session


def test_what_is_right_leaves_nothing_out() -> None:
    session = after_all_combinations(planted.Right())
    SOMETIMES(session)
    NEVER(session)


def test_a_quantity_that_is_left_out_in_some_cases_without_a_reason_is_told() -> None:
    with pytest.raises(Disagreement, match=r"left out without a reason, and reported elsewhere: state\.h"):
        SOMETIMES(after_all_combinations(planted.LeavesOutSometimes()))


def test_a_reason_is_enough() -> None:
    SOMETIMES(after_all_combinations(planted.SaysWhySometimes()))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (planted.NoGradients, "gradients, promised by `gradients` in `cells`, never came"),
        (planted.NoOutputs, "outputs, promised by the contract, never came"),
    ],
)
def test_a_promised_family_that_never_comes_is_told(made: type[planted.Right], told: str) -> None:
    with pytest.raises(Disagreement, match=told):
        NEVER(after_all_combinations(made()))


def test_a_fault_that_comes_and_goes_is_told_with_how_often_and_without_an_option() -> None:
    with pytest.raises(Disagreement) as caught:
        after_all_combinations(planted.WrongInEverySeventhCall())
    message = str(caught.value)
    assert "1 of them, which come and go: the same case is right in another call" in message
    assert "comes and goes: wrong in " in message
    assert "all that have" not in message


def test_what_an_earlier_call_left_behind_is_told_as_that() -> None:
    with pytest.raises(Disagreement) as caught:
        after_all_combinations(planted.ChangesItLater())
    message = str(caught.value)
    assert "as the first call of a new object it is right; earlier calls leave something behind" in message
    assert "the call changed x, given to the call before" in message
    assert "all that have" not in message


def test_a_fault_that_stays_does_not_come_and_go() -> None:
    asked = Asked(planted.Wrong(), example("LSTM"), ())
    assert asked.judged()[0].disagreements
    assert asked.again() == ""


def test_what_compiles_anew_is_asked_again_and_seldom() -> None:
    implementation = planted.CompilesAnew()
    IN_TURN(Session(implementation, PROFILES["quick"]))
    calls = implementation.by_mode
    assert min(calls["compiled"].values()) >= 2, "each is asked, and asked again"
    assert 8 * sum(calls["compiled"].values()) < sum(calls["eager"].values())


def test_a_fault_in_what_is_asked_again_seldom_is_seen() -> None:
    with pytest.raises(Disagreement, match="in turn, after"):
        IN_TURN(Session(planted.WrongWhereItCompilesAgain(), PROFILES["quick"]))


def test_what_was_given_to_a_call_is_watched_until_the_next_has_returned() -> None:
    given, one, other = Given(), example("LSTM"), example("GRU")
    first, second = private_fields(one), private_fields(other)
    assert given.changes(one, first) == []
    first.x[0] = 7
    assert given.changes(other, second) == ["x, given to the call before"]
    assert given.changes(one, private_fields(one)) == [], "it is told once"
