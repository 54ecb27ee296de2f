"""Whole models trained step for step beside the oracle, and faults planted into training that must be caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.cases.training import Task, Trace
from conformance.commands.main import main
from conformance.models.training import parity, single_steps, trajectories
from conformance.models.training.tasks import MANNERS, TASKS
from conformance.models.training.tracing import FrameworkTraces, framework_traces, oracle_trace

SMALL = ("sentiment-SimpleRNN", "clipped")
STEPS = 5


@pytest.fixture(scope="module")
def answers(forked_frameworks: None) -> Iterator[dict[str, FrameworkTraces]]:
    """Every framework's traces, each made in a process of its own, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda name: framework_traces(name, SMALL, STEPS), parity.IMPLEMENTATIONS)
        yield dict(zip(parity.IMPLEMENTATIONS, found, strict=True))


@pytest.mark.parametrize("name", parity.IMPLEMENTATIONS)
def test_the_framework_trains_as_the_oracle_does(name: str, answers: dict[str, FrameworkTraces]) -> None:
    answer = answers[name]
    for why in answer.not_run.values():
        if "not installed" in why:
            pytest.skip(why)
    assert not answer.not_run
    assert answer.dtype == ("float64" if name in ("torch", "keras-tensorflow") else "float32")
    drift: list[float] = []
    for task in SMALL:
        found = parity.check_parity(name, answer, task, STEPS)
        assert found.holds, f"{name}: {task}: {parity.worst_disagreement(found)}"
        assert len(found.drift) == STEPS + 1
        drift += found.drift
    assert max(drift) > 0, "the two are different programs, and never round differently?"


def worst(task: Task, trace: Trace) -> float:
    return max(found.ratio for found in single_steps.check_each_step(task, trace))


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("manner", MANNERS)
def test_the_oracle_is_within_its_own_bounds(name: str, manner: str) -> None:
    task = TASKS[name](manner)
    trace = oracle_trace(task, 3)
    assert worst(task, trace) <= 1
    assert max(w.bound for w in single_steps.check_each_step(task, trace) if w.quantity.startswith("params")) < 1e-9
    back = Trace.from_arrays(trace.arrays())
    assert all((a[n] == b[n]).all() for a, b in zip(back.params, trace.params, strict=True) for n in a)


class NoCorrection(ri.optimizers.Adam):
    """Adam that leaves its means as they are, biased towards zero."""

    def update(self, params: Any, gradients: Any, state: Any, squares: Any = None) -> Any:
        moved, after = super().update(params, gradients, replace(state, step=10**6), squares)
        return moved, replace(after, step=state.step + 1)


class WrongSign(ri.optimizers.SGD):
    """Momentum that pushes back."""

    def update(self, params: Any, gradients: Any, state: Any, squares: Any = None) -> Any:
        turned = {slot: {n: -v for n, v in named.items()} for slot, named in state.slots.items()}
        return super().update(params, gradients, replace(state, slots=turned), squares)


def optimizer(**changes: Any) -> Callable[[Task], Task]:
    return lambda task: replace(task, optimizer=replace(task.optimizer, **changes))


def kind(of: type) -> Callable[[Task], Task]:
    return lambda task: replace(task, optimizer=of(**vars(task.optimizer)))


def without_mask(task: Task) -> Task:
    embedding, *rest = task.model.layers
    return replace(task, model=ri.Model((replace(embedding, mask_zero=False), *rest)))


def sure_of_itself(task: Task) -> Task:
    """The task with a head whose probabilities reach the limits at which Keras clips."""
    return replace(task, params=dict(task.params) | {"dense.kernel": task.params["dense.kernel"] * 64})


def from_logits(task: Task) -> Task:
    model, loss = ri.training.without_final_activation(task.model, task.loss)
    return replace(task, model=model, loss=loss)


def clipped_as_pytorch_does(task: Task) -> Task:
    return replace(task, clip=ri.optimizers.Clip(1.0, manner="pytorch"))


