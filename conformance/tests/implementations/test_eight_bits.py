"""Layers in 8 bits: each step must follow from what was rounded before it, and does so by the stated rule alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ...cases.building import build_case
from ...cases.choosers import SeededChooser
from ...cases.option_space import space_of
from ...contract import Array, Case, NotRun
from ...implementations import eight_bits
from ...implementations.finding import load
from ...judging.divergences import divergences_of, run_and_judge

NAMES = ("onnxruntime-int8", "torch-quantised")


def in_8_bits(name: str, **wanted: Any) -> tuple[Any, Case]:
    try:
        implementation: Any = load(name)
    except NotRun as absent:
        pytest.skip(str(absent))
    refused = implementation.refused
    valid = space_of(implementation.cells, implementation.dtypes, refused).valid
    if name == "onnxruntime-int8":
        wanted = {"reduce_range": True, **wanted}  # without it right on processors with VNNI alone
    wanted = {"kind": "LSTM", "use_bias": True, "initial_state": True, **wanted}
    fits = [one for one in valid if wanted.items() <= one.items() and one.get("weights_in", "qint8") == "qint8"]
    return implementation, build_case(SeededChooser(3), fits[0])


@pytest.mark.parametrize("direction", ["forward", "both"])
@pytest.mark.parametrize("name", NAMES)
def test_each_step_follows_from_what_was_rounded_before_it(name: str, direction: str) -> None:
    implementation, case = in_8_bits(name, direction=direction, lengths="unsorted")
    verdict, _ = run_and_judge(implementation, case)
    assert verdict.comparisons
    assert not verdict.disagreements


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_the_whole_range_is_right_where_the_processor_adds_up_in_32_bits(direction: str) -> None:
    implementation, case = in_8_bits("onnxruntime-int8", direction=direction, lengths="unsorted", reduce_range=False)
    saturates = "onnxruntime-int8-lstm-saturates-without-vnni" in {one.id for one in divergences_of(implementation)}
    assert bool(run_and_judge(implementation, case, ())[0].disagreements) is saturates
    assert not run_and_judge(implementation, case)[0].disagreements


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_states_that_are_not_rounded_are_seen(name: str) -> None:
    implementation, case = in_8_bits(name, direction="forward", lengths="none")
    given = implementation.case_as_computed(case)
    outputs = np.asarray(implementation.observe(case).values["outputs"], np.float64)
    exact = eight_bits.states_before(case, outputs, (False,), np.asarray, packed=True)
    hidden = exact[0].shape[2]
    for wrong in (
        given.replace(x=np.concatenate([given.x[:, :, :-hidden], *exact], axis=2)),
        given.replace(params=eight_bits.each_step_alone(case, case.params, given.x, ()).params),
    ):
        implementation.case_as_computed = lambda _, wrong=wrong: wrong
        verdict, _ = run_and_judge(implementation, case)
        assert verdict.disagreements
    del implementation.case_as_computed
    assert not run_and_judge(implementation, case)[0].disagreements


def ones(values: Array) -> Array:
    return np.full(values.shape, len(values))


def test_rows_are_rounded_together_that_are_processed_together() -> None:
    _, case = in_8_bits(NAMES[0], direction="forward", lengths="none")
    rows = np.resize(np.arange(3), 3) + 1  # rows of 1, 2 and 3 steps
    x = np.zeros((3, 3, case.cell.input_size), np.float32)
    case = replace(case, x=x, lengths=rows, initial_state=(np.zeros((3, 2)), np.zeros((3, 2))))
    outputs = np.zeros((3, 3, 2))

    def counted(back: bool, packed: bool) -> list[list[int]]:
        (found,) = eight_bits.states_before(case, outputs, (back,), ones, packed)
        return [list(map(int, row)) for row in found[:, :, 0]]

    assert counted(back=False, packed=True) == [[3, 0, 0], [3, 2, 0], [3, 2, 1]]
    assert counted(back=True, packed=True) == [[3, 0, 0], [3, 2, 0], [3, 2, 1]]
    assert counted(back=False, packed=False) == [[3, 0, 0], [3, 3, 0], [3, 3, 2]]
    assert counted(back=True, packed=False) == [[3, 0, 0], [3, 3, 0], [2, 3, 3]]


def test_bytes_stand_for_the_numbers_of_the_rule() -> None:
    values = np.array([-1.0, 0.0, 0.5, 2.0], np.float32)
    found = eight_bits.rounded_to_8_bits(values)
    scale = float(np.float32(3) / np.float32(255))
    assert found.tolist() == [-85 * scale, 0.0, 42 * scale, 170 * scale]
    assert eight_bits.rounded_to_8_bits(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
