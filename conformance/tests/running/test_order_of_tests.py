"""The tests are handed out file by file, the dearest first, so that no dear one is alone at the end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ..conftest import DEAREST, TOGETHER, pytest_collection_modifyitems, unit_of
from ..support import HERE, ROOT

TESTS = HERE.parent


def items(*names: str) -> list[Any]:
    return [SimpleNamespace(path=TESTS / name, name=name) for name in names]


@pytest.mark.parametrize("name", DEAREST)
def test_a_dear_file_is_there(name: str) -> None:
    assert (TESTS / name).is_file()


def test_dear_files_come_first_in_their_order_and_all_others_stay_in_theirs() -> None:
    found = items("cases/test_b.py", DEAREST[1], "cases/test_a.py", DEAREST[0], DEAREST[1])
    pytest_collection_modifyitems(found)
    assert [one.name for one in found] == [DEAREST[0], DEAREST[1], DEAREST[1], "cases/test_b.py", "cases/test_a.py"]


def test_tox_leaves_the_files_in_this_order() -> None:
    (command,) = (
        line for line in (ROOT / "tox.ini").read_text().splitlines() if line.strip().startswith("suite: pytest ")
    )
    assert "--dist loadfile --no-loadscope-reorder" in command


def test_files_that_fork_frameworks_are_one_unit_and_any_other_is_one_of_its_own() -> None:
    others = (path for path in TESTS.rglob("test_*.py") if path != Path(__file__))
    forking = {path.relative_to(TESTS).as_posix() for path in others if "forked_frameworks" in path.read_text()}
    assert forking == set(TOGETHER)
    names = [f"conformance/tests/{name}" for name in (*TOGETHER, *DEAREST)]
    units = {unit_of(name) for name in names}
    assert len(units) == 1 + len(set(DEAREST) - set(TOGETHER))
