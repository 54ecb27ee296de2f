"""The same calls in several threads at once, which take turns as often as Python can."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

from ..common.protection import plain_arrays, private_fields
from ..common.tracebacks import raised
from ..contract import Case, Observed, Quantities
from .answers import bits_of

_TURN = 1e-6  # seconds: a call takes hundreds of turns, so that the threads meet in the middle of it


def answers_in_threads(
    ask: Callable[[Case], Observed | Quantities], cases: Sequence[Case], bits: Sequence[bytes], calls: int
) -> list[str | None]:
    """What was wrong with each case, in a thread of its own that asks it again and again; None where nothing was.

    bits   the digest of the right answer to each
    """
    begin = Barrier(len(cases))

    def asked(case: Case, right: bytes) -> str | None:
        begin.wait()
        for k in range(1, calls + 1):
            try:
                found = ask(private_fields(case))
                values = plain_arrays(found.values if isinstance(found, Observed) else found)
            except Exception as error:
                return raised(error)
            if bits_of(values) != right:
                return f"call {k} of {calls} gave other bits"
        return None

    with _taking_turns(), ThreadPoolExecutor(len(cases)) as pool:
        return list(pool.map(asked, cases, bits))


@contextmanager
def _taking_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
