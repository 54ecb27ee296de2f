"""What is built from a combination of options: a case with exactly these options, whose numbers hide nothing."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given

import refimpl as ri
from conformance.cases.building import SizeLimits, build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.masks import random_lengths, random_mask
from conformance.cases.option_space import Combination, space_of
from conformance.cases.oracle_run import run_oracle
from conformance.cases.parts import named_arrays, unmasked_steps_of
from conformance.cases.strategies import cases_of_space
from conformance.common.descriptions import first_cell, lengths_kind, mask_kind
from conformance.contract import Case
from conformance.implementations.oracle.layers import Oracle
from conformance.suite.trying import hypothesis_settings
from refimpl.sampling import moments

DTYPES = ("float64", "float32", "float16", "bfloat16")
MASKS = ("full", "right", "left", "holes", "rows")
LENGTHS = ("sorted", "unsorted", "zero")


@cache
def built() -> list[tuple[Combination, Case]]:
    """A case for each of a thousand combinations of all that the oracle has, in every dtype."""
    valid = space_of(Oracle.cells, DTYPES).valid
    places = np.random.default_rng(0).permutation(len(valid))[:1000]
    return [(valid[place], build_case(SeededChooser(0, int(place)), valid[place])) for place in places]


def test_a_case_has_exactly_the_options_of_its_combination() -> None:
    for combination, case in built():
        options = dict(case.options)
        del options["gradients"]
        assert options == combination, repr(case)


def test_every_array_has_the_shape_that_its_cell_wants_and_the_dtype_of_the_case() -> None:
    for _, case in built():
        if case.dtype_name in Oracle.dtypes:
            run = run_oracle(case)  # refuses what does not fit
            assert run.outputs.shape == case.outputs_shape, repr(case)
        kinds = {array.dtype.name for name, array in named_arrays(case) if name not in ("mask", "lengths")}
        assert kinds == {case.dtype_name}, repr(case)


def test_no_two_numbers_of_an_array_have_the_same_absolute_value_and_none_is_zero() -> None:
    for _, case in built():
        for name, array in named_arrays(case):
            if name.startswith("dropout") or name in ("mask", "lengths"):
                continue
            numbers = np.abs((array[unmasked_steps_of(case)] if name == "x" else array).astype(np.float64))
            assert np.unique(numbers).size == numbers.size, f"{case!r}: {name}: {array!r}"
            assert np.all(numbers > 0), f"{case!r}: {name}: {array!r}"


def test_saturating_kernels_meet_in_half_precision_only_numbers_that_were_rounded_once() -> None:
    saturating: Counter[tuple[str, bool]] = Counter()
    for combination, case in built():
        for name, value in case.params.items():
            layer, _, which = name.rpartition(".")
            if np.abs(value.astype(np.float64)).max() > 30:
                rounded_before = which != "kernel" or layer not in ("", "l0", "l0_reverse")
                saturating[combination["dtype"], "kernel" in which and rounded_before] += 1
    for dtype in DTYPES:
        assert saturating[dtype, False] > 30, saturating
        assert (saturating[dtype, True] > 30) is (dtype in ("float64", "float32")), saturating


def test_not_one_of_a_hundred_numbers_of_half_precision_is_chaotic() -> None:
    chaotic = numbers = 0
    for combination, case in built()[:400]:
        if combination["dtype"] in ("float16", "bfloat16"):
            wide = case.in_dtype(np.float64)
            found = moments(run_oracle(wide), case.dtype_name, wide.d_outputs, wide.d_state)
            chaotic += sum(int(np.count_nonzero(each.chaotic)) for each in found.values())
            numbers += sum(each.value.size for each in found.values())
    assert numbers > 10_000
    assert chaotic < 0.01 * numbers, f"{chaotic} of {numbers}"


def test_sizes_are_all_different_wherever_they_can_be() -> None:
    sizes = [(*case.x.shape, first_cell(case.cell).hidden_size) for _, case in built() if case.dtype_name == "float64"]
    assert sum(len(set(each)) == 4 for each in sizes) > 0.9 * len(sizes)
    assert min(min(each) for each in sizes) == 1, "sizes of 1 come too, but seldom"


def test_masked_steps_hold_numbers_larger_than_any_other() -> None:
    for _, case in built():
        if case.options["mask"] in MASKS[1:] or case.options["lengths"] != "none":
            x, kept = np.abs(case.x.astype(np.float64)), unmasked_steps_of(case)
            if not kept.all():
                assert x[~kept].min() > x[kept].max(initial=0.0) or x[~kept].min() > 100, repr(case)


def test_factors_of_dropout_are_zero_or_exact_and_both_occur() -> None:
    factors = Counter[float]()
    for combination, case in built():
        for name, array in (case.dropout or {}).items():
            assert set(np.unique(array.astype(np.float64))) <= {0.0, 2.0, 4.0}, repr(case)
            assert array.size == 1 or len(np.unique(array)) == 2, f"{case!r}: {name} drops all or nothing: {array}"
            per_gate = bool(combination.get("dropout_per_gate")) and case.kind != "SimpleRNN"
            assert (array.ndim == 3) == (per_gate or name.endswith("between")), f"{case!r}: {name}: {array.shape}"
            factors.update(array.astype(np.float64).ravel().tolist())
    assert set(factors) == {0.0, 2.0, 4.0}


def test_a_clip_clips_something_in_many_cases() -> None:
    clipped = [case for _, case in built() if case.options["clip"] and case.dtype_name == "float64"]
    matters = [case for case in clipped if _differs_without_clip(case)]
    assert len(matters) > len(clipped) / 3, f"{len(matters)} of {len(clipped)}"


def _differs_without_clip(case: Case) -> bool:
    cell = type(case.cell)(**{**vars(case.cell), "clip": None})
    return not np.array_equal(run_oracle(case).outputs, run_oracle(case.replace(cell=cell)).outputs)


def cotangents(case: Case) -> tuple[bool, ...]:
    """Which cotangents are given."""
    return case.d_outputs is not None, *(d is not None for d in case.d_state or (None, None))


def test_the_walk_asks_for_every_gradient_of_every_combination() -> None:
    given_all = {cotangents(case) for _, case in built() if isinstance(case.cell, ri.LSTM) and case.wants_gradients}
    assert given_all == {(True, True, True)}


def test_hypothesis_draws_every_subset_of_cotangents() -> None:
    found = set()

    @hypothesis_settings(200)
    @given(
        case=cases_of_space(space_of([{"kind": "LSTM"}], ("float64",)), SizeLimits(batch=1, time=2, hidden=2, input=2))
    )
    def draw(case: Case) -> None:
        found.add(cotangents(case))

    draw()
    assert len(found) == 8, found


@pytest.mark.parametrize("wanted", [True, False])
def test_gradients_are_asked_for_as_the_combination_says(wanted: bool) -> None:
    valid = space_of([{"kind": "LSTM", "gradients": (wanted,)}], ("float64",)).valid
    assert {build_case(SeededChooser(seed), valid[0]).wants_gradients for seed in range(30)} == {wanted}


def test_a_different_backward_cell_is_different() -> None:
    for combination, case in built():
        if combination["backward_cell"] == "different":
            (layer, *_) = case.cell.layers
            assert layer.forward != layer.backward, repr(case)


@pytest.mark.parametrize("kind", MASKS)
def test_a_mask_is_exactly_of_its_kind(kind: str) -> None:
    rng = np.random.default_rng(0)
    for batch in range(2 if kind == "rows" else 1, 5):
        for time in range(3, 8):
            for _ in range(20):
                mask = random_mask(kind, rng, batch, time)
                assert mask_kind(mask) == kind, f"{kind}: {mask}"
                assert mask is not None
                assert mask.any(), "every row is masked"


@pytest.mark.parametrize("kind", LENGTHS)
def test_lengths_are_exactly_of_their_kind(kind: str) -> None:
    rng = np.random.default_rng(0)
    for batch in range(2, 5):
        for time in range(2, 8):
            for _ in range(20):
                lengths = random_lengths(kind, rng, batch, time)
                assert lengths is not None
                assert lengths_kind(lengths) == kind, f"{kind}: {lengths}"
                assert 0 < lengths.max() <= time, f"{kind}: {lengths}"


def test_a_batch_without_rows_is_built_only_where_it_is_allowed_and_then_asks_for_gradients() -> None:
    (combination, *_) = space_of([{"kind": "GRU"}], ("float64",)).valid
    allowed = [build_case(SeededChooser(seed), combination, SizeLimits(empty_batch=True)) for seed in range(300)]
    empty = [case for case in allowed if not len(case.x)]
    assert empty
    assert all(case.wants_gradients for case in empty), "without a row there is nothing else to compare"
    assert all(len(build_case(SeededChooser(seed), combination).x) for seed in range(300))


def test_the_same_seed_builds_the_same_case() -> None:
    for place, (combination, _) in enumerate(built()[:50]):
        first, again = (dict(named_arrays(build_case(SeededChooser(7, place), combination))) for _ in range(2))
        assert all(np.array_equal(first[name], again[name]) for name in first)
