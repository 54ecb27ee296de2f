"""Whatever runs ONNX files: a runtime is a function and a class, in a file of under forty lines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.cases.asking import observe
from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.option_space import space_of
from conformance.contract import Case, NotRun
from conformance.implementations.finding import BUILT_IN, load
from conformance.judging.divergences import divergences_of
from conformance.judging.expected import expect
from conformance.judging.reproduction import reproducing_script
from conformance.judging.verdict import judge

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

RUNTIME = '''"""A runtime of ONNX files, as somebody adds it."""

import numpy as np
import onnxruntime
from conformance.implementations.onnx.operators import OnnxNode


def run_mine(model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """Loads the model and runs it on the inputs."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(outputs, inputs)


class Mine(OnnxNode):
    """Its name, its version, and what runs it."""

    name = "mine"
    versions = {"mine": "1.0", "onnxruntime": onnxruntime.__version__}
    kernels = ("onnxruntime",)
    imports = "import onnxruntime"
    run = staticmethod(run_mine)
'''


def added(folder: Path, name: str, source: str = RUNTIME) -> Any:
    path = folder / f"{name}.py"
    path.write_text(source)
    return load(f"{path}:Mine")


def tame(seed: int, implementation: Any, **options: Any) -> Case:
    """A case with these options, whose numbers are around 1/2."""
    space = space_of(implementation.cells, implementation.dtypes, implementation.refused)
    plain = {"clip": False, "lengths": "none", "initial_state": True, "use_bias": True} | options
    combination = next(one for one in space.valid if "weights" in one and plain.items() <= one.items())
    rng = np.random.default_rng(seed)
    signs = build_case(SeededChooser(seed), combination)
    return signs.map_arrays(
        lambda array: (rng.uniform(0.25, 0.75, array.shape) * rng.choice([-1, 1], array.shape)).astype(array.dtype)
    )


def test_a_runtime_is_added_in_one_file_of_under_forty_lines(tmp_path: Path) -> None:
    assert len(RUNTIME.splitlines()) < 40
    mine = added(tmp_path, "runtime_of_mine")
    for kind in ("SimpleRNN", "GRU", "LSTM"):
        for shapes in ("static", "dynamic"):
            case = tame(3, mine, kind=kind, direction="both", shapes=shapes)
            verdict = judge(expect(case), observe(mine, case))
            assert verdict.agrees, f"{case!r}: {verdict.disagreements}"


def test_a_runtime_that_exchanges_its_outputs_is_seen(tmp_path: Path) -> None:
    wrong = RUNTIME.replace("session.run(outputs, inputs)", "session.run(outputs, inputs)[::-1]")
    mine = added(tmp_path, "runtime_in_reverse", wrong)
    with pytest.raises(ValueError, match=r"^Y has the shape \(.*\), the operator's is \("):
        observe(mine, tame(3, mine, kind="GRU", outputs="all"))


def test_a_runtime_that_returns_nothing_is_seen(tmp_path: Path) -> None:
    mine = added(tmp_path, "runtime_of_nothing", RUNTIME.replace("session.run(outputs, inputs)", "[]"))
    with pytest.raises(ValueError, match=r"^no output was returned$"):
        observe(mine, tame(3, mine, kind="GRU"))


def test_what_is_known_of_a_kernel_is_known_of_who_runs_it(tmp_path: Path) -> None:
    mine = added(tmp_path, "runtime_on_a_kernel")
    known = {entry.id for entry in divergences_of(mine)}
    assert "onnxruntime-lstm-clip-spares-the-cell-state" in known
    type(mine).kernels = ()
    assert not divergences_of(mine)


def test_a_failure_prints_the_function_that_ran(tmp_path: Path) -> None:
    mine = added(tmp_path, "runtime_in_a_script")
    case = tame(3, mine, kind="GRU")
    printed = reproducing_script(mine, case, expect(case))
    assert "def run_mine(" in printed
    assert "'run': run_mine," in printed
    assert "conformance" not in printed
    compile(printed, "script", "exec")


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM"])
def test_open_shapes_leave_batch_and_time_to_the_run(kind: str) -> None:
    from conformance.implementations.onnx.programs import nodes

    runtime: Any = load("onnxruntime")
    case = tame(4, runtime, kind=kind, lengths="unsorted", dtype="float32")
    made: Any = nodes.make_model
    for shapes, first in (("static", [case.x.shape[1], case.x.shape[0]]), ("dynamic", ["time", "batch"])):
        given = runtime.arguments(case.replace(call_options=dict(case.call_options) | {"shapes": shapes}))
        model = made(inputs=given["inputs"], **given["node"])
        onnx.checker.check_model(model, full_check=True)
        sizes = {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in model.graph.input}
        assert sizes["X"] == [*first, case.x.shape[2]]
        assert sizes["sequence_lens"] == first[1:]
        assert sizes["initial_h"][1] == first[1]


@pytest.mark.parametrize("name", ["openvino", "mnn", "tract", "iree", "onnxruntime-node", "onnxruntime-web"])
def test_a_runtime_that_is_absent_is_not_run_with_the_way_to_get_it(name: str, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, BUILT_IN[name].packages[0], None)
    monkeypatch.delitem(sys.modules, BUILT_IN[name].target.partition(":")[0], raising=False)
    monkeypatch.setenv("NODE_PATH", "")
    with pytest.raises(NotRun) as caught:
        load(name)
    assert "is not installed (" in str(caught.value)
    assert name in str(caught.value)


def test_a_run_of_everything_lists_what_is_run_by_itself_and_how() -> None:
    from conformance.commands.run import runs_of_their_own

    found = runs_of_their_own()
    assert found["openvino"] == "is run by itself: python -m conformance with openvino -- run --implementation openvino"
    assert "npm install" in found["onnxruntime-web"]
    assert "torch" not in found
    assert "oracle" not in found, "what needs no installation is no one's to install"
