"""The sampled spread covers what faithful implementations do, in every arithmetic, and is no wider than useful."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, Gradients, InvalidArgument, SimpleRNN, backward, compare, forward, sampling
from ..precision import Precision
from ..rounding import Spread, spread
from ..sampling import moments
from .emulated import Machine
from .support import (
    CELLS,
    SHAPES_OF_CELLS,
    STACKS,
    AnyCell,
    Example,
    Parts,
    assert_near,
    both_ways,
    each_shape,
    example,
    factors_of,
    in_dtype,
    parts,
    run,
    short,
)
from .test_low_precision import computed

each_kind = pytest.mark.parametrize("cell", [LSTM(6, 9), GRU(6, 9), SimpleRNN(6, 9)], ids=short)


def of(found: Spread) -> Parts:
    """Every array of a spread, by the name of what it is the spread of."""
    state = {f"state[{k}]": part for k, part in enumerate(found.state)}
    gates = {f"gates[{name!r}]": gate for name, gate in found.gates.items()}
    return {"outputs": found.outputs} | state | gates | (parts(found.gradients) if found.gradients else {})


def ordinary(cell: AnyCell, seed: int, time: int = 7, batch: int = 4) -> Example:
    """Fresh parameters and standard normal inputs, all of them numbers of float16, as layers have them."""
    rng = np.random.default_rng(seed)

    def stored(array: Any) -> Any:
        return Precision.of("float16").stored(np.asarray(array))

    sizes = [(batch, size) for size in cell.state_sizes]
    return Example(
        f"{cell} seed={seed}",
        cell,
        {name: stored(a) for name, a in cell.init(rng).items()},
        stored(rng.standard_normal((batch, time, cell.input_size))),
        tuple(stored(rng.standard_normal(size)) for size in sizes),
        stored(rng.standard_normal((batch, time, cell.output_size))),
        tuple(stored(rng.standard_normal(size)) for size in sizes),
    )


def in_float32(e: Example, **options: Any) -> Parts:
    """What NumPy computes in float32, in its own order of summation."""
    if "dropout" in options:
        options["dropout"] = {name: factors.astype(np.float32) for name, factors in options["dropout"].items()}
    over, grads = both_ways(in_dtype(e, np.float32), **options)
    return {name: a.astype(np.float64) for name, a in (parts(over) | parts(grads)).items()}


def off(e: Example, got: Parts, name: str, **options: Any) -> Any:
    """How many deviations each number is off, of all that are not chaotic: one array."""
    over, grads = both_ways(e, **options)
    truth = parts(over) | parts(grads)
    d_outputs = e.d_outputs[:, : over.outputs.shape[1]]
    deviations = of(spread(over, name, d_outputs, e.d_state))
    assert deviations.keys() == truth.keys() == got.keys()
    chaotic = [each.chaotic for each in moments(over, name, d_outputs, e.d_state).values()]
    found = []
    for part, its_chaos in zip(truth, chaotic, strict=True):
        assert deviations[part].shape == truth[part].shape, part
        error = np.abs(got[part] - truth[part])
        with np.errstate(all="ignore"):
            ratio = np.where(error == 0, 0.0, error / deviations[part])
        found.append(ratio[~its_chaos])
    return np.concatenate(found)


# --- it covers --------------------------------------------------------------------------------------------------------


@each_kind
def test_ordinary_layers_in_float32_are_off_by_about_one_deviation(cell: AnyCell) -> None:
    found = np.concatenate([off(e, in_float32(e), "float32") for e in (ordinary(cell, seed) for seed in range(25))])
    assert 0.5 < np.sqrt(np.mean(found**2)) < 0.9
    assert found.max() < 6


@each_kind
@pytest.mark.parametrize("name", ["float16", "bfloat16", "bfloat16, sums in float32", "float32, products in TF32"])
def test_ordinary_layers_in_other_arithmetics_are_off_by_about_one_deviation(cell: AnyCell, name: str) -> None:
    """Sums from the first term to the last and from the last to the first; what is small flushed to zero, and not."""
    found = []
    for seed in range(2):
        e = ordinary(cell, seed, batch=3)
        machine = Machine(Precision.of(name), backwards=bool(seed), flushes=bool(seed))
        with np.errstate(all="ignore"):
            found.append(off(e, computed(machine, e, run(e)), name))
    whole = np.concatenate(found)
    assert 0.25 < np.sqrt(np.mean(whole**2)) < 1.1
    assert whole.max() < 6


@pytest.mark.parametrize("cell", [*CELLS, *STACKS.values()], ids=[*map(short, CELLS), *STACKS])
def test_whatever_the_options_nothing_is_improbably_far_off(cell: AnyCell) -> None:
    for seed, scale in ((0, 1.0), (1, 0.125)):
        e = example(cell, seed, scale=scale)
        assert off(e, in_float32(e), "float32").max() < 6, e.case


OPTIONS: dict[str, Any] = {
    "mask": {"mask": np.random.default_rng(5).random((4, 5)) < 0.5},
    "masked outputs are zeros": {"mask": np.random.default_rng(6).random((4, 5)) < 0.5, "masked_output": "zeros"},
    "lengths": {"lengths": [5, 0, 2, 3]},
    "the last output": {"return_sequences": False},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize(
    "cell", [*SHAPES_OF_CELLS, STACKS["two ways, two layers"]], ids=[*map(short, SHAPES_OF_CELLS), "stack"]
)
def test_masked_steps_and_shown_outputs_are_covered(cell: AnyCell, options: dict[str, Any]) -> None:
    e = example(cell, seed=0)
    assert off(e, in_float32(e, **options), "float32", **options).max() < 6


@each_shape
@pytest.mark.parametrize("a_gate", [False, True], ids=["all gates", "a gate"])
def test_dropout_is_covered(cell: AnyCell, a_gate: bool) -> None:
    e, factors = example(cell, seed=0), factors_of(cell, 1, a_gate=a_gate)
    assert off(e, in_float32(e, dropout=factors), "float32", dropout=factors).max() < 6


@each_kind
def test_rows_that_are_equal_err_alike_and_their_errors_add_up(cell: AnyCell) -> None:
    """So a gradient over 32 equal rows is off by 32 times as much as that of one, not by √32 times; or more, for its
    sum goes on rounding in the same direction."""
    for seed in range(5):
        e = ordinary(cell, seed, batch=1)
        many = replace(
            e,
            x=np.repeat(e.x, 32, axis=0),
            initial_state=tuple(np.repeat(part, 32, axis=0) for part in e.initial_state),
            d_outputs=np.repeat(e.d_outputs, 32, axis=0),
            d_state=tuple(np.repeat(d, 32, axis=0) for d in e.d_state),
        )
        one, all_ = (spread(run(each), "float32", each.d_outputs, each.d_state) for each in (e, many))
        assert one.gradients is not None
        assert all_.gradients is not None
        ratio = all_.gradients.params["kernel"] / one.gradients.params["kernel"]
        assert np.median(ratio) > 24
        assert 0.4 < np.sqrt(np.mean(off(many, in_float32(many), "float32") ** 2)) < 1
        over, grads = both_ways(in_dtype(many, np.float32))
        its = {"outputs": over.outputs, "state": over.state, "gradients": grads}
        verdict = compare(run(many), **its, d_outputs=many.d_outputs, d_state=many.d_state)
        assert verdict.agrees, verdict  # whose closest look tells apart what a dozen samples of equal rows do not


@pytest.mark.parametrize("distance", [30.1, 30.4, 30.6])
@pytest.mark.parametrize(("cell", "gate"), [(GRU(2, 3), 0), (LSTM(2, 3), 1)], ids=["GRU", "LSTM"])
def test_a_gate_that_stays_near_1_errs_alike_at_each_step(cell: AnyCell, gate: int, distance: float) -> None:
    """It is ``1 - 30.4 u``, say, and float32 has nothing between 30 and 31: so all of its roundings are to one side. So
    are the state's, to which nearly the same is added at each step."""
    e, units = ordinary(cell, 0, time=60), slice(3 * gate, 3 * gate + 3)
    params = {name: np.array(value) for name, value in e.params.items()}
    for value in params.values():
        value[..., units] = 0.0
    params["bias"][units] = np.float32(np.log(2.0**24 / distance - 1))
    e = replace(e, params=params, d_outputs=np.zeros(e.d_outputs.shape))
    assert off(e, in_float32(e), "float32").max() < 5


