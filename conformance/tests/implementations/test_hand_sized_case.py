"""Every framework that is installed gives the hand-sized example exactly: integers leave nothing to round.

Keras is asked in `test_keras`, by the processes that are there for each backend.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.cases.asking import observe
from conformance.contract import Case, NotRun, Observed, family_of
from conformance.implementations.finding import FRAMEWORKS, load
from conformance.judging.expected import Expected
from conformance.judging.verdict import Verdict, judge

OUTPUTS = [[[7, 3, 12], [13, 27, 16], [48, 45, 54]]]
# The gradients of the sum of these outputs, worked by hand in fixtures/hand_sized.json.
D_KERNEL = [[21, 13, 8], [50, 30, 17]]
D_RECURRENT_KERNEL = [[48, 34, 27], [42, 36, 33], [76, 52, 40]]
D_BIAS = [20, 12, 7]
D_X = [[[22, 48], [9, 19], [3, 6]]]

FORWARD_ONLY = ("onnxruntime", "onnx-reference", "torch-onnx")
DTYPES = {"onnxruntime": {"float32"}, "torch-onnx": {"float32"}}  # of these two; all others have both


def hand_sized(name: str, dtype: str) -> Case:
    """The example as the framework has it: PyTorch has relu, the same on what is positive; it and ONNX two biases."""
    two_biases = name.startswith(("torch", "onnx"))
    activation = "relu" if name.startswith("torch") else "linear"
    cell = ri.SimpleRNN(2, 3, activation=activation, use_recurrent_bias=two_biases)
    params = {
        "kernel": np.array([[1, 0, 2], [2, 1, 3]], dtype),
        "recurrent_kernel": np.array([[1, 2, 1], [1, 0, 1], [0, 1, 0]], dtype),
        "bias": np.array([0, 0, 1], dtype),
        "recurrent_bias": np.zeros(3, dtype),
    }
    return Case(
        cell,
        {key: params[key] for key in cell.parameter_shapes},
        np.array([[[1, 3], [1, 1], [2, 3]]], dtype),
        d_outputs=None if name in FORWARD_ONLY else np.ones((1, 3, 3), dtype),
    )


def exactly(case: Case) -> Expected:
    """What is expected of it, to be met without any error."""
    values = {
        "outputs": OUTPUTS,
        "state.h": [OUTPUTS[0][-1]],
        "d_params.kernel": D_KERNEL,
        "d_params.recurrent_kernel": D_RECURRENT_KERNEL,
        "d_params.bias": D_BIAS,
        "d_x": D_X,
    }
    if case.cell.use_recurrent_bias:
        values["d_params.recurrent_bias"] = D_BIAS
    if not case.wants_gradients:
        values = {name: value for name, value in values.items() if family_of(name) != "gradients"}
    arrays = {name: np.array(value, np.float64) for name, value in values.items()}
    return Expected(arrays, {name: np.zeros(value.shape) for name, value in arrays.items()})


def dtypes_of(name: str) -> set[str]:
    return DTYPES.get(name, {"float64", "float32"})


def verdict_on(name: str, dtype: str) -> Verdict:
    case = hand_sized(name, dtype)
    return judge(exactly(case), observe(load(name), case))


def report(name: str) -> dict[str, Any]:
    """Dtype to what is wrong and what is missing, or why the framework is not run."""
    try:
        verdicts = {dtype: verdict_on(name, dtype) for dtype in dtypes_of(name)}
    except NotRun as reason:
        return {"not run": str(reason)}
    return {
        dtype: {
            "numbers": verdict.numbers,
            "wrong": [str(comparison) for comparison in verdict.disagreements],
            "missing": dict(verdict.missing),
        }
        for dtype, verdict in verdicts.items()
    }


def check_report(name: str, found: Any) -> None:
    """What `report` has found is exact, and all of it was compared."""
    assert set(found) == dtypes_of(name)
    for dtype, one in found.items():
        assert not one["wrong"], f"{name} in {dtype}: {one['wrong']}"
        assert not one["missing"], f"{name} in {dtype} does not report {one['missing']}"
        gradients = 0 if name in FORWARD_ONLY else 6 + 9 + 3 + 6 + 3 * name.startswith("torch")
        assert one["numbers"] == 9 + 3 + gradients, f"{name}: {one['numbers']}"


@pytest.mark.parametrize("name", [name for name in FRAMEWORKS if not name.startswith("keras")])
def test_the_framework_gives_the_hand_sized_example_exactly(name: str) -> None:
    found = report(name)
    if "not run" in found:
        pytest.skip(found["not run"])
    check_report(name, found)


def test_an_answer_that_is_off_by_one_bit_is_not_exact() -> None:
    case = hand_sized("oracle", "float64")
    values = dict(observe(load("oracle"), case).values)
    values["d_x"] = np.nextafter(values["d_x"], np.inf)
    wrong = {each.quantity for each in judge(exactly(case), Observed(values)).disagreements}
    assert wrong & exactly(case).values.keys() == {"d_x"}


def test_the_oracle_gives_the_hand_sized_example_exactly() -> None:
    for dtype in ("float64", "float32"):
        outputs = observe(load("oracle"), hand_sized("oracle", dtype)).values["outputs"]
        assert outputs.tolist() == OUTPUTS, f"{dtype}: {outputs}"
