"""PyTorch's implementations: what the program does with a case's options, and what is said of what ran."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.cases.asking import observe
from conformance.cases.building import SizeLimits, build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.option_space import space_of
from conformance.contract import Case, NotRun, Observed
from conformance.implementations.finding import load
from conformance.judging.expected import expect
from conformance.judging.reproduction import reproducing_script
from conformance.judging.verdict import judge

from ..support import run_alone

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
EAGER = ("torch", "torch-cell", "torch-compiled")


def a_case(name: str, seed: int = 0, **wanted: Any) -> Case:
    """A case of the first combination of the implementation's that has the wanted options, all cotangents given."""
    made = load(name)
    space = space_of(made.cells, made.dtypes, getattr(made, "refused", ()))
    every = [*space.valid, *(combination for _, its in space.refused for combination in its)]
    fitting = [c for c in every if all(c.get(option) == value for option, value in wanted.items())]
    assert fitting, f"{name} has no combination with {wanted}"
    case = build_case(SeededChooser(seed), {"gradients": True, **fitting[0]}, SizeLimits(batch=3, time=4))
    return case.replace(
        d_outputs=np.ones(case.outputs_shape, case.dtype) if case.wants_gradients else None,
        call_options={option: value for option, value in case.call_options.items() if option != "gradients"},
    )


def observed(name: str, case: Case) -> Observed:
    """What the implementation says of a case, which must agree with the oracle."""
    found = observe(load(name), case)
    verdict = judge(expect(case), found)
    assert verdict.agrees, f"{name}, {case}: {[str(c) for c in verdict.disagreements]}"
    return found


DEEP: dict[str, Any] = {"kind": "LSTM", "layers": 3, "direction": "both"}