FAULTS: dict[str, tuple[str, str, Callable[[Task], Task]]] = {
    "epsilon inside the root": ("sentiment-GRU", "pytorch", optimizer(manner="keras", epsilon=1e-8)),
    "epsilon outside the root": ("sentiment-GRU", "keras", optimizer(manner="pytorch", epsilon=1e-7)),
    "epsilon after the correction": ("regression", "keras", optimizer(manner="pytorch", epsilon=1e-7)),
    "epsilon before the correction": ("classification", "pytorch", optimizer(manner="keras", epsilon=1e-8)),
    "another framework's epsilon": ("regression", "keras", optimizer(epsilon=1e-8)),
    "no bias correction": ("classification", "keras", kind(NoCorrection)),
    "wrong sign of momentum": ("clipped", "keras", kind(WrongSign)),
    "no Nesterov": ("softmax", "pytorch", optimizer(nesterov=False)),
    "another momentum": ("centered", "keras", optimizer(momentum=0.25)),
    "learning rate in float32": ("per-step", "keras", optimizer(learning_rate=float(np.float32(0.05)))),
    "decays in float32": ("regression", "keras", optimizer(manner="keras-tensorflow")),
    "decays in float64": ("regression", "keras-tensorflow", optimizer(manner="keras")),
    "squares by occurrence": ("sentiment-LSTM", "keras", optimizer(manner="keras-tensorflow")),
    "mask ignored": ("sentiment-LSTM", "keras", without_mask),
    "not clipped": ("clipped", "keras", lambda task: replace(task, clip=None)),
    "clipped as PyTorch does": ("clipped", "keras", clipped_as_pytorch_does),
    "loss summed": ("classification", "pytorch", lambda task: replace(task, loss=replace(task.loss, reduction="sum"))),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_training_is_caught(fault: str) -> None:
    name, manner, planted = FAULTS[fault]
    task = TASKS[name](manner)
    found = worst(task, oracle_trace(planted(task), 3))
    assert found > 100, f"{fault}: {found}"


def test_probabilities_that_are_not_clipped_are_caught_where_it_shows() -> None:
    task = TASKS["sentiment-SimpleRNN"]("keras")
    assert worst(task, oracle_trace(from_logits(task), 3)) <= 1  # nothing is clipped here, so it is the same function
    sure = sure_of_itself(task)
    assert worst(sure, oracle_trace(sure, 1)) <= 1
    assert worst(sure, oracle_trace(from_logits(sure), 1)) > 100


def test_a_wrong_start_and_a_missing_quantity_are_no_pass() -> None:
    task = TASKS["per-step"]("keras")
    trace = oracle_trace(task, 2)
    moved = {name: value + np.spacing(1.0) for name, value in task.params.items()}
    assert worst(replace(task, params=moved), trace) == np.inf
    lacking = replace(trace, gradients=[{n: g for n, g in d.items() if n != "dense.bias"} for d in trace.gradients])
    with pytest.raises(ValueError, match=r"dense\.bias"):
        single_steps.check_each_step(task, lacking)
    nothing = replace(trace, losses=[float("nan"), *trace.losses[1:]])
    assert worst(task, nothing) == np.inf


def disturbed(task: Task, count: int, size: float, only: int | None = None) -> Trace:
    """The oracle's trace, every parameter put off after each step, or after one, by a share of itself."""
    rng = np.random.default_rng(0)
    params, state = dict(task.params), task.optimizer.start(dict(task.params))
    losses, gradients, every, slots = [], [], [params], [dict(state.slots)]
    for k in range(count):
        done = ri.training.step(task.model, task.loss, task.optimizer, params, state, *task.batch(k), task.clip)
        share = size if only in (None, k) else 0.0
        params = {n: w * (1 + share * rng.choice([-1, 1], w.shape)) for n, w in done.params.items()}
        state = done.state
        losses.append(float(done.loss))
        gradients.append(done.gradients)
        every.append(params)
        slots.append(dict(state.slots))
    return Trace(losses, gradients, every, slots)


def test_the_path_bears_rounding_at_every_step_and_no_more() -> None:
    for name in ("per-step", "clipped"):
        task = TASKS[name]("pytorch")
        oracle = oracle_trace(task, 8)
        assert max(trajectories.follow_trajectory(task, disturbed(task, 8, 2.0**-53), oracle, 8).ratio) <= 1
        off = trajectories.follow_trajectory(task, disturbed(task, 8, 1e-11, only=1), oracle, 8)
        assert off.ratio[1] <= 1 < off.ratio[2]
        assert off.claimed_steps() == 8
        assert all(np.isfinite(off.tolerance))


@pytest.mark.parametrize(
    ("name", "manner"), [("sentiment-LSTM", "keras"), ("centered", "pytorch"), ("clipped", "keras")]
)
def test_the_jacobian_encloses_every_difference(name: str, manner: str) -> None:
    """The mean value theorem, tried: what a step makes of a difference is what the enclosure makes of it."""
    task = TASKS[name](manner)
    trace, flat = oracle_trace(task, 3), trajectories._StateVector(task)
    rng = np.random.default_rng(1)
    with np.errstate(all="ignore"):
        reach = np.full(flat.states, 1e-7)
        reach[flat.params :] = 0.0  # slots as they are: a velocity moved past zero has no root
        middle, radius, still = flat.jacobian(trace.params[2], trace.state(2), 2, reach)
        assert np.isfinite(radius).all()
        for size in (1e-7, 1e-8):
            d = np.concatenate([size * rng.choice([-1.0, 1.0], flat.params), np.zeros(flat.states - flat.params)])
            moved = flat.named(flat.vector(trace.params[2]) + d[: flat.params])
            ours, theirs = (single_steps.prescribed_step(task, p, trace.state(2), 2) for p in (trace.params[2], moved))
            keys = ["params.", *(f"slots.{slot}." for slot in flat.slots)]
            after = [
                np.concatenate([flat.vector({n: at.value[k + n] for n in flat.shapes}) for k in keys])
                for at in (ours, theirs)
            ]
            rounding = flat.local(ours) + flat.local(theirs) + 1e-15
            off = np.abs(after[1] - after[0] - middle @ d) - radius @ np.abs(d) - rounding
            assert (off[~still] <= 0).all(), f"size {size}: beyond the enclosure by {off[~still].max()}"
            assert np.abs(middle @ d).max() > 100 * rounding.max(), "the difference must be more than rounding"


def test_the_command_prints_a_table_and_says_whether_all_holds(capsys: Any, tmp_path: Any) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    command = ["parity", "--implementation", "torch", "--task", "per-step", "--steps", "3", "--curve", "5"]
    assert main([*command, "--plot", str(tmp_path / "curve.png")]) == 0
    said = capsys.readouterr().out
    assert "per-step" in said
    assert "(5)" in said, said
    assert (tmp_path / "curve.png").stat().st_size > 10_000


@pytest.mark.parametrize("wrong", [["--steps", "0"], ["--task", "none"], ["--implementation", "numpy"]])
def test_the_command_refuses_what_is_not_there(wrong: list[str], capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["parity", *wrong])
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_what_is_wrong_is_said(capsys: Any) -> None:
    task = TASKS["per-step"]("keras")
    trace = oracle_trace(FAULTS["learning rate in float32"][2](task), 2)
    oracle = oracle_trace(task, 2)
    found = parity.Parity(
        "planted",
        "per-step",
        "float64",
        2,
        single_steps.check_each_step(task, trace),
        trajectories.follow_trajectory(task, trace, oracle, 2),
        trajectories.differences(oracle, trace),
    )
    assert not found.holds
    assert not parity.ParityReport([found], {}, {}).holds
    assert not parity.ParityReport([], {}, {}).holds
    assert "step 0: params." in parity.worst_disagreement(found)
