"""PyTorch's switches: each is thrown while the layer runs and put back, and what the profiler saw is told."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from conformance.cases.option_space import space_of  # noqa: E402
from conformance.implementations.pytorch.layers import TorchLayers  # noqa: E402
from conformance.implementations.pytorch.programs import switched as program  # noqa: E402
from conformance.implementations.pytorch.switched import TorchSwitched  # noqa: E402
from conformance.implementations.pytorch.torch_profile import CALL, Event, kernels, profiled, profiler  # noqa: E402
from conformance.judging.divergences import divergences_of  # noqa: E402
from conformance.tests.support import example  # noqa: E402

SWITCHED: Any = program  # whose functions have no types, as the scripts that they are printed in


def standing() -> dict[str, Any]:
    dnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
    return {
        "cudnn": dnn.enabled,
        "tf32": (dnn.allow_tf32, products.allow_tf32),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


def test_switches_are_thrown_and_put_back_even_after_an_error() -> None:
    before, within = standing(), {}

    def fails() -> None:
        with SWITCHED.switches(cudnn=False, tf32=True, deterministic=True):
            within.update(standing())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert within == {"cudnn": False, "tf32": (True, True), "deterministic": True}
    assert standing() == before


def test_the_switches_of_a_case_are_those_that_the_layer_runs_under(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, original = [], SWITCHED.run_layer

    def watching(**arguments: Any) -> Any:
        seen.append(standing())
        return original(**arguments)

    monkeypatch.setattr(SWITCHED, "run_layer", watching)
    how = {"layout": "batch-major", "cudnn": False, "tf32": True, "deterministic": True}
    TorchSwitched().observe(example("LSTM", use_recurrent_bias=True).in_dtype("float32").replace(call_options=how))
    assert seen == [{"cudnn": False, "tf32": (True, True), "deterministic": True}]


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_autocast_computes_in_the_dtype_of_the_case_from_float32(kind: str) -> None:
    """An LSTM in nothing else; a GRU in parts."""
    import ml_dtypes

    case = example(kind, use_recurrent_bias=True).in_dtype(ml_dtypes.bfloat16)
    switched = TorchSwitched()
    arguments = switched.arguments(case.replace(call_options={"autocast": True}))
    assert arguments["options"]["dtype"] == torch.float32
    known = {entry.id for entry in divergences_of(switched)}
    if kind == "LSTM" and "torch-autocast-lstm-raises-without-avx512" in known:
        with pytest.raises(RuntimeError, match="could not create a primitive descriptor"):
            switched.program(arguments)
        return
    native = switched.program(arguments)
    assert native["d_weights.weight_hh_l0"].dtype == np.float32
    in_float32 = switched.program({**arguments, "autocast": None})
    coarse = native["outputs"].astype(ml_dtypes.bfloat16).astype(np.float32)
    assert np.array_equal(coarse, native["outputs"]) or kind == "GRU"
    assert not np.array_equal(native["outputs"], in_float32["outputs"])


def test_calls_in_several_threads_at_once_are_all_made() -> None:
    met = threading.Barrier(3, timeout=30)  # none goes on before all have come
    order = iter(range(3))

    def run() -> dict[str, Any]:
        met.wait()
        return {"outputs": np.array([1.0, 5.0 if next(order) == 1 else 2.0])}

    assert SWITCHED.in_streams(run, 3, "cpu")["outputs"].tolist() == [1.0, 5.0], "a wrong answer is passed over"


@pytest.mark.parametrize("wrong", [[np.nan, 0.0], [0.0, 1e9], [np.inf, 0.0]])
@pytest.mark.parametrize("place", range(3))
def test_of_several_answers_the_wrong_one_is_judged(wrong: list[float], place: int) -> None:
    answers = [np.array([0.0, 0.0], np.float32) for _ in range(3)]
    answers[place] = np.array(wrong, np.float32)
    assert SWITCHED.farthest(answers) is answers[place]
    nothing = [np.zeros((0, 2)) for _ in range(3)]
    assert SWITCHED.farthest(nothing).shape == (0, 2)


def test_the_path_of_several_threads_is_seen_and_is_its_own() -> None:
    case = example("LSTM", use_recurrent_bias=True)
    several = {"layout": "batch-major", "streams": 3}
    switched = TorchSwitched()
    for how in (several, {"layout": "batch-major"}, several):
        assert switched.observe(case.replace(call_options=how)).path == "torch.nn.LSTM, eager: aten::lstm", how


def test_on_cuda_the_profiler_looks_at_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch.autograd import profiler as theirs

    activity = theirs.ProfilerActivity
    monkeypatch.setattr(theirs, "_supported_activities", lambda: {activity.CPU, activity.CUDA})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert activity.CUDA in profiler("cuda").kineto_activities
    assert activity.CUDA not in profiler("cpu").kineto_activities


def test_dropout_that_is_one_operator_gets_the_factors_given() -> None:
    from conformance.implementations.pytorch.programs.layers import GivenDropout

    imposed: Any = GivenDropout
    factors = torch.tensor([[0.0, 2.0, 2.0]])
    x = torch.tensor([[1.0, 3.0, 5.0]], requires_grad=True)
    with imposed([factors]):
        dropped, _ = torch.native_dropout(x, 0.5, True)
    dropped.sum().backward()
    assert dropped.tolist() == [[0.0, 6.0, 10.0]]
    assert x.grad is not None
    assert x.grad.tolist() == [[0.0, 2.0, 2.0]]


def test_what_ran_is_what_the_profiler_saw() -> None:
    layer, x = torch.nn.GRU(2, 3), torch.zeros(4, 1, 2)

    def call() -> Any:
        with torch.autograd.profiler.record_function(CALL):
            return layer(x)

    assert profiled(call, "cpu")[1] == "aten::gru"


def test_operators_and_kernels_on_the_device_are_told_from_the_call_on() -> None:
    events = [
        Event("aten::gru", 1),
        Event(CALL, 5),
        Event("aten::lstm", 6),
        Event("aten::_cudnn_rnn", 7),
        Event("void LSTM_elementWise_fp<float, float>(int, int)", 9, on_device=True),
        Event("ampere_sgemm_32x32_sliced1x4_tn", 9, on_device=True),
    ]
    assert kernels(events) == "aten::_cudnn_rnn, aten::lstm; on the device LSTM_elementWise_fp"
    assert kernels([Event(CALL, 1), Event("aten::mm", 2)]) == "no recurrent kernel, but its parts"


def test_without_a_device_cuda_is_not_run() -> None:
    from conformance.contract import NotRun

    if not torch.cuda.is_available():
        for made in (TorchLayers, TorchSwitched):
            with pytest.raises(NotRun, match="no CUDA device"):
                made(device="cuda")


def test_on_cuda_what_cudnn_cannot_be_asked_is_left_out_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    layers, switched = TorchLayers("cuda"), TorchSwitched("cuda")
    for made in (layers, switched):
        space = space_of(made.cells, made.dtypes, made.refused)
        assert len(space.valid) > 5000
        assert made.arithmetic == {"float32, tf32": "float32, products in TF32"}
        assert "torch.backends.cudnn.allow_tf32 = False" in made.program.preamble
    asked = space_of(layers.cells, layers.dtypes, layers.refused).valid
    assert not any(one["between_dropout"] for one in asked)
    assert not any(one.get("training") is False and one.get("gradients") is not False for one in asked)
    assert not any(one["strided"] and one["initial_state"] and one["dtype"] == "float32" for one in asked)
    autocast = {one["dtype"] for one in space_of(switched.cells, switched.dtypes, ()).valid if one.get("autocast")}
    assert autocast == {"float16", "bfloat16"}
    assert all("gradients" not in entry for entry in TorchLayers.cells if entry["autograd"][0])
