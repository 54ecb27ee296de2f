"""Correct implementations that are written differently raise no alarm, in the whole quick profile."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.power.mutants.checks import MODULES
from conformance.power.mutants.correct_variants import CORRECT_VARIANTS
from conformance.power.mutants.layer import Textbook
from conformance.power.mutants.measuring import run_module, session_of

pytestmark = [
    pytest.mark.usefixtures("measuring"),
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
]


OF_BITS = ("calls", "refusals", "fixtures")
"""Modules that compare an implementation's bits with its own, with its errors, and exact integers: how it rounds is
nothing to them, and their calls are `Textbook`'s in all variants."""


@pytest.mark.parametrize("name", CORRECT_VARIANTS)
def test_a_correct_implementation_passes(name: str) -> None:
    modules = [module for module in MODULES if name == "Textbook" or module not in OF_BITS]
    found = {module: run_module(module, CORRECT_VARIANTS[name](), 0) for module in modules}
    alarms = {module: f"{its.caught}: {its.message}" for module, its in found.items() if its.caught}
    assert not alarms, alarms
    assert sum(its.cases for its in found.values()) > 300, "hardly anything was compared"


ALIKE = ("Textbook", "MasksByArithmetic")  # to multiply by 1 and add 0 rounds nothing


@pytest.mark.parametrize("name", [name for name in CORRECT_VARIANTS if name not in ALIKE])
def test_it_does_round_otherwise(name: str) -> None:
    """Else it would be no other implementation."""
    made = CORRECT_VARIANTS[name]()
    session = session_of(made, 0)
    cases = (build_case(SeededChooser(0, place), session.space.valid[place]) for place in session.planned)
    assert any(
        not np.array_equal(value, right)
        for case in cases
        for value, right in zip(made.observe(case).values(), Textbook().observe(case).values(), strict=True)
    )
