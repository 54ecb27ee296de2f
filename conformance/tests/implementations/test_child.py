"""A function in a process of its own: what it returns, what it raises, and what it died of."""

from __future__ import annotations

import os
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conformance.implementations.child import Child, ProcessEnded, in_a_child


def planted(what: str, times: int = 1) -> Any:
    """Behaves as it is told; the children call it by name."""
    if what == "raise":
        raise KeyError("no such gate")
    if what == "abort":
        sys.stderr.write("assertion failed\nat line 3\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGABRT)
    if what == "exit":
        os._exit(3)
    if what == "print":
        print("noise", flush=True)
    return [what] * times, os.getpid()


@pytest.fixture
def child() -> Any:
    made = Child(planted.__module__, planted.__name__)
    yield made
    made.stop()


def test_it_answers_from_another_process_that_stays(child: Child) -> None:
    (first, pid), (_, again) = child("well", times=2), child("well")
    assert first == ["well", "well"]
    assert pid == again != os.getpid()


def test_what_is_printed_is_no_answer(child: Child) -> None:
    assert child("print")[0] == ["print"]


def test_what_it_raises_is_told_by_name_and_message(child: Child) -> None:
    with pytest.raises(RuntimeError, match=r"^KeyError: 'no such gate'$"):
        child("raise")


@pytest.mark.parametrize(
    ("what", "how"), [("abort", "by SIGABRT: assertion failed at line 3"), ("exit", "with status 3: ")]
)
def test_a_process_that_ends_is_told_and_the_next_call_has_a_new_one(what: str, how: str, child: Child) -> None:
    _, before = child("well")
    with pytest.raises(ProcessEnded, match=f"^{re.escape('the process ended ' + how)}"):
        child(what)
    answer, after = child("well")
    assert answer == ["well"]
    assert after != before


def test_each_function_has_one_child() -> None:
    assert in_a_child(planted) is in_a_child(planted)


def test_of_several_threads_each_gets_its_own_answer(child: Child) -> None:
    child("well")
    asked = [f"thread {k}" for k in range(8)] * 5
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda what: child(what, times=20_000)[0], asked))
    assert [(answer[0], len(answer)) for answer in answers] == [(what, 20_000) for what in asked]
