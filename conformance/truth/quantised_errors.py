"""How far layers in 8 bits lie from the float layers that they were: ``python -m conformance.truth.quantised_errors``.

No bound says how far they may lie, and nothing here is called agreement: it is measured on one layer, or two, of 64
units, on 16 rows of 50 steps, with numbers as training begins with. What of it can be modelled is judged by a run of
`onnxruntime-int8` and `torch-quantised`; LiteRT's kernels do not say what they round on the way, so it is here alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

import refimpl as ri

from ..cases.oracle_run import run_oracle
from ..contract import Case, NotRun
from ..implementations.finding import load

_ROWS, _STEPS, _INPUT, _UNITS = 16, 50, 32, 64
_SETTINGS: tuple[tuple[str, str, int, Mapping[str, Any]], ...] = (
    ("onnxruntime-int8", "LSTM", 1, {}),
    ("onnxruntime-int8", "LSTM", 1, {"per_channel": True}),
    ("torch-quantised", "LSTM", 1, {"weights_in": "qint8"}),
    ("torch-quantised", "LSTM", 2, {"weights_in": "qint8"}),
    ("torch-quantised", "GRU", 1, {"weights_in": "qint8"}),
    ("torch-quantised", "GRU", 2, {"weights_in": "qint8"}),
    ("torch-quantised", "LSTM", 1, {"weights_in": "float16"}),
    ("torch-quantised", "GRU", 1, {"weights_in": "float16"}),
    ("litert", "LSTM", 1, {"weights_in": "int8"}),
    ("litert", "GRU", 1, {"weights_in": "int8"}),
)
_BIASES = {"litert": "keras"}  # the layout whose biases a layer has; of all others both


def case_of(kind: str, layers: int, call_options: Mapping[str, Any], biases: str = "pytorch", seed: int = 0) -> Case:
    """One layer or more of a kind, in float32, with weights within ``±1 / √units`` and normal inputs.

    biases   the layout whose biases it has
    """
    rng, cell_class = np.random.default_rng(seed), {"LSTM": ri.LSTM, "GRU": ri.GRU}[kind]
    cells = [cell_class(_INPUT if k == 0 else _UNITS, _UNITS, use_recurrent_bias=True) for k in range(layers)]
    stack: Any = cells[0] if layers == 1 else ri.Stack(tuple(ri.Layer(forward=each) for each in cells))
    cell = ri.layouts.native(stack, biases)
    most = _UNITS**-0.5
    params = {n: rng.uniform(-most, most, shape).astype(np.float32) for n, shape in cell.parameter_shapes.items()}
    x = rng.normal(size=(_ROWS, _STEPS, _INPUT)).astype(np.float32)
    return Case(cell, params, x, call_options=call_options)


def measured() -> Iterator[tuple[str, ...]]:
    """A row of the table for each layer; that its framework is not installed, where it is not."""
    for name, kind, layers, call_options in _SETTINGS:
        case = case_of(kind, layers, call_options, _BIASES.get(name, "pytorch"))
        options = ", ".join(f"{option}={value}" for option, value in call_options.items()) or "as it comes"
        told = (name, f"{kind}, {layers} layer{'s' if layers > 1 else ''}", options)
        try:
            implementation: Any = load(name)
        except NotRun as absent:
            yield (*told, str(absent), "", "", "")
            continue
        outputs = np.asarray(implementation.observe(case).values["outputs"], np.float64)
        truth = run_oracle(case.in_dtype(np.float64)).outputs
        off = np.abs(outputs - truth)
        size, figures = float(np.sqrt(np.mean(truth**2))), (*np.quantile(off, [0.5, 0.99]), off.max())
        yield (*told, f"{size:.2g}", *(f"{figure:.2g}" for figure in figures))


def main() -> None:
    """Prints the table, in Markdown."""
    argparse.ArgumentParser(prog="python -m conformance.truth.quantised_errors", description=__doc__).parse_args()
    print("| implementation | layer | options | outputs, root mean square | half off by at most | 99 of 100 | worst |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: |")
    for row in measured():
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
