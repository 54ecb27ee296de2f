"""One framework's side of a job: ``python -m conformance.models.jobs.worker FRAMEWORK MODULE:FUNCTION FOLDER``.

The function gets ``(arrays, options, tell)`` and returns ``(arrays, report)``. Standard output carries one JSON line
for each event; whatever the framework itself prints goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...common.importing import collector_paused
from ...contract import NotRun
from ...implementations.finding import not_installed, source_of


def main(arguments: Sequence[str]) -> int:
    """Answers one question, into files in the folder."""
    framework, target, name = arguments
    folder = Path(name)
    events = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def tell(**event: Any) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
        given = dict(stored)
    options = json.loads((folder / "options.json").read_text())
    found: dict[str, Any] = {"not run": "", "report": {}, "versions": {}}
    source = source_of(framework)
    module, _, function = target.partition(":")
    try:
        with collector_paused():
            for package in source.packages:
                importlib.import_module(package)
            side = importlib.import_module(module)
        answer, found["report"] = getattr(side, function)(given, options, tell)
    except NotRun as reason:
        found["not run"] = str(reason)
    except ModuleNotFoundError as error:
        if error.name not in source.packages:
            raise
        found["not run"] = str(not_installed(source, error))
    else:
        np.savez(folder / "answer.npz", **answer)
        found["versions"] = {package: _version(package) for package in source.packages}
    (folder / "report.json").write_text(json.dumps(found))
    return 0


def _version(package: str) -> str:
    version: str = importlib.import_module(package).__version__
    return str(version)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
