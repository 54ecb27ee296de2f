"""Import-linter's contracts (pyproject.toml) hold: a planted import against the rooms' order breaks the right one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.tests.support import ROOT

pytest.importorskip("importlinter", reason="import-linter is not installed: `pip install import-linter`")

ROOMS = "The rooms of conformance"
ORACLE = "The oracle imports NumPy and itself"
CYCLES = "No two rooms or files import each other"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages with their contracts."""
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("an installed package has no pyproject.toml beside it")
    for package in ("conformance", "refimpl"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(file: Path, line: str) -> None:
    """Appends an import to a file."""
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")


def contracts(tree: Path) -> dict[str, str]:
    """Contract to ``KEPT`` or ``BROKEN``, as ``lint-imports`` prints them."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, flags=re.MULTILINE))
    assert set(found) == {ROOMS, ORACLE, CYCLES}, done.stdout + done.stderr
    assert (done.returncode == 0) == ("BROKEN" not in found.values()), done.stdout
    return found


def test_the_packages_as_they_are_keep_every_contract(tree: Path) -> None:
    assert set(contracts(tree).values()) == {"KEPT"}


def test_an_import_from_cases_to_suite_breaks_the_order_of_the_rooms(tree: Path) -> None:
    plant(tree / "conformance/cases/masks.py", "from conformance.suite import plan")
    found = contracts(tree)
    assert (found[ROOMS], found[ORACLE]) == ("BROKEN", "KEPT")


def test_a_room_that_has_no_place_in_the_order_breaks_it(tree: Path) -> None:
    (tree / "conformance/attic").mkdir()
    (tree / "conformance/attic/__init__.py").touch()
    assert contracts(tree) == {ROOMS: "BROKEN", ORACLE: "KEPT", CYCLES: "KEPT"}


@pytest.mark.parametrize("line", ["import scipy", "from conformance.contract import Case"])
def test_an_oracle_that_imports_more_than_numpy_breaks_its_contract(line: str, tree: Path) -> None:
    plant(tree / "refimpl/linear.py", line)
    assert contracts(tree)[ORACLE] == "BROKEN"


def test_two_files_of_a_room_that_import_each_other_break_a_contract(tree: Path) -> None:
    plant(tree / "conformance/cases/masks.py", "from . import building")
    assert contracts(tree) == {ROOMS: "KEPT", ORACLE: "KEPT", CYCLES: "BROKEN"}
