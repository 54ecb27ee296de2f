"""The corpus as test data of ONNX's backend tests: a model of one node, its inputs and its outputs.

Its folders are read by ``onnx.backend.test.loader.load_model_tests(data_dir=FOLDER, kind="certified")``, as those of
``onnx/backend/test/data``. ``data.json`` has the tolerance of each test. Weights are inputs, as in ONNX's own cases.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import numpy_helper

import refimpl as ri

from ...contract import Array, Case
from ...implementations.onnx.operator_cases import as_case
from ...implementations.onnx.programs import nodes
from ...implementations.onnx.reference import OnnxReference
from ..corpus import Fixture
from .float32_vectors import (
    NotExpressible,
    certified,
    forward_in_float32,
    single_layer,
    with_both_biases,
    without_mask,
)
from .tolerances import limits, relative_and_absolute

KIND = "certified"


@dataclass(frozen=True)
class OnnxTest:
    """One test: the model, its inputs and expected outputs by name, in the model's order, and the tolerance."""

    model: Any
    inputs: dict[str, Array]
    outputs: dict[str, Array]
    rtol: float
    atol: float


def write_onnx(folder: Path, fixtures: Iterable[Fixture]) -> tuple[int, dict[str, str]]:
    """Writes ``certified/test_FAMILY_ID`` for each case that one node can express; returns how many
    were tried, and the others' reasons."""
    tried, left_out = 0, {}
    (folder / KIND).mkdir()
    for fixture in fixtures:
        tried += 1
        try:
            test = onnx_test(fixture.case)
        except NotExpressible as reason:
            left_out[f"{fixture.family}/{fixture.id}"] = str(reason)
            continue
        where = folder / KIND / folder_name(fixture)
        (where / "test_data_set_0").mkdir(parents=True)
        (where / "model.onnx").write_bytes(test.model.SerializeToString())
        (where / "data.json").write_text(json.dumps({"rtol": test.rtol, "atol": test.atol}) + "\n", encoding="utf-8")
        for kind, arrays in (("input", test.inputs), ("output", test.outputs)):
            for k, (name, array) in enumerate(arrays.items()):
                content = numpy_helper.from_array(array, name).SerializeToString()
                (where / "test_data_set_0" / f"{kind}_{k}.pb").write_bytes(content)
    return tried, left_out


def folder_name(fixture: Fixture) -> str:
    """The name of a test's folder, which the runner wants to begin so."""
    return f"test_{fixture.family}_{fixture.id}".replace("-", "_")


def onnx_test(case: Case) -> OnnxTest:
    """The test of a case; `NotExpressible` where one node cannot compute it."""
    single_layer(case)
    case = without_mask(with_both_biases(case))
    outputs = "all" if case.return_sequences else "states"  # the last output is a state
    case = forward_in_float32(case).replace(call_options={"weights": "inputs", "outputs": outputs})
    implementation = OnnxReference()
    try:
        arguments = implementation.arguments(case)
    except ri.InvalidArgument as reason:
        raise NotExpressible(f"the operator has no {reason.argument} {reason.got}") from None
    inputs = {name: np.asarray(array) for name, array in arguments["inputs"].items()}
    make: Any = nodes.make_model  # printed in scripts, and so without types
    model = make(inputs=inputs, **arguments["node"])
    computed = as_case(model, inputs.values())  # ONNX stores clip and the activations' numbers in float32
    vector = certified(computed.replace(return_sequences=True))
    rtol, atol = relative_and_absolute(vector, limits(vector).proven)
    native = implementation.to_native(vector.case, {name: vector.in_float32(name) for name in vector.expected})
    given = {value.name: native[value.name] for value in model.graph.output}
    return OnnxTest(model, inputs, given, rtol, atol)
