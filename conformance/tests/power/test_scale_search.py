"""The search for scales makes bad ones better, and tells what they are worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from conformance.cases.probing.well_conditioned import SCALES
from conformance.contract import Case
from conformance.power.tolerance_study import scale_search
from conformance.power.tolerance_study.scale_search import (
    combinations,
    excess_over_aim,
    least_changes,
    main,
    search_scales,
    varied_scales,
    well_conditioned_case,
)


def cases(kind: str) -> list[Case]:
    return [well_conditioned_case(each, 5, k) for k, each in enumerate(combinations(kind, biased=True)[::17])]


def test_what_stands_there_is_better_than_what_is_spoilt_and_the_search_mends_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stands = SCALES["SimpleRNN", True]
    spoilt = replace(stands, recurrent_kernel=(1e-3,))
    monkeypatch.setitem(SCALES, ("SimpleRNN", True), spoilt)
    before = excess_over_aim(cases("SimpleRNN"))
    assert search_scales("SimpleRNN", biased=True, trials=20, seed=1) != spoilt
    after = excess_over_aim(cases("SimpleRNN"))
    monkeypatch.setitem(SCALES, ("SimpleRNN", True), stands)
    assert excess_over_aim(cases("SimpleRNN")) < after < before


def test_the_least_change_is_told_of_every_number() -> None:
    case = well_conditioned_case(combinations("LSTM", biased=True)[0], 1)
    least = least_changes(case)
    assert {what: len(its) for what, its in least.items()} == {
        "kernel": 4,
        "recurrent_kernel": 4,
        "bias": 4,
        "recurrent_bias": 4,
        "gradients": 4,
    }
    assert all(change > 0 for its in least.values() for change in its)


def test_a_variation_has_the_shape_of_what_is_varied() -> None:
    rng, given = np.random.default_rng(0), SCALES["LSTM", True]
    for _ in range(20):  # of three fields' numbers, each one in two stays: hardly ever all of them
        found = varied_scales(given, rng)
        assert np.shape(found.x) == np.shape(given.x)
        assert found.d_state.keys() == given.d_state.keys()
        assert found != given


def test_the_command_prints_scales_and_shares(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scale_search, "combinations", lambda kind, biased: combinations(kind, biased)[:12])
    monkeypatch.setitem(SCALES, ("GRU", True), SCALES["GRU", True])
    assert main(["GRU", "--trials", "2"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Scales(kernel=(")
    assert "recurrent_kernel: 100.0% of" in told
    assert "are seen at 1e-05, 99 % at" in told
