"""Checkpoints: the last finished epoch of an interrupted job, in a file that appears whole or not at all.

A plain ``.npz`` of arrays, read without pickle. Beside the arrays, ``about`` says in JSON what they belong to, and
``sha256`` is the digest of all the rest, so that a damaged file is refused instead of resumed.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....common.atomic import write_atomically
from ....common.reading import Unreadable, parse_json, read_npz
from ....contract import Array
from ..data.rated_sentences import cache_folder

FORMAT = "rnn-conformance job 1"
_OWN = ("about", "sha256")
_MOST_BYTES = 2**28


class CheckpointRefused(Exception):
    """A file that cannot be resumed: which, and why."""


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: the arrays, and what else is known, as JSON has it."""

    arrays: Mapping[str, Array]
    report: Mapping[str, Any]


def default_path(job: str, settings: Mapping[str, Any], folder: Path | None = None) -> Path:
    """Where a job with these settings leaves its checkpoint: in the folder, by default the user's cache folder."""
    digest = hashlib.sha256(_json(settings).encode()).hexdigest()[:12]
    return (folder or cache_folder()) / f"{job}-{digest}.npz"


def save(path: Path, settings: Mapping[str, Any], checkpoint: Checkpoint) -> None:
    """Writes the checkpoint in one piece. The settings are what a run must share with this one to go on from it."""
    if reserved := [name for name in checkpoint.arrays if name in _OWN]:
        raise ValueError(f"arrays: {reserved} are names of the file's own")
    about = _json({"format": FORMAT, "settings": dict(settings), "report": dict(checkpoint.report)})
    arrays = dict(checkpoint.arrays) | {"about": np.frombuffer(about.encode(), np.uint8)}
    arrays["sha256"] = np.frombuffer(_digest(arrays), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())


def load(path: Path, settings: Mapping[str, Any]) -> Checkpoint | None:
    """The checkpoint in the file, or None where there is no file; `CheckpointRefused` for any other."""
    if not path.exists():
        return None
    try:
        arrays = read_npz(path, _MOST_BYTES)
        about = parse_json(path, arrays["about"].tobytes())
        digest = arrays.pop("sha256").tobytes()
    except Unreadable as error:
        raise CheckpointRefused(f"{path}: not a job's state, or a damaged one: {error.problem}") from None
    except KeyError as error:
        raise CheckpointRefused(f"{path}: not a job's state, or a damaged one: it has no {error}") from None
    if digest != _digest(arrays):
        raise CheckpointRefused(f"{path}: damaged: its checksum does not fit what it holds")
    if not isinstance(about, dict) or not all(isinstance(about.get(key), dict) for key in ("settings", "report")):
        raise CheckpointRefused(f"{path}: not a job's state, or a damaged one: it does not say what it is of")
    if about.get("format") != FORMAT:
        raise CheckpointRefused(f"{path}: expected the format {FORMAT!r}, got {about.get('format')!r}")
    theirs, ours = about["settings"], json.loads(_json(settings))
    if theirs != ours:
        different = sorted(key for key in {*theirs, *ours} if theirs.get(key) != ours.get(key))
        differences = ", ".join(f"{key}: {theirs.get(key)!r} there, {ours.get(key)!r} here" for key in different)
        raise CheckpointRefused(f"{path}: written by a job with other settings ({differences})")
    del arrays["about"]
    return Checkpoint(arrays, about["report"])


def _digest(arrays: Mapping[str, Array]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), sort_keys=True)
