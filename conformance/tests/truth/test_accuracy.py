"""The accuracy report measures what it says, and says what it did not measure."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("flint", reason="python-flint is not installed: pip install python-flint")

from conformance.truth import accuracy as module
from conformance.truth import corpus
from conformance.truth.accuracy import measure_accuracy, plot, show, ulps

QUIET = Console(file=io.StringIO())


def test_one_step_of_the_grid_is_one_ulp() -> None:
    for dtype in (np.float64, np.float32):
        truth = np.array([1.0, 0.75, 1024.0, -3.0])
        got = np.nextafter(truth.astype(dtype), dtype(np.inf))
        assert ulps(truth, got, dtype).tolist() == [1.0] * 4, dtype


def test_a_subnormal_error_is_counted_in_the_smallest_number() -> None:
    assert ulps(np.array([1e-310]), np.array([0.0]), np.float64) == [1e-310 / 5e-324]


def test_anything_but_zero_is_infinitely_far_from_zero_and_nan_from_everything() -> None:
    assert ulps(np.array([0.0, 0.0, 1.0]), np.array([0.0, 1e-300, np.nan]), np.float64).tolist() == [0, np.inf, np.inf]


def test_what_float32_cannot_hold_is_left_out() -> None:
    assert ulps(np.array([1e300, 1.0]), np.array([np.inf, 1.0], np.float32), np.float32).tolist() == [0.0]


def test_the_oracle_has_no_error_on_the_hand_sized_family() -> None:
    found = measure_accuracy(["oracle"], ["hand_sized"], QUIET)
    assert {(d.dtype, d.part) for d in found.distances} == {
        (dtype, part) for dtype in ("float64", "float32") for part in ("values", "gradients")
    }
    for d in found.distances:
        assert (d.median, d.percentile_99, d.maximum) == (0, 0, 0), d
        numbers = sum(
            value.size
            for fixture in corpus.read("hand_sized")
            for name, value in fixture.expected.items()
            if name.startswith("d_") == (d.part == "gradients")
        )
        assert d.numbers == numbers


def test_in_float32_the_truth_is_that_of_the_rounded_inputs() -> None:
    """Else the distance would be that of storing the inputs: here no arithmetic rounds, so the distance is none."""
    fixture = corpus.read("simple_rnn")[0]
    truth = dict(module._truth("simple_rnn", fixture))
    narrow = fixture.case.in_dtype(np.float32)
    assert (narrow.x.astype(float) != fixture.case.x).any()
    assert (truth["simple_rnn/simple-rnn-000/float32"]["outputs"] != fixture.expected["outputs"]).any()


def test_a_worse_implementation_is_seen_to_be_worse(tmp_path: Path) -> None:
    (tmp_path / "coarse.py").write_text(
        "from conformance.implementations.oracle.layers import Oracle\n"
        "class Coarse(Oracle):\n"
        "    name = 'coarse'\n"
        "    cells = [{'kind': 'LSTM', 'use_bias': (True, False), 'use_recurrent_bias': (True, False)}]\n"
        "    def observe(self, case):\n"
        "        return {name: value * (1 + 1e-10) for name, value in super().observe(case).values.items()}\n"
    )
    name = f"{tmp_path}/coarse.py:Coarse"
    found = measure_accuracy([name], ["lstm"], QUIET)
    values = next(d for d in found.distances if (d.dtype, d.part) == ("float64", "values"))
    assert 2**52 * 1e-10 / 2 < values.median < 2**52 * 1e-10 * 2
    assert found.not_run[name]["no such cell"] > 0


def test_what_is_not_here_is_reported_with_its_reason_and_does_not_stop_the_rest() -> None:
    found = measure_accuracy(["no.such.module:Layer", "oracle"], ["hand_sized"], QUIET)
    assert "not installed" in next(iter(found.not_run["no.such.module:Layer"]))
    assert found.distances
    text = io.StringIO()
    show(Console(file=text, width=200), found)
    assert "not installed" in text.getvalue()
    assert "hand_sized" in text.getvalue()


def test_the_plot_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'rnn-conformance[plot]'")
    plot(measure_accuracy(["oracle"], ["hand_sized", "tiny"], QUIET), tmp_path / "accuracy.png")
    assert (tmp_path / "accuracy.png").read_bytes().startswith(b"\x89PNG")
