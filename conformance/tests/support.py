"""What the suite's own tests share: a case to try, the project in a process of its own, and the script in a message."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

import conformance
from conformance.cases import Array, Case
from conformance.strategies import CELLS, distinct

ROOT = Path(conformance.__file__).parent.parent
HERE = Path(__file__).parent


def example(kind: str = "LSTM", dtype: str = "float64", **options: Any) -> Case:
    """A case in which everything is given: batch 2, time 4, input 3, hidden 5, and no two numbers alike."""
    cell = CELLS[kind](3, 5, **options)
    rng = np.random.default_rng(0)

    def array(*shape: int) -> Array:
        return distinct(rng, shape, 0.5, plain=True).astype(dtype)

    return Case(
        cell,
        {name: array(*shape) for name, shape in cell.parameter_shapes.items()},
        array(2, 4, 3),
        initial_state=tuple(array(2, 5) for _ in cell.state_names),
        d_outputs=array(2, 4, 5),
        d_state=tuple(array(2, 5) for _ in cell.state_names),
    )


def environment(**changes: str) -> dict[str, str]:
    """This process's environment, with the project importable from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **changes}


def python(*arguments: str, cwd: Path = ROOT, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs Python to its end; what it wrote, errors among it, is in ``stdout``."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment(**changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


def run_alone(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Saves a printed script and runs it from that folder, isolated: no PYTHONPATH, nothing of this project."""
    path = folder / "reproduce.py"
    path.write_text(script)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "KERAS"))}
    return subprocess.run(
        [sys.executable, "-I", str(path)],
        cwd=folder,
        env=bare,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def script_in(message: str) -> str:
    """The script that a failure's message holds."""
    _, _, rest = message.partition("--- a script that reproduces it, without this project ---\n")
    script, end, _ = rest.partition("--- end of script ---")
    assert end, f"no script in the message:\n{message}"
    return script
