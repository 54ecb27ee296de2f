"""While a framework is imported nothing looks for garbage, and then all is as it was."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from conformance.common.importing import collector_paused
from conformance.implementations.finding import load

SEES = """
import gc

from conformance.tests.support.planted_failures import Small

ENABLED = gc.isenabled()


class Seeing(Small):
    versions = {"enabled": str(ENABLED)}
"""


def absent() -> None:
    with collector_paused():
        assert not gc.isenabled()
        raise ModuleNotFoundError("framework")


@pytest.mark.parametrize("before", [True, False])
def test_the_collector_is_as_it_was_whatever_is_raised(before: bool) -> None:
    if not before:
        gc.disable()
    try:
        with pytest.raises(ModuleNotFoundError):
            absent()
        assert gc.isenabled() is before
    finally:
        gc.enable()


def test_an_implementation_is_imported_so(tmp_path: Path) -> None:
    path = tmp_path / "seeing.py"
    path.write_text(SEES)
    assert load(f"{path}:Seeing").versions == {"enabled": "False"}
    assert gc.isenabled()
