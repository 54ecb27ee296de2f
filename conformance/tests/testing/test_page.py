"""The examples of `conformance/testing.md` run as they are printed, for a right and for a wrong kernel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..support import ROOT
from .test_pytest_plugin import KERNEL

PAGE = ROOT / "conformance" / "testing.md"
HOW = {"pytest": ("-m", "pytest", "-p", "conformance.pytest_plugin"), "unittest": ("-m", "unittest"), "script": ()}


def examples() -> dict[str, str]:
    """The page's programs, by how they are run."""
    found = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return dict(zip(HOW, found, strict=True))


def run(folder: Path, how: str, fault: str = "") -> tuple[int, str]:
    (folder / "my_kernels.py").write_text(KERNEL.format(fault=fault))
    (folder / "test_example.py").write_text(examples()[how])
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, *HOW[how], "test_example.py"]
    environment = {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "OMP_NUM_THREADS": "1",
    }
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize("how", HOW)
def test_the_example_passes_a_right_kernel(how: str, tmp_path: Path) -> None:
    status, printed = run(tmp_path, how)
    assert status == 0, printed
    assert {"pytest": "6 passed", "unittest": "Ran 1 test", "script": "seed9 agrees: "}[how] in printed


@pytest.mark.parametrize("how", HOW)
def test_the_example_tells_a_wrong_kernel(how: str, tmp_path: Path) -> None:
    status, printed = run(tmp_path, how, fault=") * (1.01")
    assert (status == 0) == (how == "script"), printed
    assert re.search(r"outputs\[\d+, \d+, \d+\]: wrong: expected .* proven bound", printed), printed
    ends = {"pytest": "6 failed", "unittest": "FAILED (failures=6)", "script": "1 of 1 quantities disagree"}
    assert ends[how] in printed, printed
