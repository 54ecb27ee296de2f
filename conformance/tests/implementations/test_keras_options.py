"""What of Keras's recurrent layers is checked, and what the program is told to build; no framework is needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.option_space import Space, space_of
from conformance.contract import Case
from conformance.implementations.keras import options as keras_options
from conformance.implementations.keras.build_arguments import build_arguments

BACKENDS = ("tensorflow", "torch", "jax", "numpy", "openvino")
DTYPES = ("float64", "float32", "float16", "bfloat16")


def space(backend: str) -> Space:
    return space_of(keras_options.cells(backend), DTYPES, keras_options.refused(backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_case_of_every_entry_can_be_built_and_told_to_the_program(backend: str) -> None:
    for place, entry in enumerate(space(backend).entries):
        combination = {name: values[-1] for name, values in entry.items()}
        model, _ = build_arguments(build_case(SeededChooser(0, place), combination))
        assert model["layers"], combination


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_backend_has_every_option_in_each_of_its_values(backend: str) -> None:
    found: dict[str, set[Any]] = {}
    for combination in space(backend).valid:
        for name, value in combination.items():
            found.setdefault(name, set()).add(value)
    assert found["mask"] == {"none", "full", "right", "left", "holes", "rows"}
    assert found["merge"] == {"concat", "sum", "mul", "ave"}
    assert found["layers"] == {1, 2, 3}
    assert found["wrapper"] == {"layer", "RNN(cell)", "StackedRNNCells"}
    assert found["mask_from"] == {"argument", "Masking", "Embedding"}
    assert found["dtype"] == set(DTYPES)
    assert found["activation"] >= set(keras_options.ACTIVATIONS)
    for name in ("unroll", "return_sequences", "return_state", "unmerged", "backward_layer", "reload"):
        assert found[name] == {False, True}, name
    assert True in found["idle_dropout"]
    assert found["use_cudnn"] >= {"auto", False}


@pytest.mark.parametrize("backend", BACKENDS)
def test_zeros_for_masked_steps_are_asked_for_where_keras_promises_them(backend: str) -> None:
    for combination in space(backend).valid:
        zeros = combination["masked_output"] == "zeros"
        if combination["direction"] == "both" and combination["mask"] not in ("none", "full"):
            assert zeros == combination["return_sequences"], combination
        assert not zeros or combination["return_sequences"], combination


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("release", ["3.0.5", "3.3.3", "3.7.0", "3.9.2"])
def test_no_case_asks_an_older_release_for_what_came_later(release: str, backend: str) -> None:
    absent = keras_options.absent_in(release)
    older = space_of(keras_options.cells(backend, absent), DTYPES, keras_options.refused(backend, absent))
    for when in absent:
        kinds = when.get("kind", ("SimpleRNN", "LSTM", "GRU"))
        for option, values in when.items():
            asked = [c for c in older.valid if option != "kind" and c["kind"] in kinds and c.get(option) in values]
            assert not asked, f"Keras {release} has no {option}={asked[0][option]}"
    newest = space(backend)
    assert all(combination in newest for combination in older.valid)
    assert len(older.valid) > 0.8 * len(newest.valid), "more is left out than what came later"


def test_the_newest_release_lacks_nothing() -> None:
    assert keras_options.absent_in("3.15.1") == []


def test_keras_2_is_asked_what_keras_3_is_and_for_time_major() -> None:
    second, third = space_of(keras_options.cells_of_keras_2(), DTYPES), space("tensorflow")
    shared = [combination for combination in second.valid if not combination.get("time_major")]
    assert 0.8 * len(third.valid) < len(shared) < len(second.valid)
    assert all(combination in third for combination in shared)
    found = {(name, value) for combination in second.valid for name, value in combination.items()}
    assert not {value for name, value in found if name == "use_cudnn"} - {"auto"}
    assert ("activation", "hard_sigmoid") in found
    assert ("activation", "hard_silu") not in found


def stack_case(**how: Any) -> Case:
    stack = ri.Stack((ri.Layer(backward=ri.GRU(3, 2)), ri.Layer(backward=ri.GRU(2, 4))))
    rng = np.random.default_rng(0)
    factors = {"l0_reverse.input": np.full((2, 3), 2.0), "l1_reverse.recurrent": np.full((3, 2, 4), 4.0)}
    return Case(
        stack,
        stack.init(rng),
        rng.normal(size=(2, 5, 3)),
        initial_state=(np.ones((2, 2)), np.ones((2, 4))),
        dropout=factors,
        call_options=how,
    )


def test_stacked_cells_are_one_layer_with_nested_states_and_flipped_outputs() -> None:
    model, dropout = build_arguments(stack_case(wrapper="StackedRNNCells", unroll=True))
    (layer,) = model["layers"]
    assert [(kind, options["units"]) for kind, options in layer["cells"]] == [("GRU", 2), ("GRU", 4)]
    assert layer["options"]["go_backwards"]
    assert layer["options"]["unroll"]
    assert model["states"] == [[["initial_state.l0_reverse.h"], ["initial_state.l1_reverse.h"]]]
    assert model["flip"]
    assert [list(masks) for masks in dropout] == [["_dropout_mask"], ["_recurrent_dropout_mask"]]


def test_only_cells_whose_factors_are_given_have_rates_of_dropout() -> None:
    model, _ = build_arguments(stack_case(wrapper="StackedRNNCells"))
    first, second = (options for _, options in model["layers"][0]["cells"])
    assert first["dropout"] > 0
    assert "recurrent_dropout" not in first
    assert second["recurrent_dropout"] > 0
    assert "dropout" not in second
    assert model["training"] is True


def test_directions_of_different_cells_make_a_backward_layer() -> None:
    stack = ri.Stack((ri.Layer(ri.LSTM(3, 2), ri.LSTM(3, 2, activation="relu"), "mul"),))
    case = Case(stack, stack.init(np.random.default_rng(0)), np.ones((2, 5, 3)), call_options={"unmerged": False})
    (layer,) = build_arguments(case)[0]["layers"]
    assert layer["bidirectional"] == {"merge_mode": "mul"}
    assert [options["activation"] for _, options in layer["backward_cells"]] == ["relu"]
    alike = ri.Stack((ri.Layer(ri.LSTM(3, 2), ri.LSTM(3, 2)),))
    (layer,) = build_arguments(case.replace(cell=alike, call_options={"unmerged": True}))[0]["layers"]
    assert "backward_cells" not in layer
    assert layer["bidirectional"] == {"merge_mode": None}
