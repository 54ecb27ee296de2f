"""A file run in its own framework, in a process of its own: it may crash, and Keras fixes its backend at import.

`run` starts ``python -m conformance.models.files.worker``, hands over arrays and options in files and reads the answer.
Arrays travel as ``.npz`` without pickle. What a framework offers is in its ``framework.toml``, the kind "file": a
module with ``run(path, inputs, options) -> (values by name, report)``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

import numpy as np

from ...common.temporary import temporary_folder
from ...contract import Array, NotRun
from ...implementations.finding import offered
from ...running.kept import run_kept
from ...running.processes import subprocess_environment

LIMIT_SECONDS = 600
_LINES = 3


class RunFailed(Exception):
    """The framework does not run the file: the last lines of what it said."""


@dataclass(frozen=True)
class Recording:
    """What a framework computed.

    runtime    its name
    versions   package to version
    values     by name; ``output.k`` is what the model returned
    report     what else is worth telling
    """

    runtime: str
    versions: Mapping[str, str]
    values: Mapping[str, Array]
    report: Mapping[str, Any]

    @property
    def outputs(self) -> list[Array]:
        """What the model returned."""
        names = sorted(
            (n for n in self.values if n.startswith("output.")), key=lambda n: int(n.removeprefix("output."))
        )
        return [self.values[name] for name in names]


def runtimes() -> tuple[str, ...]:
    """Every framework that can run a file."""
    return tuple(offered("file"))


def run(
    runtime: str, path: str, inputs: Mapping[str, Array], options: Mapping[str, Any], function: str = "run"
) -> Recording:
    """Runs a file. Raises `NotRun` where the framework is not installed, `RunFailed` where it does not run the file."""
    with temporary_folder("conformance-file-") as folder:
        save(folder / "inputs.npz", inputs)
        asked = {"path": str(Path(path).resolve()), "options": dict(options), "names": list(inputs)}
        (folder / "asked.json").write_text(json.dumps(asked))
        command = [sys.executable, "-m", "conformance.models.files.worker", runtime, function, str(folder)]
        with (folder / "log.txt").open("wb") as log:
            try:
                environment = _environment(runtime)
                status = run_kept(command, limit=LIMIT_SECONDS, stdout=log, stderr=log, env=environment).returncode
            except TimeoutExpired:
                raise RunFailed(f"{runtime} did not answer within {LIMIT_SECONDS} seconds") from None
        return _answer(runtime, folder, status, "run" if function == "run" else "read")


def save(path: Path, arrays: Mapping[str, Array]) -> None:
    """Arrays by number, for their names may be anything."""
    np.savez(path, **{f"a{k}": value for k, value in enumerate(arrays.values())})  # type: ignore[arg-type]


def loaded(path: Path, names: Sequence[str]) -> dict[str, Array]:
    """What `save` saved, by name."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[f"a{k}"] for k, name in enumerate(names)}


def _environment(runtime: str) -> dict[str, str]:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"), "TF_ENABLE_ONEDNN_OPTS": "1"}
    return subprocess_environment(**(quiet | dict(offered("file")[runtime].environment)))


def _answer(runtime: str, folder: Path, status: int, verb: str) -> Recording:
    answer = folder / "answer.json"
    if status != 0 or not answer.is_file():
        said = [line for line in (folder / "log.txt").read_text(errors="replace").splitlines() if line.strip()]
        raise RunFailed(f"{runtime} ended with status {status}: {' / '.join(said[-_LINES:])[:500]}")
    found = json.loads(answer.read_text())
    if found["not run"]:
        raise NotRun(found["not run"])
    if found["failed"]:
        raise RunFailed(f"{runtime} {' '.join(found['versions'].values())} does not {verb} it: {found['failed']}")
    return Recording(runtime, found["versions"], loaded(folder / "values.npz", found["names"]), found["report"])
