"""What one call leaves behind shows in a later one: many calls in turn, on one layer, and in several threads.

Nothing here needs the oracle: the reference is the implementation's own first answer, which other modules judge. On a
CPU it must come again bit for bit, whatever was asked in between.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import pytest

from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.option_space import Combination, compiles_anew, has_dropout
from conformance.common.calling import CALLS
from conformance.common.protection import plain_arrays, private_fields
from conformance.contract import Case, Observed, Quantities, attribute_of
from conformance.judging.divergences import AGAIN
from conformance.judging.verdict import Comparison
from conformance.suite.answers import bits_of, how_often
from conformance.suite.plan import CELL_VARIANTS
from conformance.suite.relations import answer, as_declared, compare_bits
from conformance.suite.session import Session
from conformance.suite.threads import answers_in_threads

THREADS, CALLS_OF_A_THREAD = 4, 15
_MOST_CASES, _GRADIENTS = 12, 4  # cases that are asked in turn, the smallest; of the calls one in so many has gradients
_MOST_DEAR_CASES = 2  # of these cases, where each call compiles
_MOST_COMBINATIONS = 8  # of a kind of cell, until there is one layer for many calls
_DEAR = 20  # how many times fewer calls where each compiles anew
_DEAR_EARLIER = 8  # how many times fewer earlier cases
_SIZES = ({"batch": 3, "time": 4}, {"batch": 1, "time": 9}, {"batch": 3, "time": 2}, {"batch": 2, "time": 4})
Ask = Callable[[Case], Quantities]
T = TypeVar("T")


def test_earlier_cases_are_answered_again_with_the_same_bits(session: Session) -> None:
    _on_a_cpu(session, "calls, earlier cases")
    if not session.answers.earlier:
        pytest.skip("no case was checked before")
    dear: list[tuple[Case, bytes]] = []
    cheap: list[tuple[Case, bytes]] = []
    for each in session.answers.earlier:
        (dear if _is_expensive(session) or _compiles_anew(session, each[0]) else cheap).append(each)
    for case, bits in cheap + dear[::_DEAR_EARLIER]:
        _same_bits(session, case, bits, lambda asked: answer(session, asked), "asked again at the end of the run")
        _record(session, case, 1)


def test_many_calls_in_turn_change_nothing(session: Session) -> None:
    """Gradients and inference, and cases of other cells, options and sizes, in an order that the seed draws."""
    _on_a_cpu(session, "calls in turn")
    forms = [form for case in _cases(session) for form in _forms(session, case)]
    cases = forms[: _calls_in_turn(session)]  # of more, some would be asked once alone
    asked = [(case, bits_of(answer(session, case))) for case in cases]
    _in_turn(session, [(case, bits, lambda each: answer(session, each)) for case, bits in asked])


def test_one_layer_answers_as_new_ones_do(session: Session) -> None:
    """Two layers in turn, each made once and called with inputs of other sizes, with gradients and without."""
    _on_a_cpu(session, "calls of one layer")
    if attribute_of(session.implementation, "layer") is None:
        _not_run(session, "calls of one layer", f"{session.implementation.name} has no layer(case)")
    asked = [step for its in _some_of_each_kind(session) for step in _of_the_first_layer(session, its)]
    if not asked:
        _not_run(session, "calls of one layer", "layer(case) gave none for any case that was drawn")
    _in_turn(session, asked)


def test_several_threads_get_the_same_answers(session: Session) -> None:
    _on_a_cpu(session, "threads")
    if not attribute_of(session.implementation, "threads"):
        _not_run(session, "threads", f"{session.implementation.name} says that one thread at a time may call it")
    cases = _cases(session)
    first = cases[-1]
    others = [one for one in cases[::-1] if (one.cell, one.x.shape) != (first.cell, first.x.shape)]
    given = [first, first.replace(x=-first.x), *others[: THREADS - 2]]
    bits = [bits_of(answer(session, case)) for case in given]
    calls = _fewer(session, CALLS_OF_A_THREAD)
    with CALLS.around(f"{len(given)} threads at once, one of them {first!r}"):
        found = answers_in_threads(session.implementation.observe, given, bits, calls)
    for case, wrong in zip(given, found, strict=True):
        if wrong is not None:
            told = f"in {len(given)} threads at once, each with calls of its own, it does not answer as in one"
            session.fail(case, told, wrong)
        _record(session, case, calls)


def _in_turn(session: Session, asked: Sequence[tuple[Case, bytes, Ask]]) -> None:
    """Many calls in an order that the seed draws: every fourth with gradients, which cost most."""
    rng, count = np.random.default_rng(session.seed), _calls_in_turn(session)

    def forever(gradients: bool) -> Iterator[tuple[Case, bytes, Ask]]:
        its = [one for one in asked if one[0].wants_gradients is gradients] or asked
        return _forever(rng, its, [_compiles_anew(session, case) for case, *_ in its])

    with_gradients, inference, before = forever(True), forever(False), "none"
    for k in range(1, count + 1):
        case, bits, ask = next(inference if k % _GRADIENTS else with_gradients)
        _same_bits(session, case, bits, ask, f"call {k} of {count} in turn, after {before},")
        before = repr(case)
    for case, *_ in asked:
        _record(session, case, count // len(asked))


def _forever(rng: np.random.Generator, asked: Sequence[T], seldom: Sequence[bool]) -> Iterator[T]:
    """All of them in a random order, then all again in another; some in one of many such rounds alone."""
    for turn in itertools.count():
        yield from (asked[k] for k in rng.permutation(len(asked)) if not seldom[k] or turn % _DEAR == 0)


def _same_bits(session: Session, case: Case, bits: bytes, ask: Ask, what: str) -> None:
    values = ask(case)
    if bits_of(values) == bits:
        return
    again = [ask(case) for _ in range(AGAIN)]
    right = [each for each in again if bits_of(each) == bits]
    differences = [str(one) for each in right[:1] for one in compare_bits(what, each, values) if not one.agrees]
    said = differences or [f"{what} it gave other bits than when it was asked first"]
    session.fail(case, *said, again=lambda: how_often(AGAIN - len(right)))


def _cases(session: Session) -> list[Case]:
    """Cases that agreed earlier in the run; where there are few, as where this module runs alone, more are built."""
    found = [case for case, _ in session.answers.earlier]
    for place in session.planned[: _MOST_CASES - len(found)] if len(found) < _MOST_CASES else ():
        case = session.prepared(build_case(_chooser(session, place), session.space.valid[place]))
        if len(case.x) and not session.diverges(case):
            found.append(case)
    found.sort(key=lambda case: case.size)
    most = 1 if _is_expensive(session) else _MOST_DEAR_CASES
    dear = [case for case in found if _compiles_anew(session, case)][:most]
    return [case for case in found if not _compiles_anew(session, case)][: _MOST_CASES - len(dear)] + dear


def _forms(session: Session, case: Case) -> list[Case]:
    """The case as it is, and without gradients where the implementation declares that."""
    inference = as_declared(session, case.replace(d_outputs=None, d_state=None)) if case.wants_gradients else None
    return [case] if inference is None else [case, inference]


def _some_of_each_kind(session: Session) -> list[list[Combination]]:
    rng, found = np.random.default_rng(session.seed), []
    for wanted in CELL_VARIANTS.values():
        its = [one for one in session.space.with_options(**wanted) if not has_dropout(one)]
        found.append([its[k] for k in rng.permutation(len(its))[:_MOST_COMBINATIONS]])
    found = [its for its in found if its]
    return [found[session.seed % len(found)]] if found and _is_expensive(session) else found


def _of_the_first_layer(session: Session, combinations: Sequence[Combination]) -> list[tuple[Case, bytes, Ask]]:
    """What is asked of one layer: of the first of these combinations that there is one of."""
    return next(filter(None, (_on_one_layer(session, one) for one in combinations)), [])


def _on_one_layer(session: Session, combination: Combination) -> list[tuple[Case, bytes, Ask]]:
    """Cases of one cell in several sizes, with the layer that answers them, and one of a second layer of that cell."""
    sizes = attribute_of(session.implementation, "sizes")
    all_sizes = [{**each, "input": 2, "hidden": 5} for each in _SIZES] if sizes is None else [sizes]
    cases = [build_case(SeededChooser(session.seed, sizes=each), combination) for each in all_sizes]
    first = cases[0]
    negative = None if first.initial_state is None else tuple(-part for part in first.initial_state)
    cases.append(first.replace(x=-first.x, initial_state=negative))
    same = [each.replace(cell=first.cell, params=first.params) for each in cases]
    second = first.replace(params={name: -value for name, value in first.params.items()})
    return _asked_of_a_layer(session, same) + _asked_of_a_layer(session, [second])


def _asked_of_a_layer(session: Session, cases: Sequence[Case]) -> list[tuple[Case, bytes, Ask]]:
    """The cases with the bits of what a new layer answers, and the one layer that is to answer them all."""
    with CALLS.around(cases[0]):
        layer = session.implementation.layer(private_fields(cases[0]))  # type: ignore[attr-defined]  # not all have it

    def ask(case: Case) -> Quantities:
        with CALLS.around(case):
            found = layer(private_fields(case))
            return plain_arrays(found.values if isinstance(found, Observed) else found)

    forms = [form for each in cases if not session.diverges(each) for form in _forms(session, each)]
    return [] if layer is None else [(case, bits_of(answer(session, case)), ask) for case in forms]


def _record(session: Session, case: Case, calls: int) -> None:
    numbers = calls * case.x.shape[0] * case.x.shape[1] * case.cell.output_size
    session.record_comparisons("calls", "invariants", (Comparison("calls: outputs", numbers, 0.0),), case)


def _calls_in_turn(session: Session) -> int:
    return _fewer(session, session.profile.calls // 2)


def _fewer(session: Session, count: int) -> int:
    return -(-count // _DEAR) if _is_expensive(session) else count


def _is_expensive(session: Session) -> bool:
    return bool(attribute_of(session.implementation, "expensive"))


def _compiles_anew(session: Session, case: Case) -> bool:
    return compiles_anew(attribute_of(session.implementation, "compiled_anew"), case.options)


def _chooser(session: Session, place: int) -> SeededChooser:
    return SeededChooser(session.seed, place, sizes=attribute_of(session.implementation, "sizes"))


def _on_a_cpu(session: Session, what: str) -> None:
    if session.device != "cpu":
        _not_run(session, what, "a GPU may add in another order in each call")


def _not_run(session: Session, what: str, why: str) -> None:
    session.record_not_run(what, why)
    pytest.skip(why)
