"""Each optimizer against its documentation, written out once more for one number, in 60 digits."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from .. import InvalidArgument
from ..optimizers import SGD, Adam, Clip, Optimizer, OptimizerState, RMSprop
from ..precision import Precision
from ..rounded import Rounded

F64 = Precision.of("float64")
GRADIENTS = [np.array([0.75, -2.0, 1e-4, 30.0]), np.array([0.5, 1.25, -3e-4, 20.0]), np.array([-0.25, 0.5, 0.0, 0.01])]
START = np.array([0.5, -1.0, 0.25, 2.0])

OPTIMIZERS: list[Optimizer] = [
    *(SGD(0.01, manner=manner) for manner in ("keras", "pytorch")),
    *(SGD(0.01, 0.9, nesterov, manner) for manner in ("keras", "pytorch") for nesterov in (False, True)),
    *(
        RMSprop(0.01, 0.9, momentum, centered, manner=manner)
        for manner in ("keras", "pytorch")
        for momentum in (0.0, 0.5)
        for centered in (False, True)
    ),
    *(Adam(0.01, manner=manner) for manner in ("keras", "pytorch", "keras-tensorflow")),
    SGD(0.01, 0.9, manner="keras-tensorflow"),
    RMSprop(0.01, epsilon=1e-3),
    Adam(0.01, 0.75, 0.875, 1e-3, "pytorch"),
]


def documented(optimizer: Any, w: Decimal, gradients: list[Decimal]) -> Decimal:
    """The parameter after these gradients, by the formulas of the frameworks' documentation."""
    lr, keras = Decimal(optimizer.learning_rate), optimizer.manner != "pytorch"
    eps = Decimal(1e-7 if keras else 1e-8)
    if getattr(optimizer, "epsilon", None) is not None:
        eps = Decimal(optimizer.epsilon)
    through = np.float32 if optimizer.manner == "keras-tensorflow" else np.float64
    velocity = buffer = average = m = v = Decimal(0)
    for t, g in enumerate(gradients, start=1):
        if isinstance(optimizer, SGD):
            mu = Decimal(float(through(optimizer.momentum)))
            if keras:
                velocity = mu * velocity - lr * g
                w += mu * velocity - lr * g if optimizer.nesterov else velocity
            else:
                buffer = g if t == 1 else mu * buffer + g
                w -= lr * (g + mu * buffer if optimizer.nesterov else buffer)
        elif isinstance(optimizer, RMSprop):
            rho, mu = Decimal(optimizer.rho), Decimal(optimizer.momentum)
            v = rho * v + (1 - rho) * g * g
            average = rho * average + (1 - rho) * g
            spread = v - average * average if optimizer.centered else v
            if keras:
                buffer = mu * buffer + lr * g / (spread + eps).sqrt()
                w -= buffer
            else:
                buffer = mu * buffer + g / (spread.sqrt() + eps)
                w -= lr * buffer
        else:
            b1, b2 = Decimal(optimizer.beta_1), Decimal(optimizer.beta_2)
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
            c1, c2 = (1 - Decimal(float(through(b))) ** t for b in (optimizer.beta_1, optimizer.beta_2))
            if keras:
                w -= lr * c2.sqrt() / c1 * m / (v.sqrt() + eps)
            else:
                w -= lr * (m / c1) / ((v / c2).sqrt() + eps)
    return w


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_the_rule_is_the_documented_one(optimizer: Optimizer) -> None:
    params, state = {"w": START}, optimizer.start({"w": START})
    bounded: Any = {"w": Rounded.given(F64, START)}
    kept = OptimizerState(0, {s: {"w": Rounded.given(F64, np.zeros(4))} for s in optimizer.slot_names})
    for step, g in enumerate(GRADIENTS):
        params, state = optimizer.update(params, {"w": g}, state)
        bounded, kept = optimizer.update(bounded, {"w": Rounded.given(F64, g)}, kept)
        assert state.step == step + 1
        for k in range(len(START)):
            with decimal.localcontext(decimal.Context(prec=60)):
                exact = documented(optimizer, Decimal(START[k]), [Decimal(g[k]) for g in GRADIENTS[: step + 1]])
                off = float(abs(Decimal(params["w"][k]) - exact))
            bound = bounded["w"].bound[k]
            assert off <= bound < 1e-8, f"step {step + 1}, element {k}: off by {off}, bound {bound}"


