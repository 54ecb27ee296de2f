"""One framework's side: ``python -m conformance.models.files.worker RUNTIME FUNCTION FOLDER``."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...common.importing import collector_paused
from ...implementations.finding import not_installed, offered
from .running import loaded, save


def main(arguments: Sequence[str]) -> int:
    """Answers one question, into files in the folder."""
    runtime, function, name = arguments
    folder, source = Path(name), offered("file")[runtime]
    asked = json.loads((folder / "asked.json").read_text())
    inputs = loaded(folder / "inputs.npz", asked["names"])
    found: dict[str, Any] = {"not run": "", "failed": "", "names": [], "report": {}, "versions": {}}
    try:
        with collector_paused():
            for package in source.packages:
                found["versions"][package] = _version(importlib.import_module(package))
            module = importlib.import_module(source.target)
    except ModuleNotFoundError as error:
        if error.name not in source.packages:
            raise
        found["not run"] = str(not_installed(source, error))
    else:
        try:
            values, found["report"] = getattr(module, function)(asked["path"], inputs, asked["options"])
        except Exception as error:  # whatever the framework raises is its answer
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            found["failed"] = f"{type(error).__name__}: {' '.join(lines)[:400]}"
        else:
            found["names"] = list(values)
            save(folder / "values.npz", values)
    (folder / "answer.json").write_text(json.dumps(found))
    return 0


def _version(package: Any) -> str:
    return str(getattr(package, "__version__", "")) or importlib.metadata.version(package.__name__.replace("_", "-"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
