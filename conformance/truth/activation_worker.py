"""One framework's activations, in a process of its own: ``python -m conformance.truth.activation_worker``.

Keras fixes its backend when it is imported, so no two of them share a process.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..contract import Array
from ..implementations.activations import Activations, Evaluate, Evaluated
from ..implementations.finding import imported, installed, offered, source_of

SHORT = 3
"""Also asked in arrays as short as a small layer's: vector units leave these to other code."""


def main(arguments: Sequence[str]) -> int:
    """``FRAMEWORK FOLDER``: evaluates the activations named in the folder, at the points that lie there."""
    framework, folder = arguments
    names = json.loads((Path(folder) / "names.json").read_text())
    source = source_of(framework, offered("activations"))
    with installed(source):
        activations: Activations = imported(source.target)()
    answers: dict[str, Array] = {}
    with (
        np.load(Path(folder) / "points.npz", allow_pickle=False) as at,
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        for name in names:
            evaluate = activations.evaluator(*_parts(name))
            if evaluate is None:
                continue
            for dtype in at.files:
                found = evaluate(dtype, at[dtype])
                if found is not None:
                    values, slopes = _with_short(evaluate, dtype, at[dtype], *found)
                    answers[f"{name}/{dtype}/value"] = values
                    if slopes is not None:
                        answers[f"{name}/{dtype}/slope"] = slopes
    np.savez(Path(folder) / "answers.npz", **answers)  # type: ignore[arg-type]
    print(activations.version)
    return 0


def _with_short(evaluate: Evaluate, dtype: str, x: Array, values: Array, slopes: Array | None) -> Evaluated:
    """The same, but every eleventh three points evaluated three at a time."""
    for start in range(0, len(x) - SHORT, 11 * SHORT):
        here = slice(start, start + SHORT)
        short = evaluate(dtype, x[here])
        assert short is not None
        values[here] = short[0]
        if slopes is not None:
            slopes[here] = short[1]
    return values, slopes


def _parts(name: str) -> tuple[str, list[float]]:
    found = re.fullmatch(r"(\w+)(?:\((.*)\))?", name)
    assert found
    return found[1], [float(number) for number in found[2].split(",")] if found[2] else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
