"""What all of the suite's own tests need."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

# A CI that runs in the background hands on that Ctrl-C is to be ignored; the tests of interrupts send one.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def measuring() -> Iterator[None]:
    """This process draws and stops as one that measures mutants does (`conformance.mutants.measuring.prepare`)."""
    import hypothesis.core  # here, as most modules need none of it

    from conformance.mutants.measuring import prepare
    from conformance.suite import relations

    before, patience = hypothesis.core.global_force_seed, relations.PATIENCE
    prepare(seed=0)
    yield
    hypothesis.core.global_force_seed, relations.PATIENCE = before, patience
