"""Errors carried through all steps at once are those carried step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, Layer, SimpleRNN, Stack, forward, sampling
from ..precision import Precision
from ..sampling import moments
from .support import AnyCell, short

RNG = np.random.default_rng(5)
MASK = RNG.random((6, 9)) < 0.6
BOTH = Layer(forward=LSTM(5, 4), backward=GRU(5, 4), merge="mul")
CASES: dict[str, tuple[AnyCell, dict[str, Any]]] = {
    short(cell): (cell, {})
    for cell in (
        LSTM(5, 7),
        LSTM(5, 7, peepholes=True, input_forget=True, forget_bias=1.0, use_recurrent_bias=True),
        LSTM(5, 7, proj_size=4),
        GRU(5, 7),
        GRU(5, 7, reset_after=False),
        SimpleRNN(5, 7),
    )
}
CASES |= {
    "last output": (LSTM(5, 7), {"return_sequences": False}),
    "reverse": (GRU(5, 7), {"reverse": True, "output_order": "processing"}),
    "dropout": (LSTM(5, 7), {"dropout": {"recurrent": RNG.integers(0, 2, (6, 7)) * 2.0}}),
    "dropout of a gate": (
        GRU(5, 7),
        {"dropout": {"input": RNG.integers(0, 2, (3, 6, 5)) * 2.0, "recurrent": RNG.integers(0, 2, (3, 6, 7)) * 2.0}},
    ),
    "layers": (Stack((BOTH, Layer(LSTM(4, 5, proj_size=3)))), {}),
}
MASKED: dict[str, tuple[AnyCell, dict[str, Any]]] = {
    f"{short(cell)} {output} {reverse}": (cell, {"mask": MASK, "masked_output": output, "reverse": reverse})
    for cell in (LSTM(5, 7), GRU(5, 7))
    for output in ("repeat", "zeros", "state")
    for reverse in (False, True)
}
MASKED["lengths"] = GRU(5, 7), {"lengths": [9, 3, 0, 4, 5, 6]}
NAMES = ["float32", "float64", "float32, products in TF32", "float32, weights in bfloat16"]


def ways(
    cell: AnyCell, options: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> dict[str, tuple[Any, Any, Any]]:
    """Each quantity's values all at once and step by step, and the logarithm of the ratio of the deviations."""
    rng = np.random.default_rng(3)

    def stored(array: Any) -> Any:
        return Precision.of("float32").stored(np.asarray(array, np.float64))

    params = {key: stored(value) for key, value in cell.init(rng).items()}
    state = tuple(stored(rng.standard_normal((6, size))) for size in cell.state_sizes)
    over = forward(cell, params, stored(rng.standard_normal((6, 9, 5))), state, **options)
    cotangents = stored(rng.standard_normal(over.outputs.shape)), tuple(stored(h + 1) for h in over.state)
    at_once = moments(over, name, *cotangents, samples=160)
    monkeypatch.setattr(sampling, "may_be_at_once", lambda *_: False)
    by_step = moments(over, name, *cotangents, samples=160)
    monkeypatch.undo()
    found = {}
    with np.errstate(all="ignore"):
        for key, its in at_once.items():
            ratio = np.log(its.deviation / by_step[key].deviation)
            some = np.isfinite(ratio) & (by_step[key].deviation > 1e-60)  # less is lost in underflows, not rounded
            found[key] = its.value, by_step[key].value, ratio[some]
    return found


def assert_same_values(one: Any, other: Any, name: str) -> None:
    difference, size = np.abs(one - other).max(initial=0.0), np.abs(other).max(initial=0.0)
    assert difference <= 1e-12 * max(1.0, size), name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("cell", "options"), CASES.values(), ids=CASES)
def test_all_steps_at_once_have_the_deviations_of_step_by_step(
    cell: AnyCell, options: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, (value, by_step, ratio) in ways(cell, options, name, monkeypatch).items():
        assert_same_values(value, by_step, key)
        if ratio.size:
            assert abs(ratio.mean()) < 0.12, (key, ratio.mean())
            assert np.abs(ratio).max() < 0.6, (key, np.abs(ratio).max())


@pytest.mark.parametrize(("cell", "options"), MASKED.values(), ids=MASKED)
def test_masked_steps_pass_errors_on_and_round_nothing(
    cell: AnyCell, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step by step, a masked step's cotangent is a sum with 0, which counts as a rounding."""
    for key, (value, by_step, ratio) in ways(cell, options, "float32", monkeypatch).items():
        assert_same_values(value, by_step, key)
        if ratio.size:
            of_gradients = key.startswith("d_")
            assert ratio.mean() < 0.12, (key, ratio.mean())
            assert ratio.max() < 0.6, (key, ratio.max())
            assert of_gradients or ratio.min() > -0.6, (key, ratio.min())
            assert np.median(ratio) > (-1.5 if of_gradients else -0.12), (key, np.median(ratio))


def test_errors_too_large_to_be_linear_are_carried_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recurrence that makes errors grow is found out by what is known of them at its end."""
    cell, rng = SimpleRNN(3, 30), np.random.default_rng(0)
    params = cell.init(rng)
    params["recurrent_kernel"] = params["recurrent_kernel"] * 8
    over = forward(cell, params, rng.standard_normal((2, 80, 3)))
    found = moments(over, "float32", rng.standard_normal(over.outputs.shape))
    monkeypatch.setattr(sampling, "may_be_at_once", lambda *_: False)
    by_step = moments(over, "float32", rng.standard_normal(over.outputs.shape))
    np.testing.assert_array_equal(found["outputs"].deviation, by_step["outputs"].deviation)
    assert found["outputs"].chaotic[:, -1].any()


def test_errors_of_float64_that_float32_has_no_room_for_are_carried_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cotangents of 1e-90 have errors of 1e-106."""
    cell, rng = LSTM(3, 4), np.random.default_rng(0)
    over = forward(cell, cell.init(rng), rng.standard_normal((2, 5, 3)))
    cotangents = rng.standard_normal(over.outputs.shape)
    small, plain = (
        moments(over, "float64", scale * cotangents, samples=48)["d_x"].deviation for scale in (2.0**-300, 1.0)
    )
    ratio = small * 2.0**300 / plain
    assert ratio.min() > 0.3
    assert ratio.max() < 1.7
