"""What all of the suite's own tests need."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .support import HERE, ROOT

# pytest-xdist's workers have a width of 80, of no terminal; what commands print is looked at in its own width.
os.environ.pop("COLUMNS", None)


@pytest.fixture(autouse=True)
def signals_are_heard() -> None:
    """A shell hands on to what it runs in the background that SIGINT is ignored; a command ignores it at its end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a uv that downloads nothing (`fake_uv`); it is the only one, and environments are kept there."""
    binary = tmp_path / "bin" / "uv"
    binary.parent.mkdir()
    binary.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(HERE / "fake_uv.py"))} "$@"\n')
    binary.chmod(0o755)
    releases = {"keras": ["2.15.0", "3.3.3", "3.9.1", "3.9.2", "3.12.0", "3.15.0", "3.15.1", "3.16.0rc1"]}
    (tmp_path / "index.json").write_text(json.dumps(releases | {"torch": ["2.13.0+cpu"]}))
    (tmp_path / "uv.py").write_text("")  # hides the real one's package, in processes of their own too
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(binary.parent), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.setenv("FAKE_UV", str(tmp_path))
    monkeypatch.setenv("RNN_CONFORMANCE_ENVIRONMENTS", str(tmp_path / "kept"))
    return tmp_path


@pytest.fixture(scope="module")
def measuring() -> Iterator[None]:
    """This process draws and stops as one that measures mutants does (`power.mutants.measuring.prepare_process`)."""
    import hypothesis.core  # here, as most modules need none of it

    from conformance.power.mutants.measuring import prepare_process
    from conformance.suite import trying

    before, shrinking = hypothesis.core.global_force_seed, trying.SHRINKING_SECONDS
    prepare_process(seed=0)
    yield
    hypothesis.core.global_force_seed, trying.SHRINKING_SECONDS = before, shrinking
