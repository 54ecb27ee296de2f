"""Cases for tests of others: every combination of options and seed, the same each time, and no silent nonsense."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.testing import SEEDS, cases, oracle, recipes


def test_every_combination_of_options_has_a_case_for_each_seed() -> None:
    found = recipes(kind=["LSTM", "GRU"], mask=["none", "right"], initial_state=True, seeds=[4, 7])
    assert [each.name for each in found] == [
        f"{kind}-float32-mask_{mask}-seed{seed}"
        for kind in ("LSTM", "GRU")
        for mask in ("none", "right")
        for seed in (4, 7)
    ]
    for each in found:
        case = each.case()
        assert (case.kind, case.dtype_name) == (each.options["kind"], "float32")
        assert case.options["mask"] == each.options["mask"]
        assert case.initial_state is not None
        assert case.wants_gradients


def test_where_nothing_is_said_every_cell_has_its_cases() -> None:
    found = cases()
    assert {case.kind for case in found.values()} == {"SimpleRNN", "LSTM", "GRU"}
    assert len(found) == 3 * 2 * SEEDS  # kinds, with and without an initial state
    assert all(np.isfinite(oracle(case).outputs).all() for case in found.values())


def test_a_name_always_means_the_same_case() -> None:
    alone = cases(kind="GRU", mask=["none", "holes"], initial_state=True, seeds=[2])
    among = cases(kind="GRU", mask=["holes", "none"], initial_state=True, seeds=5)
    for name, case in alone.items():
        assert repr(among[name]) == repr(case)
        assert np.array_equal(among[name].x, case.x)
        assert all(np.array_equal(among[name].params[key], value) for key, value in case.params.items())


def test_only_the_cells_that_have_an_option_are_taken() -> None:
    assert {case.kind for case in cases(reset_after=[True, False]).values()} == {"GRU"}
    assert {case.kind for case in cases(recurrent_activation="hard_sigmoid").values()} == {"LSTM", "GRU"}


def test_combinations_that_contradict_themselves_are_left_out() -> None:
    found = cases(kind="GRU", mask=["none", "right"], lengths=["none", "sorted"], seeds=1)
    assert {(case.options["mask"], case.options["lengths"]) for case in found.values()} == {
        ("none", "none"),
        ("right", "none"),
        ("none", "sorted"),
    }


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"maks": "right"}, "'maks' is not known; known are kind, layers, direction"),
        ({"mask": "rigth"}, "'rigth' is not known.*did you mean 'right'"),
        ({"kind": "LSTMM"}, "got 'LSTMM'; did you mean 'LSTM'"),
        ({"dtype": "float23"}, "'float23' is not known"),
        ({"kind": "LSTM", "reset_after": True}, "a LSTM has no option 'reset_after'"),
        ({"reset_after": True, "peepholes": True}, "has no option"),
        ({"mask": []}, "not empty"),
        ({"mask": "right", "lengths": "sorted"}, "no case has all of these options"),
        ({"seeds": 0}, "at least one"),
        ({"seeds": True}, "whole numbers"),
        ({"seeds": [1, -1]}, "whole numbers"),
        ({"seeds": [1, 1]}, "none twice"),
        ({"seeds": "3"}, "whole numbers"),
    ],
)
def test_nonsense_is_refused_by_name(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cases(**asked)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_the_oracle_answers_in_float64_and_agrees_with_itself(dtype: str) -> None:
    for case in cases(dtype=dtype, seeds=1).values():
        run = oracle(case)
        assert run.outputs.dtype == np.float64
        ri.assert_agrees(run, outputs=run.outputs.astype(case.dtype), dtype=dtype)
        with pytest.raises(AssertionError, match=r"outputs.*(wrong|improbable)"):
            ri.assert_agrees(run, outputs=run.outputs + np.eye(1, run.outputs.shape[2]), dtype=dtype)


@pytest.mark.parametrize("value", ["SimpleRNN-float32-seed0", None])
def test_what_is_no_case_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ValueError, match=f"case: expected a Case, as the values of cases.* are, got {value!r}"):
        oracle(value)
