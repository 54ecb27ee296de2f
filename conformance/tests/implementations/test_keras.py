"""Keras on each backend that is installed: many ways of building and calling its layers, against the oracle."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from conformance.cases.asking import observe
from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.declarations import with_defaults
from conformance.contract import Case, NotRun, Observed
from conformance.implementations.finding import FRAMEWORKS, load
from conformance.judging.expected import expect
from conformance.judging.verdict import judge

from ..support import ROOT, Running
from ..support.forked_frameworks import start_with
from . import test_hand_sized_case

BACKENDS = ("tensorflow", "torch", "jax")
PLAIN: dict[str, Any] = {"kind": "GRU", "dtype": "float32", "gradients": True, "initial_state": False, "unroll": True}
BOTH = {"direction": "both", "mask": "holes", "masked_output": "zeros", "unroll": False}
SOME: dict[str, dict[str, Any]] = {
    "two directions, merged": BOTH | {"merge": "mul", "backward_cell": "different"},
    "two directions, apart": BOTH | {"unmerged": True, "backward_layer": True},
    "the last output": {"return_sequences": False, "direction": "backward", "output_order": "processing"},
    "Masking before two layers": {"layers": 2, "mask": "left", "mask_from": "Masking"},
    "Embedding before three layers": {"layers": 3, "mask": "right", "mask_from": "Embedding", "kind": "SimpleRNN"},
    "stacked cells backwards": {
        "layers": 2,
        "direction": "backward",
        "wrapper": "StackedRNNCells",
        "initial_state": True,
    },
    "dropout, one mask a gate": {"recurrent_dropout": True, "dropout": True, "dropout_per_gate": True, "kind": "LSTM"},
    "idle dropout": {"idle_dropout": True, "wrapper": "RNN(cell)"},
    "half precision": {"dtype": "bfloat16", "kind": "LSTM"},
    "mixed precision": {"dtype": "float16", "policy": "mixed"},
    "a model, reloaded": {"form": "Model", "reload": True, "initial_state": True},
    "predict": {"form": "predict", "gradients": False},
}


PROFILER = {"torch": "pytorch.torch_profile", "jax": "keras.jax_profile"}
PROFILED = {"tensorflow": "", "torch": "no recurrent kernel, but its parts", "jax": "lstm"}
"""On the CPU: of JAX the frames of Keras's own Python, which its profiler sees there."""


def case_of(**options: Any) -> Case:
    """A case with these options, the others as `PLAIN` or the default has them."""
    wanted = PLAIN | options
    entry = with_defaults({"kind": wanted["kind"]}, (wanted["dtype"],))
    return build_case(SeededChooser(3), {name: values[0] for name, values in entry.items()} | wanted)


def report(backend: str) -> dict[str, Any]:
    """What is wrong, by what was tried; or why the framework is not run."""
    try:
        keras: Any = load(f"keras-{backend}")
    except NotRun as reason:
        return {"not run": str(reason)}
    said = {}
    for name, options in SOME.items():
        case = case_of(**options)
        verdict = judge(expect(case), observe(keras, case))
        said[name] = [str(wrong) for wrong in verdict.disagreements] or (
            [] if verdict.numbers else ["nothing compared"]
        )
    return said | {
        "stateful": stateful(keras),
        "path": observe(keras, case_of(kind="LSTM")).path,
        "planted": planted(keras),
        "one layer": one_layer(keras),
        "interface": keras.interface(),
        "beside a GPU": beside_a_gpu(keras),
        "on cuda": on_cuda(backend),
        "forgotten": forgotten(keras),
        "profiled": profiled(keras, backend),
        "hand-sized": test_hand_sized_case.report(f"keras-{backend}"),
    }


def beside_a_gpu(keras: Any) -> list[str]:
    """What is wrong where the CPU has to be asked for, as Keras takes a GPU that it sees."""
    keras._elsewhere = True
    verdict = judge(expect(case_of(kind="LSTM")), observe(keras, case_of(kind="LSTM")))
    keras._elsewhere = False
    return [str(wrong) for wrong in verdict.disagreements] if verdict.numbers else ["nothing compared"]


def on_cuda(backend: str) -> str:
    """Why it does not run on CUDA; nothing where it does."""
    try:
        load(f"keras-{backend}", "cuda")
    except NotRun as reason:
        return str(reason)
    return ""


def forgotten(keras: Any) -> int:
    """How often the backend is told to forget what it compiled, in 64 calls after which it is full."""
    backend: Any = import_module("conformance.implementations.keras.programs.layers").backend
    times = 0

    def forget() -> None:
        nonlocal times
        times += 1

    full, original = getattr(backend, "is_full", bool), backend.forget
    assert not full()
    backend.forget, backend.is_full = forget, lambda: True
    for _ in range(64):
        observe(keras, case_of())
    backend.forget, backend.is_full = original, full
    return times


def profiled(keras: Any, backend: str) -> str:
    """What the backend's profiler saw run, where it is asked."""
    if backend == "tensorflow":
        return ""
    module = import_module(f"conformance.implementations.{PROFILER[backend]}")
    values, ran = module.profiled(lambda: observe(keras, case_of(kind="LSTM")).values, "cpu")
    assert "outputs" in values
    return str(ran)