@pytest.mark.parametrize(
    "options",
    [
        {"layout": "unbatched"},
        {"layout": "time-major", "strided": True},
        {"lengths": "unsorted", "projection": True, "initial_state": True},
        {"between_dropout": True, "lengths": "unsorted"},
        {"between_dropout": True, "layout": "time-major"},
        {"autograd": False},
        {"input_grad": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_three_layers_in_both_directions_agree(options: dict[str, Any], dtype: str) -> None:
    observed("torch", a_case("torch", **DEEP, **options, dtype=dtype))


@pytest.mark.parametrize("options", [{}, {"lengths": "unsorted"}], ids=["plain", "packed"])
def test_layers_are_multiplied_by_the_case_s_own_dropout(options: dict[str, Any]) -> None:
    case = a_case("torch", kind="GRU", layers=2, between_dropout=True, dtype="float64", **options)
    assert case.dropout is not None
    other = case.replace(dropout={name: np.roll(f, 1, axis=-1) for name, f in case.dropout.items()})
    one, another = (observed("torch", each).values["d_params.l1.kernel"] for each in (case, other))
    assert not np.array_equal(one, another), "other factors, the same answer"


def test_where_all_is_dropped_the_second_layer_gets_nothing() -> None:
    case = a_case("torch", kind="GRU", layers=2, between_dropout=True, dtype="float64")
    nothing = case.replace(dropout={"l1.between": np.zeros_like((case.dropout or {})["l1.between"])})
    assert not observed("torch", nothing).values["d_params.l1.kernel"].any()


def test_the_path_tells_onednn_from_pytorch_s_own_kernel() -> None:
    single = observed("torch", a_case("torch", kind="LSTM", layers=1, dtype="float32", autograd=True)).path
    double = observed("torch", a_case("torch", kind="LSTM", layers=1, dtype="float64", autograd=True)).path
    assert single == "torch.nn.LSTM, eager: aten::lstm, aten::mkldnn_rnn_layer, aten::mkldnn_rnn_layer_backward"
    assert double == "torch.nn.LSTM, eager: aten::lstm"


@pytest.mark.parametrize("mode", ["script", "trace", "export", "compile"])
def test_a_layer_by_other_ways_agrees_and_runs_the_same_kernel(mode: str) -> None:
    case = a_case("torch-compiled", kind="GRU", layers=2, direction="both", mode=mode, lengths="none", dtype="float64")
    assert observed("torch-compiled", case).path == f"torch.nn.GRU, {mode}: aten::gru"


@pytest.mark.parametrize("mode", ["export, decomposed", "compile, aot_eager"])
def test_an_unrolled_layer_agrees_and_runs_no_recurrent_kernel(mode: str) -> None:
    case = a_case("torch-unrolled", kind="GRU", layers=1, mode=mode, dtype="float32")
    assert "aten::gru" not in observed("torch-unrolled", case).path


@pytest.mark.parametrize(
    ("kind", "dynamo", "told"), [("LSTM", False, "LSTM"), ("SimpleRNN", True, "no recurrent operator, but its parts")]
)
def test_the_path_of_an_exported_layer_names_the_operators_of_its_file(kind: str, dynamo: bool, told: str) -> None:
    case = a_case("torch-onnx", kind=kind, dynamo=dynamo, gradients=False, dtype="float32")
    assert observe(load("torch-onnx"), case).path.endswith(f"in ONNX Runtime: {told}")


def test_a_tensor_that_is_exported_has_no_strides_of_numpy_s() -> None:
    """ExecuTorch compares them where an axis has size 1, too."""
    from conformance.implementations.pytorch.programs import exported

    laid_out: Any = exported.laid_out
    array = np.lib.stride_tricks.as_strided(np.ones(4, np.float32), (4, 1), (4, 16))
    assert laid_out(array, torch.float32).stride() == (1, 1)
    assert torch.tensor(array).contiguous().stride() != (1, 1), "this array would show nothing"


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize("mode", ["script", "export", "compile, aot_eager"])
def test_a_cell_by_other_ways_agrees(kind: str, mode: str) -> None:
    observed("torch-cell", a_case("torch-cell", kind=kind, mode=mode, dtype="float64"))


@pytest.mark.parametrize(("name", "kind"), [("torch-cell-inductor", "GRU"), ("torch-inductor", "SimpleRNN")])
def test_what_inductor_compiles_agrees_and_runs_kernels_that_it_generated(name: str, kind: str) -> None:
    from torch._inductor import metrics

    before = metrics.generated_kernel_count
    observed(name, a_case(name, kind=kind, layers=1, dtype="float32"))
    assert metrics.generated_kernel_count > before


@pytest.mark.parametrize("name", ["torch-inductor", "torch-cell-inductor"])
def test_without_a_compiler_inductor_is_not_run_and_says_why(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import cpp_builder, exc

    def none() -> str:
        raise exc.InvalidCxxCompiler()

    monkeypatch.setattr(cpp_builder, "get_cpp_compiler", none)
    with pytest.raises(NotRun, match=r"no C\+\+ compiler"):
        load(name)


@pytest.mark.parametrize("entry", range(2))
def test_what_is_declared_as_refused_is_refused_in_these_words(entry: int) -> None:
    made: Any = load("torch")
    refusal = made.refused[entry]
    case = a_case("torch", kind="GRU", **{option: values[0] for option, values in refusal["when"].items()})
    with pytest.raises((RuntimeError, ValueError), match=refusal["message"][:40]):
        made.observe(case)


@pytest.mark.parametrize("name", ["torch", "torch-compiled"])
@pytest.mark.parametrize("layout", ["time-major", "unbatched"])
def test_the_native_layout_and_back_changes_nothing(name: str, layout: str) -> None:
    made: Any = load(name)
    case = a_case(name, kind="LSTM", layers=2, direction="both", projection=True, layout=layout, initial_state=True)
    expected = {k: v for k, v in expect(case).values.items() if not k.startswith("gates.")}
    back = made.from_native(case, made.to_native(case, expected))
    assert set(back) == set(expected)
    for quantity, value in expected.items():
        assert np.array_equal(back[quantity], value), quantity


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("torch", {"lengths": "unsorted", "between_dropout": True, "projection": True, "dtype": "bfloat16"}),
        ("torch", {"layout": "time-major", "strided": True, "initial_state": True, "dtype": "float32"}),
        ("torch-cell", {"layout": "unbatched", "mode": "trace", "dtype": "float32"}),
        ("torch-compiled", {"mode": "script", "lengths": "unsorted", "dtype": "float32"}),
        ("torch-switched", {"autocast": True, "projection": True, "dtype": "bfloat16"}),
        ("torch-switched", {"streams": 3, "dtype": "float64"}),
    ],
    ids=["packed", "strided", "cell", "scripted", "autocast", "threads"],
)
def test_the_printed_script_runs_alone_and_tells_right_from_wrong(
    name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    case = a_case(name, kind="LSTM", **options)
    expected = expect(case)
    done = run_alone(reproducing_script(load(name), case, expected), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "d_weights.weight_ih" in done.stdout, done.stdout
    if name == "torch-cell":
        wrong = replace(expected, values={k: v + 1 for k, v in expected.values.items()})
        assert run_alone(reproducing_script(load(name), case, wrong), tmp_path).returncode == 1


@pytest.mark.parametrize("name", EAGER)
def test_a_batch_without_rows_gives_gradients_of_zero(name: str) -> None:
    made: Any = load(name)
    space = space_of(made.cells, made.dtypes, getattr(made, "refused", ()))
    combination = next(c for c in space.valid if c["kind"] == "LSTM" and c["dtype"] == "float32")
    case = build_case(SeededChooser(0), {"gradients": True, **combination}, SizeLimits(batch=0, empty_batch=True))
    found = made.observe(case)
    assert not judge(expect(case), found).disagreements
    assert not found.values["d_params.kernel"].any()
