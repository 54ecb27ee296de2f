"""ONNX's own backend test runner loads the vectors; where a backend fails, known divergences say why.

Two backends: the reference evaluator of the `onnx` package, and ONNX Runtime's own `onnxruntime.backend`.
"""

from __future__ import annotations

import json
import shutil
import unittest
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.contract import Case
from conformance.implementations.finding import load
from conformance.judging.divergences import divergences_of, run_and_judge
from conformance.truth.vectors import export
from conformance.truth.vectors.float32_vectors import Vector
from conformance.truth.vectors.tolerances import limits

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("flint")

from onnx.backend.base import Backend  # noqa: E402
from onnx.backend.test import runner as onnx_runner  # noqa: E402
from onnx.backend.test.loader import load_model_tests  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

from conformance.implementations.onnx.operator_cases import as_case  # noqa: E402

FAMILIES = ("hand_sized", "lstm", "gru_reset_before", "lstm_variants", "clipped", "lengths", "layers", "tiny")
each_backend = pytest.mark.parametrize("name", ["onnx-reference", "onnxruntime"])


class PreparedReference:
    def __init__(self, model: Any) -> None:
        self.evaluator = ReferenceEvaluator(model)

    def run(self, inputs: Sequence[Any]) -> Any:
        return self.evaluator.run(None, dict(zip(self.evaluator.input_names, inputs, strict=True)))


class Reference(Backend):  # type: ignore[misc]
    """The reference evaluator as a backend; the `onnx` package does not install the one that it tests itself with."""

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return device == "CPU"

    @classmethod
    def prepare(cls, model: Any, device: str = "CPU", **_: Any) -> PreparedReference:
        return PreparedReference(model)


def backend(name: str) -> Any:
    if name == "onnx-reference":
        return Reference
    import onnxruntime.backend.backend

    return onnxruntime.backend.backend.OnnxRuntimeBackend


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("onnx") / "vectors"
    export("onnx", where, FAMILIES)
    return where


def tensors(test: Path, kind: str) -> list[Any]:
    """The arrays of a test's data, in their order."""
    paths = sorted(test.glob(f"test_data_set_0/{kind}_*.pb"))
    return [onnx.numpy_helper.to_array(onnx.TensorProto.FromString(path.read_bytes())) for path in paths]


def cases(folder: Path) -> Mapping[str, Case]:
    """The case that each test computes, in float32, read back from its files."""
    found = {}
    for test in sorted((folder / "certified").iterdir()):
        model = onnx.load(test / "model.onnx")
        case = as_case(model, tensors(test, "input"))
        gives_states_only = "Y" not in {output.name for output in model.graph.output}
        found[test.name] = case.replace(call_options={"outputs": "states" if gives_states_only else "all"})
    return found


def failures(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, str]]:
    """How many tests the runner ran, and the message of each that failed."""
    monkeypatch.setattr(onnx_runner, "load_model_tests", lambda **_: [])  # the runner's own tests are not run
    runner = onnx_runner.Runner(backend(name))
    for test in load_model_tests(str(folder), "certified"):
        runner._add_model_test(test, "Certified")
    ran = unittest.TestResult()
    tests = runner.test_cases["OnnxBackendCertifiedModelTest"]
    names = [each for each in dir(tests) if each.startswith("test_") and each.endswith("_cpu")]
    with np.errstate(all="ignore"):
        unittest.TestSuite(tests(each) for each in names).run(ran)
    assert not ran.skipped
    found = {test.id().rpartition(".")[2].removesuffix("_cpu"): message for test, message in ran.failures + ran.errors}
    return ran.testsRun, found


@each_backend
def test_the_backend_passes_but_for_known_divergences(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran, failed = failures(folder, name, monkeypatch)
    of_each = cases(folder)
    assert ran == len(of_each) > 200
    assert len(failed) < ran
    implementation = load(name)
    known = [entry for entry in divergences_of(implementation) if entry.effect != "accepts"]
    for test, message in failed.items():
        case = of_each[test]
        applying = [entry.id for entry in known if entry.applies_to(case)]
        assert applying, f"{test} fails, and no known divergence says why:\n{message}"
        verdict, _ = run_and_judge(implementation, case)  # raises where another error, or none, is raised than they say
        assert not verdict.disagreements, f"{test} fails otherwise than {applying} say: {verdict.disagreements[0]}"


@each_backend
@pytest.mark.parametrize("changed", ["the output", "an input", "the output's shape"])
def test_a_vector_with_something_wrong_in_it_fails(
    folder: Path, name: str, changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = "test_hand_sized_simple_rnn_linear"
    shutil.copytree(folder / "certified" / sound, tmp_path / "certified" / sound)
    assert failures(tmp_path, name, monkeypatch) == (1, {})
    data = tmp_path / "certified" / sound / "test_data_set_0"
    stored = data / ("input_0.pb" if changed == "an input" else "output_0.pb")
    tensor = onnx.TensorProto.FromString(stored.read_bytes())
    values = onnx.numpy_helper.to_array(tensor).copy()
    values.flat[0] *= 1 + 2.0**-12
    values = values[:1] if changed == "the output's shape" else values
    stored.write_bytes(onnx.numpy_helper.from_array(values, tensor.name).SerializeToString())
    assert list(failures(tmp_path, name, monkeypatch)[1]) == [sound]


def test_every_tolerance_holds_every_proven_bound(folder: Path) -> None:
    for name, case in cases(folder).items():
        if not name.startswith(("test_lstm_", "test_layers_", "test_hand_sized_")):
            continue
        test = folder / "certified" / name
        stated = json.loads((test / "data.json").read_text())
        names = [output.name for output in onnx.load(test / "model.onnx").graph.output]
        native = dict(zip(names, tensors(test, "output"), strict=True))
        expected = load("onnx-reference").from_native(case, native)  # type: ignore[attr-defined]
        vector = Vector(case.in_dtype(np.float64), {key: value.astype(np.float64) for key, value in expected.items()})
        for key, room in limits(vector).proven.items():
            allowed = stated["atol"] + stated["rtol"] * np.abs(vector.expected[key])
            assert np.isfinite(allowed).all()
            assert (room <= allowed).all(), f"{name}: {key}"