def test_parameters_stored_in_fewer_bits_move_everything_by_about_a_deviation() -> None:
    name, half = "float32, weights in bfloat16", Precision.of("bfloat16")
    found = []
    for seed in range(8):
        e = ordinary(LSTM(6, 9), seed)
        e = replace(e, params=LSTM(6, 9).init(np.random.default_rng(seed)))
        stored = replace(e, params={key: half.stored(value) for key, value in e.params.items()})
        found.append(off(e, in_float32(stored), name))
    whole = np.concatenate(found)
    assert 0.6 < np.sqrt(np.mean(whole**2)) < 1.2
    assert whole.max() < 6


# --- and no more than that --------------------------------------------------------------------------------------------


def test_what_no_operation_rounds_is_exact() -> None:
    e = example(SimpleRNN(2, 3), seed=0, time=1)
    found = spread(run(e), "float32")
    assert found.gradients is None
    empty = example(LSTM(2, 3), seed=0, time=0)
    for deviation in of(spread(run(empty), "float32", empty.d_outputs, empty.d_state)).values():
        assert (deviation < 1e-37).all(), "less than the smallest normal number"


def test_a_coarser_arithmetic_has_a_wider_spread() -> None:
    e = ordinary(LSTM(6, 9), 0)
    found = [np.median(spread(run(e), name).outputs) for name in ("float64", "float32", "float16", "bfloat16")]
    for fine, coarse, ratio in zip(found, found[1:], (2**29, 2**13, 2**3), strict=False):
        assert 0.5 < coarse / fine / ratio < 2


