"""A script that shows the first difference: NumPy and the framework, nothing of this project.

Where a framework computes a layer otherwise than the oracle, the script is that layer alone, on the values that reached
it, with what is expected and what rounding may do (`conformance.judging.reproduction`). Where two files differ, it runs
both on the same inputs and prints how far their outputs lie apart.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from refimpl.stack import Stack

from ...contract import Array, Case, NotRun
from ...implementations.finding import load
from ...judging import reproduction
from ...judging.expected import expect
from . import conventions
from .checking import Check, Ran
from .judging import PartVerdict, reached
from .model import Model

_MOST_NUMBERS = 100_000
_CALL_OPTIONS = {"torch": {"layout": "batch-major"}}


_UNTYPED = "  # type: ignore[no-untyped-def]"


class NoScript(Exception):
    """Why there is none."""


def script(found: Check, other: Check | None = None) -> str:
    """The script that shows the first difference; `NoScript` where nothing differs, or where it would be too long."""
    for ran in found.runs:
        for layer in ran.verdict.layers if ran.verdict else ():
            if layer.verdict == "differs":
                return of_a_layer(found.model, ran, layer)
    if other is not None and other.inputs:
        return of_two_files(found, other)
    raise NoScript("no recurrent layer differs")


def of_a_layer(model: Model, ran: Ran, verdict: PartVerdict) -> str:
    """A layer by itself in its framework, on the row of its batch that is furthest off."""
    node = next(each for each in model.nodes if each.name == verdict.place)
    assert ran.recording is not None
    assert node.recurrent is not None
    layer, worst = node.recurrent, verdict.worst
    given = conventions.given(layer, reached(model, node, ran.recording) or {})
    index = worst.index if worst is not None else ()
    row = slice(index[0], index[0] + 1) if index else slice(0, 1)
    dtype = np.dtype(verdict.arithmetic)
    if layer.convention == "loop":
        raise NoScript(f"{verdict.place} is a loop in the file, which no layer of a framework is")

    def cut(value: Any) -> Any:
        return None if value is None else np.asarray(value[row], dtype)

    case = Case(
        layer.cell,
        {name: np.asarray(value, dtype) for name, value in layer.params.items()},
        cut(given.x),
        initial_state=None if given.initial_state is None else tuple(map(cut, given.initial_state)),
        mask=None if given.mask is None else given.mask[row],
        lengths=None if given.lengths is None else given.lengths[row],
        reverse=layer.reverse,
        masked_output=layer.masked_output if given.mask is not None or layer.convention != "keras" else "repeat",
        output_order="processing" if layer.convention == "keras" and layer.reverse else "original",
        return_sequences=layer.return_sequences,
        call_options=_CALL_OPTIONS.get(ran.runtime, {}),
    )
    if case.size > _MOST_NUMBERS:
        raise NoScript(f"{verdict.place} has {case.size:,} numbers, too many to be written out")
    if isinstance(layer.cell, Stack) and layer.options.get("backwards"):
        raise NoScript(f"{verdict.place} is stacked cells that run backwards")
    try:
        implementation = load(ran.runtime)
    except (NotRun, ValueError) as reason:
        raise NoScript(str(reason)) from None
    head = f"# {verdict.place} of {model.path} in {ran.runtime}, on the values that reach it.\n"
    return head + reproduction.reproducing_script(implementation, case, expect(case))


def of_two_files(one: Check, other: Check) -> str:
    """Both files on the same inputs."""
    runners = {"onnx": _run_onnx, "keras": _run_keras}
    if one.model.format not in runners or other.model.format not in runners:
        raise NoScript("a file of tensors alone cannot be run by itself")
    used = dict.fromkeys(runners[check.model.format] for check in (one, other))
    lines = [f'"""{one.model.path} and {other.model.path} on the same inputs."""', "import numpy as np"]
    lines += [inspect.getsource(function).replace(_UNTYPED, "").rstrip() for function in used]
    for name, check in (("first", one), ("second", other)):
        lines.append(f"{name}_inputs = {_literal(check.inputs)}")
        runner = runners[check.model.format].__name__
        lines.append(f"{name} = {runner}({check.model.path!r}, {name}_inputs)")
    lines.append(_COMPARISON)
    return "\n\n".join(lines)


_COMPARISON = """differs = False
for k, (a, b) in enumerate(zip(first, second)):
    if a.shape != b.shape:
        print(f"output {k}: {a.shape} and {b.shape}")
        differs = True
        continue
    error = np.abs(a.astype(np.float64) - b.astype(np.float64))
    worst = np.unravel_index(np.argmax(error), error.shape)
    print(f"output {k}{[int(i) for i in worst]}: {a[worst]!r} and {b[worst]!r}, apart by {error[worst]:.3g}")
    differs = differs or error[worst] > 1e-4 * np.abs(a).max()
raise SystemExit(1 if differs else 0)
"""


def _run_onnx(path, inputs):  # type: ignore[no-untyped-def]
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return list(session.run(None, dict(inputs)))


def _run_keras(path, inputs):  # type: ignore[no-untyped-def]
    import keras

    model = keras.models.load_model(path, compile=False)
    values = list(inputs.values())
    found = model.predict(values[0] if len(values) == 1 else values, verbose=0)
    return list(found) if isinstance(found, list | tuple) else [found]


def _literal(arrays: Mapping[str, Array]) -> str:
    if sum(value.size for value in arrays.values()) > _MOST_NUMBERS:
        raise NoScript("the inputs are too many to be written out")
    inner = "".join(
        f"    {name!r}: np.array({value.tolist()!r}, np.{'bool_' if value.dtype == bool else value.dtype}),\n"
        for name, value in arrays.items()
    )
    return f"{{\n{inner}}}"