def test_the_two_manners_are_not_the_same() -> None:
    for kind in (lambda m: SGD(0.01, 0.9, manner=m), lambda m: RMSprop(0.01, manner=m), lambda m: Adam(0.01, manner=m)):
        moved = []
        for manner in ("keras", "pytorch"):
            optimizer = kind(manner)
            params, _ = optimizer.update({"w": START}, {"w": GRADIENTS[0]}, optimizer.start({"w": START}))
            moved.append(params["w"])
        assert isinstance(optimizer, SGD) == bool((np.abs(moved[0] - moved[1]) < 1e-15).all())


def test_squares_that_are_given_stand_for_the_gradients() -> None:
    for optimizer in (RMSprop(1.0, epsilon=1e-30), Adam(1.0, epsilon=1e-30)):
        state = optimizer.start({"w": START})
        _, after = optimizer.update({"w": START}, {"w": GRADIENTS[0]}, state, {"w": np.full(4, 4.0)})
        share = 0.1 if isinstance(optimizer, RMSprop) else 0.001
        assert np.abs(after.slots["velocity"]["w"] - 4 * share).max() < 1e-15


def test_nothing_that_goes_in_is_changed() -> None:
    for optimizer in OPTIMIZERS:
        start, gradient = START.copy(), GRADIENTS[0].copy()
        state = optimizer.start({"w": start})
        optimizer.update({"w": start}, {"w": gradient}, state)
        assert (start == START).all()
        assert (gradient == GRADIENTS[0]).all()
        assert state.step == 0
        assert all((values["w"] == 0).all() for values in state.slots.values())


def test_float32_stays_float32() -> None:
    narrow = START.astype(np.float32)
    for optimizer in OPTIMIZERS:
        params, state = optimizer.update({"w": narrow}, {"w": narrow}, optimizer.start({"w": narrow}))
        assert params["w"].dtype == np.float32
        assert all(values["w"].dtype == np.float32 for values in state.slots.values())
    clipped = Clip(0.5)({"w": narrow})["w"]
    assert clipped.dtype == np.float32


@pytest.mark.parametrize("manner", ["keras", "pytorch"])
def test_clipping_scales_to_the_norm_and_leaves_what_is_below_it(manner: str) -> None:
    gradients = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}  # norm 5
    scale = 0.5 / 5 if manner == "keras" else 0.5 / (5 + 1e-6)
    found = Clip(0.5, manner=manner)(gradients)
    assert np.abs(found["a"] - [3 * scale, 0]).max() < 1e-15
    assert abs(found["b"][0, 0] - 4 * scale) < 1e-15
    assert Clip(8.0, manner=manner)(gradients)["a"].tolist() == [3.0, 0.0]
    alone = Clip(2.0, per="parameter", manner="keras")(gradients)
    assert alone["a"].tolist() == [2.0, 0.0]
    assert alone["b"].tolist() == [[2.0]]
    assert Clip(0.5, manner=manner)({"a": np.zeros(2)})["a"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "build",
    [
        lambda: SGD(-0.1),
        lambda: SGD(float("nan")),
        lambda: SGD(0.1, 1.5),
        lambda: SGD(0.1, nesterov=True),
        lambda: SGD(0.1, manner="tensorflow"),
        lambda: RMSprop(0.1, rho=2.0),
        lambda: RMSprop(0.1, centered=1),  # type: ignore[arg-type]
        lambda: RMSprop(0.1, epsilon=-1e-7),
        lambda: Adam("0.1"),  # type: ignore[arg-type]
        lambda: Adam(0.1, beta_1=1.0),
        lambda: Clip(0.0),
        lambda: Clip(1.0, per="layer"),
        lambda: Clip(1.0, manner="jax"),
    ],
)
def test_options_that_make_no_sense_are_refused(build: Any) -> None:
    with pytest.raises(InvalidArgument):
        build()


def test_gradients_and_states_that_do_not_fit_are_refused() -> None:
    optimizer = Adam()
    state = optimizer.start({"w": START})
    wrong: list[tuple[Any, Any]] = [
        ({"v": START}, state),
        ({"w": START[:2]}, state),
        ({"w": START}, SGD().start({"w": START})),
        ({"w": START}, optimizer.start({"w": START[:2]})),
    ]
    for gradients, its_state in wrong:
        with pytest.raises(InvalidArgument):
            optimizer.update({"w": START}, gradients, its_state)
