"""The file in which an interrupted job leaves its last finished epoch: whole, checked, never unpickled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.models.jobs.resumable import checkpoints
from conformance.models.jobs.resumable.checkpoints import Checkpoint, CheckpointRefused

SETTINGS = {"job": "example", "hidden": 4, "rate": 0.1}
CHECKPOINT = Checkpoint({"params.kernel": np.linspace(0, 1, 6).reshape(2, 3), "step": np.array(7)}, {"epoch": 2})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    checkpoints.save(tmp_path / "state.npz", SETTINGS, CHECKPOINT)
    return tmp_path / "state.npz"


def test_what_was_saved_comes_back_to_the_bit(path: Path) -> None:
    found = checkpoints.load(path, SETTINGS)
    assert found is not None
    assert found.report == CHECKPOINT.report
    assert set(found.arrays) == set(CHECKPOINT.arrays)
    for name, array in CHECKPOINT.arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].tobytes() == array.tobytes(), name


def test_without_a_file_there_is_no_state(tmp_path: Path) -> None:
    assert checkpoints.load(tmp_path / "absent.npz", SETTINGS) is None


def test_other_settings_are_refused_and_named(path: Path) -> None:
    with pytest.raises(CheckpointRefused, match=r"other settings \(hidden: 4 there, 5 here\)"):
        checkpoints.load(path, SETTINGS | {"hidden": 5})


@pytest.mark.parametrize("at", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_damaged_file_is_refused(at: float, path: Path) -> None:
    data = bytearray(path.read_bytes())
    path.write_bytes(bytes(data[: int(at * len(data))]))
    with pytest.raises(CheckpointRefused, match="damaged"):
        checkpoints.load(path, SETTINGS)


def test_a_changed_number_is_refused(path: Path, tmp_path: Path) -> None:
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays["params.kernel"] = arrays["params.kernel"] + 1
    np.savez(path, **arrays)
    with pytest.raises(CheckpointRefused, match="checksum"):
        checkpoints.load(path, SETTINGS)


class Touches:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_nothing_is_ever_unpickled(tmp_path: Path) -> None:
    path, made = tmp_path / "state.npz", tmp_path / "made"
    evil = np.empty(1, object)
    evil[0] = Touches(made)
    np.savez(path, about=evil, sha256=np.zeros(32, np.uint8))
    with pytest.raises(CheckpointRefused, match="not a job's state"):
        checkpoints.load(path, SETTINGS)
    assert not made.exists()


def test_an_interrupt_while_writing_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(path, SETTINGS, Checkpoint({}, {}))
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