def test_the_same_seed_gives_the_same_spread_and_another_nearly_the_same() -> None:
    e = ordinary(GRU(6, 9), 0)
    first, again, other = (of(spread(run(e), "float32", e.d_outputs, seed=seed)) for seed in (1, 1, 2))
    for part in first:
        np.testing.assert_array_equal(first[part], again[part])
    assert (first["outputs"] != other["outputs"]).any()
    assert np.std(np.log(first["outputs"] / other["outputs"])) / np.sqrt(2) < 0.25


def test_a_dozen_samples_say_nearly_what_many_say() -> None:
    e = ordinary(LSTM(6, 9), 0)
    few, many = (of(spread(run(e), "float32", e.d_outputs, samples=count)) for count in (12, 300))
    for part in few:
        ratio = np.log(few[part] / many[part])
        assert np.sqrt(np.mean(ratio**2)) < 0.25, part


def test_pieces_of_the_batch_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    e = ordinary(LSTM(6, 9), 0, batch=5)
    whole = of(spread(run(e), "float32", e.d_outputs))
    monkeypatch.setattr(sampling, "_PIECE", 12 * 7 * 36 * 2)
    pieces = of(spread(run(e), "float32", e.d_outputs))
    for part, deviation in whole.items():
        if part.startswith("params"):  # sums over the batch, whose last rounding is another
            assert 0.7 < np.median(pieces[part] / deviation) < 1.4, part
        else:
            assert_near(pieces[part], deviation, digits=3)


def gone_wild(e: Example) -> Example:
    """The same with recurrent weights that make errors grow at each step."""
    return replace(e, params=e.params | {"recurrent_kernel": 8 * e.params["recurrent_kernel"]})


def test_a_chaotic_run_is_known_by_its_samples_and_an_ordinary_one_is_not() -> None:
    e = ordinary(SimpleRNN(6, 30), 0, time=80)
    wild = gone_wild(e)
    tame, chaotic = (moments(run(each), "float32", each.d_outputs, each.d_state) for each in (e, wild))
    assert not any(each.chaotic.any() for each in tame.values())
    assert not chaotic["outputs"].chaotic[:, :3].any(), "the first steps are not yet"
    assert chaotic["outputs"].chaotic[:, -5:].mean() > 0.9
    assert chaotic["d_params.recurrent_kernel"].chaotic.all()


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_bad_input_is_refused() -> None:
    e = example(SimpleRNN(2, 3), seed=0)
    over = run(e)
    calls: tuple[tuple[str, Callable[[], object]], ...] = (
        ("dtype", lambda: spread(over, "float128")),
        ("samples", lambda: spread(over, "float32", samples=1)),
        ("seed", lambda: spread(over, "float32", seed=-1)),
        ("d_outputs", lambda: spread(over, "float32", e.d_outputs[:, :2])),
        ("run", lambda: spread(e, "float32")),  # type: ignore[arg-type]
        ("run", lambda: spread(forward(e.cell, e.params, e.x, keep=False), "float32")),
    )
    for match, call in calls:
        with pytest.raises(InvalidArgument, match=match):
            call()


def test_gradients_come_in_the_shapes_of_gradients() -> None:
    e = example(STACKS["two layers"], seed=0)
    over = run(e)
    found = spread(over, "float32", e.d_outputs).gradients
    assert isinstance(found, Gradients)
    expected = backward(over, e.d_outputs)
    assert {name: d.shape for name, d in found.params.items()} == {name: d.shape for name, d in expected.params.items()}
