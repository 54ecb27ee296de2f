"""What all of the suite's own tests need."""

from __future__ import annotations

import gc
import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .support import HERE, ROOT

DEAREST = (
    "suite/test_hostile_zoo.py",
    "power/test_mutants.py",
    "truth/test_oracle_accuracy.py",
    "judging/test_divergence_scripts.py",
    "implementations/test_keras.py",
    "power/test_tolerance_study.py",
    "commands/test_command_line.py",
    "upgrades/test_observations.py",
    "models/test_training_parity.py",
    "implementations/test_pytorch.py",
    "commands/test_killed_runs.py",
    "commands/test_campaign_command.py",
    "commands/test_generated_pages.py",
    "truth/test_corpus_certification.py",
    "upgrades/test_upgrade.py",
    "models/test_jobs_gates.py",
    "models/test_files_keras.py",
    "suite/test_planted_faults.py",
    "common/test_readers.py",
    "models/test_jobs_elman.py",
    "running/campaigns/test_engine.py",
    "commands/test_gpu_evidence.py",
    "suite/test_classes.py",
    "suite/test_under_pytest.py",
    "models/test_jobs_counting.py",
    "judging/test_reproduction.py",
    "upgrades/test_bisect.py",
    "commands/test_readme.py",
    "commands/test_few_packages.py",
    "suite/test_devices.py",
    "suite/test_no_silent_pass.py",
    "power/test_campaigns.py",
    "power/test_mutants_command.py",
    "models/test_jobs_reviews.py",
    "models/test_jobs_regression.py",
    "testing/test_pytest_plugin.py",
    "cases/test_well_conditioned.py",
    "reporting/html/test_run_page.py",
    "reporting/test_error_growth.py",
    "upgrades/test_records.py",
    "upgrades/test_history.py",
    "models/test_files_onnx.py",
    "truth/vectors/test_npz.py",
    "power/test_scale_search.py",
)
"""The files that take longest, the dearest first: none is alone at the end. `tox run -e suite` tells which."""

TOGETHER = (
    "implementations/test_keras.py",
    "models/test_files_keras.py",
    "models/test_jobs_counting.py",
    "models/test_jobs_elman.py",
    "models/test_jobs_frameworks.py",
    "models/test_jobs_gates.py",
    "models/test_jobs_regression.py",
    "models/test_jobs_reviews.py",
    "models/test_training_parity.py",
)
"""The files that fork frameworks (`support.forked_frameworks`). One worker runs them all: each is imported once."""

# pytest-xdist's workers have a width of 80, of no terminal; what commands print is looked at in its own width.
os.environ.pop("COLUMNS", None)


@pytest.hookimpl(hookwrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Iterator[None]:
    """One worker more than cores, unless the environment says how many: many a test waits for what sleeps or hangs."""
    found: Any = yield
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" not in os.environ:
        found.force_result(found.get_result() + 1)


def unit_of(file: str) -> str:
    """What one worker of pytest-xdist runs: a file, or all those that fork processes from the same ones."""
    return "forked frameworks" if file.endswith(TOGETHER) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """That of ``--dist loadfile``, with the units that `unit_of` says."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # here, as it may be absent

    class ByUnit(LoadFileScheduling):  # type: ignore[misc]  # it may be absent
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(super()._split_scope(nodeid))

    return ByUnit(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts the tests by file, the dearest file first; pytest-xdist hands files out in this order."""
    places = {HERE.parent / name: place for place, name in enumerate(DEAREST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """To look again and again at the half million objects that collecting leaves took a fifth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)  # a tape of numbers is many objects, few of which are garbage at any time


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


@pytest.fixture
def forked_workers() -> Iterator[None]:
    """Dask's workers are forked from one process with the imports, which are most of what a short one does."""
    dask = pytest.importorskip("dask", reason="Dask is not installed")
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        context = distributed.utils.get_mp_context()
        context.set_forkserver_preload(["distributed", "conformance.power.campaigns"])
        yield


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
