"""One implementation's answers to the corpus, in a process of its own: ``python -m conformance.truth.accuracy_worker``.

Keras fixes its backend when it is imported, so no two implementations share a process. This module needs no
python-flint; it writes plain arrays (``.npz``, without pickle) and the reasons for what was not run (JSON).
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..cases.asking import observe
from ..cases.strategies import declares_cell
from ..common.descriptions import BASIC_OPTIONS
from ..contract import Array, Case, NotRun
from ..implementations.finding import load
from . import corpus


def main(arguments: Sequence[str]) -> int:
    """``NAME FOLDER FAMILY...``: answers those families, into files in the folder."""
    name, folder, *families = arguments
    answers: dict[str, Array] = {}
    report: dict[str, Any] = {"name": name, "versions": {}, "unavailable": "", "not_run": {}}
    try:
        implementation = load(name)
    except NotRun as reason:
        report["unavailable"] = str(reason)
    else:
        report["versions"] = dict(implementation.versions)
        for family in families:
            for fixture in corpus.read(family):
                for dtype in implementation.dtypes:
                    key = f"{family}/{fixture.id}/{dtype}"
                    case = fixture.case.in_dtype(dtype)
                    why = reason_not_asked(name, implementation.cells, fixture.case, case)
                    if why:
                        report["not_run"][key] = why
                        continue
                    try:
                        with np.errstate(all="ignore"), warnings.catch_warnings():
                            warnings.simplefilter("ignore")
                            values = observe(implementation, case).values
                    except Exception as error:
                        report["not_run"][key] = f"raised {type(error).__name__}: {str(error).splitlines()[0]:.100}"
                        continue
                    answers |= {f"{key}/{quantity}": np.asarray(value) for quantity, value in values.items()}
    np.savez(Path(folder) / "answers.npz", **answers)  # type: ignore[arg-type]
    (Path(folder) / "report.json").write_text(json.dumps(report))
    return 0


def reason_not_asked(name: str, cells: Any, original: Case, case: Case) -> str:
    """Why an implementation does not get a case; empty where it does."""
    if name != "oracle" and any(case.options[option] != value for option, value in BASIC_OPTIONS.items()):
        return "only runs over every step, first to last, are asked of frameworks"
    if name != "oracle" and not declares_cell(cells, case.cell):  # the oracle has them all, in more than it enumerates
        return "no such cell"
    if case.dtype == np.float32 and not _representable(original, case):
        return "inputs beyond the range of float32"
    return ""


def _representable(original: Case, cast: Case) -> bool:
    """Whether every input is a normal number of the case's dtype, or zero."""
    limits = np.finfo(cast.dtype)

    def representable(array: Array | None) -> bool:
        if array is None:
            return True
        size = np.abs(array[array != 0])
        return bool(((size >= limits.tiny) & (size <= limits.max)).all())

    arrays = [*original.params.values(), original.x, *(original.initial_state or ()), original.d_outputs]
    return all(representable(array) for array in [*arrays, *(original.d_state or ())])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