def stateful(keras: Any) -> list[str]:
    """A sequence in two calls, and once more after a reset and after a reload, against one of the oracle's runs."""
    case = case_of(kind="LSTM", direction="both", gradients=False, unroll=False).replace(d_outputs=None, d_state=None)
    session, pieces = keras.stateful(case), np.split(case.x, [1], axis=1)
    single = judge(expect(case.replace(x=pieces[0])), observe(keras, case.replace(x=pieces[0])))
    assert single.agrees, single.disagreements
    wrong = []
    for again in (session.reset, session.reload):
        first = session.call(pieces[0])
        state = tuple(first[f"state.{name}"] for name in case.state_names)
        expected = expect(case.replace(x=pieces[1], initial_state=state))
        found = session.call(pieces[1])
        verdict = judge(expected, Observed(found))
        wrong += [str(one) for one in verdict.disagreements]
        again()
        third = session.call(pieces[0])
        wrong += [f"{name} after {again.__name__}" for name in first if not np.array_equal(first[name], third[name])]
        session.reset()
    return wrong + in_half_precision(keras)


def in_half_precision(keras: Any) -> list[str]:
    """Of a layer that computes in another precision than its variables have, those quantities that have the latter."""
    case = case_of(dtype="float16", policy="mixed", gradients=False, unroll=False).replace(d_outputs=None, d_state=None)
    found = keras.stateful(case).call(case.x)
    return [f"{name} in {value.dtype}" for name, value in found.items() if value.dtype != case.dtype]


def planted(keras: Any) -> bool:
    """Whether a mask that is handed over with one step changed is noticed."""
    case = case_of(mask="holes")
    assert case.mask is not None
    other = case.mask.copy()
    other[0, 0] ^= True
    return not judge(expect(case.replace(mask=other)), observe(keras, case)).agrees


def one_layer(keras: Any) -> list[str]:
    """What a layer that is built once answers otherwise than new ones, in calls of other sizes."""
    case = case_of(initial_state=True, unroll=False)
    wrong, layer, built = [], keras.layer(case), keras.code.build_layers
    keras.code.build_layers = None  # to be built anew would raise
    answers = [layer(case.replace(x=case.x[:, :steps], d_outputs=None, d_state=None)).values for steps in (1, 2, 1)]
    keras.code.build_layers = built
    for steps, answer in zip((1, 2, 1), answers, strict=True):
        new = observe(keras, case.replace(x=case.x[:, :steps], d_outputs=None, d_state=None)).values
        wrong += [f"{name} of {steps} steps" for name in new if not np.array_equal(new[name], answer[name])]
    fixed = case_of(mask="left", mask_from="Embedding", form="eager"), case_of(form="Model")
    return wrong + [f"one for other sizes than {each}" for each in fixed if keras.layer(each) is not None]


@pytest.fixture(scope="module")
def reports() -> Iterator[dict[str, Running]]:
    """A process for each backend, which Keras fixes when it is imported; all started at once."""
    processes = {backend: start_with(f"keras-{backend}", __name__, backend) for backend in BACKENDS}
    yield processes
    for process in processes.values():
        process.end()


def test_every_backend_of_the_run_is_asked() -> None:
    assert {name for name in FRAMEWORKS if name.startswith("keras")} == {f"keras-{backend}" for backend in BACKENDS}


def test_jax_knows_the_variables_by_which_tox_keeps_what_was_compiled() -> None:
    jax = pytest.importorskip("jax")
    named = re.findall(r"^ +(JAX_\w+) =", (ROOT / "tox.ini").read_text(), re.MULTILINE)
    assert len(named) == 3
    assert {name.lower() for name in named} <= set(jax.config.values)


@pytest.mark.parametrize("backend", BACKENDS)
def test_layers_agree_with_the_oracle_however_they_are_built_and_called(backend: str, reports: Any) -> None:
    status, said = reports[backend].ended()
    assert status == 0, said
    found = json.loads(said.splitlines()[-1])
    if "not run" in found:
        pytest.skip(found["not run"])
    fused = "backend.lstm" if backend == "torch" else "backend.rnn, unrolled"
    assert found.pop("path") == f"{backend}, eager: {fused}"
    cuda = found.pop("on cuda")
    assert cuda in ("", f"no CUDA device that {backend} sees")
    assert found.pop("forgotten") == 2
    assert PROFILED[backend] in found.pop("profiled")
    assert found.pop("planted"), "a mask with one step changed went unnoticed"
    check_interface(found.pop("interface"))
    test_hand_sized_case.check_report(f"keras-{backend}", found.pop("hand-sized"))
    assert found == {name: [] for name in (*SOME, "stateful", "one layer", "beside a GPU")}, f"{backend}: {found}"


def check_interface(interface: Any) -> None:
    """What a user builds against is told, of every class."""
    kinds = ("SimpleRNN", "LSTM", "GRU")
    others = ("RNN", "StackedRNNCells", "Bidirectional")
    assert set(interface) == {f"keras.layers.{name}" for kind in kinds for name in (kind, f"{kind}Cell", *others)}
    lstm, gru, both = (interface[f"keras.layers.{name}"] for name in ("LSTM", "GRU", "Bidirectional"))
    assert lstm["signature"]["units"] == "required"
    assert lstm["signature"]["recurrent_activation"] == "'sigmoid'"
    assert lstm["defaults"]["unit_forget_bias"] is True
    assert lstm["defaults"]["bias_initializer"] == "Zeros()"
    assert "name" not in lstm["defaults"], "Keras numbers the names of layers"
    assert lstm["weights"] == [["kernel", [2, 12]], ["recurrent_kernel", [3, 12]], ["bias", [12]]]
    assert gru["weights"][2] == ["bias", [2, 9]]
    assert both["weights"] == lstm["weights"] * 2
    assert both["defaults"]["layer"] == "LSTM(…)"
    assert " at 0x" not in json.dumps(interface), "an address, which is another one in every process"


if __name__ == "__main__":
    print(json.dumps(report(sys.argv[1])))
