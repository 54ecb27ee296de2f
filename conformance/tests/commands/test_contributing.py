"""The page for whoever carries on the work speaks of files that are there, and its example runs."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from conformance.tests.support import ROOT

ROOMS = sorted(path.parent.name for path in (ROOT / "conformance").glob("*/__init__.py"))


@pytest.fixture
def page() -> str:
    path = ROOT / ".github" / "CONTRIBUTING.md"
    if not path.is_file():
        pytest.skip("an installed package has no CONTRIBUTING.md beside it")
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_on_the_page(room: str, page: str) -> None:
    assert f"{room}/" in page, f"CONTRIBUTING.md lacks {room}/"


def test_the_example_of_one_case_runs(page: str) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    subprocess.run([sys.executable, "-c", example], cwd=ROOT, check=True)


@pytest.mark.parametrize("room", ["cases", "judging", "suite"])
def test_the_page_of_a_room_names_every_file_of_it(room: str) -> None:
    folder = ROOT / "conformance" / room
    page = (folder / "README.md").read_text(encoding="utf-8")
    for path in [*folder.glob("*.py"), *folder.glob("divergences/*.py")]:
        if path.name != "__init__.py":
            assert path.name in page, f"{room}/README.md lacks {path.name}"


def test_the_page_of_the_tests_names_every_planted_module() -> None:
    folder = ROOT / "conformance" / "tests"
    page = (folder / "README.md").read_text(encoding="utf-8")
    for path in (folder / "support").glob("*.py"):
        assert f"`{path.name}`" in page, f"tests/README.md lacks {path.name}"
