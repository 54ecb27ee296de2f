"""The ONNX implementations build the nodes that their options name, and give what the oracle gives where they should.

What the suite finds in them is in conformance/divergences; these are the tests of our own code around them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.cases.asking import observe
from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.option_space import Space, space_of
from conformance.contract import Case, Observed, attribute_of
from conformance.implementations.finding import load
from conformance.implementations.program import ProgramImplementation
from conformance.judging.expected import expect
from conformance.judging.reproduction import reproducing_script
from conformance.judging.verdict import judge

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

NAMES = ("onnxruntime", "onnx-reference")
KINDS = ("SimpleRNN", "LSTM", "GRU")
each = pytest.mark.parametrize("name", NAMES)


def space(name: str) -> Space:
    implementation: Any = load(name)
    return space_of(implementation.cells, implementation.dtypes, attribute_of(implementation, "refused"))


def case(name: str, seed: int = 0, **options: Any) -> Case:
    """A case with these options, all others plain."""
    plain = {"lengths": "none", "clip": False, "direction": "forward", "backward_cell": "alike", "dtype": "float32"}
    plain |= {"input_forget": False, "initial_state": True, "use_bias": True, "use_recurrent_bias": True} | options
    for combination in space(name).valid:
        unwanted = {"layout", "attributes", "opset", "threads"} & set(combination) - set(options)
        asked_for = all(key in combination for key in options)
        if asked_for and not unwanted and all(combination.get(key, value) == value for key, value in plain.items()):
            return build_case(SeededChooser(seed), combination)
    raise AssertionError(f"{name} has no {options}")


def arguments(name: str, one: Case) -> dict[str, Any]:
    implementation = load(name)
    assert isinstance(implementation, ProgramImplementation)
    return implementation.arguments(one)


def node_of(name: str, one: Case) -> Any:
    from conformance.implementations.onnx.programs import nodes

    given = arguments(name, one)
    made: Any = nodes.make_model
    model = made(inputs=given["inputs"], **given["node"])
    onnx.checker.check_model(model, full_check=True)
    return model.graph.node[0]


@each
def test_every_kind_of_node_is_valid_to_the_package_itself(name: str) -> None:
    chosen = space(name).valid[:: max(1, len(space(name).valid) // 60)]
    for seed, combination in enumerate(chosen):
        node_of(name, build_case(SeededChooser(seed), combination))


@each
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("kind", KINDS)
def test_plain_cases_agree_in_every_direction(name: str, kind: str, direction: str) -> None:
    one = tame(case(name, kind=kind, direction=direction))
    verdict = judge(expect(one), observe(load(name), one))
    assert verdict.agrees, f"{one!r}\n{verdict.disagreements}"
    assert set(verdict.missing) >= {gate for gate in expect(one).values if gate.startswith("gates")}


def tame(one: Case) -> Case:
    """The case with numbers around 1/2, where approximations of tanh and sigmoid are at their best."""
    rng = np.random.default_rng(5)

    def drawn(array: Any) -> Any:
        return (rng.uniform(0.25, 0.75, array.shape) * rng.choice([-1, 1], array.shape)).astype(array.dtype)

    return one.map_arrays(drawn)


@pytest.mark.parametrize("kind", KINDS)
def test_both_layouts_give_the_same(kind: str) -> None:
    first = case("onnx-reference", kind=kind, layout=0, opset=22, direction="both", dtype="float64")
    second = first.replace(call_options=dict(first.call_options) | {"layout": 1})
    found = [observe(load("onnx-reference"), one) for one in (first, second)]
    assert found[0].values.keys() == found[1].values.keys()
    for quantity, value in found[0].values.items():
        np.testing.assert_array_equal(value, found[1].values[quantity], err_msg=quantity)
    shapes = [arguments("onnx-reference", one)["inputs"]["X"].shape for one in (first, second)]
    assert shapes[0] == (shapes[1][1], shapes[1][0], shapes[1][2])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_the_default_is_omitted_and_nothing_else(kind: str) -> None:
    how: dict[str, Any] = {"attributes": "omitted", "dtype": "float64"}
    one = case("onnx-reference", kind=kind, activation="tanh", size_attribute="omitted", **how)
    assert [a.name for a in node_of("onnx-reference", one).attribute] == []
    other = case("onnx-reference", kind="SimpleRNN", activation="elu(1.0)", size_attribute="given", **how)
    names = {a.name for a in node_of("onnx-reference", other).attribute}
    assert names == {"hidden_size", "activations"}


def test_weights_are_constants_or_inputs() -> None:
    constant, given = (case("onnxruntime", kind="LSTM", weights=how) for how in ("initializers", "inputs"))
    assert set(arguments("onnxruntime", constant)["node"]["initializers"]) >= {"W", "R", "B"}
    assert arguments("onnxruntime", given)["node"]["initializers"] == {}
    assert set(arguments("onnxruntime", given)["inputs"]) >= {"X", "W", "R", "B"}


@each
def test_without_the_output_y_there_are_states_only(name: str) -> None:
    observed = observe(load(name), case(name, kind="LSTM", outputs="states"))
    assert set(observed.values) == {"state.h", "state.c"}
    assert observed.missing["outputs"] == "the node has no output Y"


@each
@pytest.mark.parametrize("direction", ["forward", "both"])
def test_expected_values_go_into_the_nodes_names_and_back(name: str, direction: str) -> None:
    implementation = load(name)
    assert isinstance(implementation, ProgramImplementation)
    one = case(name, kind="LSTM", direction=direction)
    values = {q: v for q, v in expect(one).values.items() if q.split(".")[0] in ("outputs", "state")}
    native = implementation.to_native(one, values)
    assert set(native) == {"Y", "Y_h", "Y_c"}
    back = implementation.from_native(one, native)
    assert {q: v.tobytes() for q, v in back.items()} == {q: v.tobytes() for q, v in values.items()}


@each
def test_a_failure_prints_a_script_of_onnx_and_numpy_alone(name: str) -> None:
    one = case(name, kind="GRU")
    printed = reproducing_script(load(name), one, expect(one))
    assert "conformance" not in printed
    assert "refimpl" not in printed
    compile(printed, "script", "exec")


def test_every_refusal_of_onnxruntime_is_seen() -> None:
    implementation = load("onnxruntime")
    for refusal, combinations in space("onnxruntime").refused:
        for combination in (combinations[0], combinations[-1]):
            with pytest.raises(Exception) as caught:  # noqa: PT011 - the message is what is compared
                observe(implementation, build_case(SeededChooser(1), combination))
            assert refusal.message in f"{type(caught.value).__name__}: {caught.value}"


@pytest.mark.parametrize("fault", ["W", "R", "B", "initial_h", "sequence_lens", "direction"])
def test_a_wrong_node_is_seen(fault: str, monkeypatch: Any) -> None:
    one = tame(case("onnxruntime", kind="GRU", lengths="unsorted"))
    one = one.replace(call_options=dict(one.call_options) | {"weights": "inputs"})
    implementation: Any = load("onnxruntime")
    honest = type(implementation).arguments

    def faulty(self: Any, asked: Case) -> dict[str, Any]:
        found: dict[str, Any] = honest(self, asked)
        if fault == "direction":
            found["node"]["attributes"]["direction"] = "reverse"
        elif fault == "sequence_lens":
            del found["inputs"][fault]
        else:
            found["inputs"][fault] = np.ascontiguousarray(np.roll(found["inputs"][fault], 1, axis=-1))
        return found

    assert judge(expect(one), observe(implementation, one)).agrees
    monkeypatch.setattr(type(implementation), "arguments", faulty)
    assert not judge(expect(one), observe(implementation, one)).agrees


def test_the_stack_of_both_directions_has_its_states_in_order() -> None:
    one = tame(case("onnxruntime", kind="LSTM", direction="both"))
    observed: Observed = observe(load("onnxruntime"), one)
    assert [q for q in observed.values if q.startswith("state.")] == [f"state.{name}" for name in one.state_names]
    assert isinstance(one.cell, ri.Stack)
