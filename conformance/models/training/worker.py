"""One framework trains, in a process: ``python -m conformance.models.training.worker NAME FOLDER STEPS TASK...``.

Writes one ``.npz`` (without pickle) a task and a report (JSON) into the folder.
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
from ...implementations.finding import not_installed, offered
from .tasks import TASKS

os.environ["JAX_ENABLE_X64"] = "1"  # read when JAX is imported; without it float64 is silently float32
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main(arguments: Sequence[str]) -> int:
    """Trains the tasks named, as the implementation named."""
    name, folder, steps, *names = arguments
    report: dict[str, Any] = {"versions": {}, "manner": "", "dtype": "", "done": [], "not_run": {}}
    source = offered("training")[name]
    try:
        with collector_paused():
            side = importlib.import_module(source.target)
    except ModuleNotFoundError as error:
        if error.name not in source.packages:
            raise
        report["not_run"] = dict.fromkeys(names, str(not_installed(source, error)))
    else:
        report |= {"versions": side.versions(), "manner": side.MANNER, "dtype": side.DTYPE}
        for task in names:
            trace = side.train(TASKS[task](side.MANNER).in_dtype(side.DTYPE), int(steps))
            np.savez(Path(folder) / f"{task}.npz", **trace.arrays())
            report["done"].append(task)
    (Path(folder) / "report.json").write_text(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
