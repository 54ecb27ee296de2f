"""Valid calls of `forward`, `backward` and the bounds."""

from __future__ import annotations

import numpy as np

from ... import (
    backward,
    compare,
    forward,
    rounding,
)
from ...precision import Precision
from ..bad_kinds import Freedom
from ..judged_calls import Call
from ..support import example, factors_of
from .shared import (
    ANY,
    BOTH,
    CELL,
    FEWER,
    FULL,
    GATED,
    NAN,
    NONE,
    STACK,
    STEPS,
    Calls,
    example_of,
    numbers,
    of,
)


def runs_calls() -> Calls:
    e, s, f = example_of(CELL), example_of(STACK), example_of(FULL)
    mask = np.array([[True] * 5, [True, False, True, True, False], [False, True, True, True, True], [True] * 5])
    plain = {"cell": CELL, "params": e.params, "x": e.x}
    everything = {
        "initial_state": e.initial_state,
        "mask": mask,
        "reverse": True,
        "masked_output": "repeat",
        "output_order": "processing",
        "return_sequences": True,
        "dropout": factors_of(CELL, 0, batch=4, time=5),
        "keep": True,
        "check_finite": True,
    }
    single = example_of(GATED, np.float32)
    axes = {"x": Freedom(axes=(0, 1)), "check_finite": NAN}
    free = {"x": STEPS, "dropout": FEWER, "initial_state": NONE, "d_state": NONE}
    a_gate = free | {"dropout": Freedom(fewer=True, ranks=True)}  # one array for all gates, or one a gate
    run, of_stack = forward(CELL, e.params, e.x, e.initial_state), forward(STACK, s.params, s.x, s.initial_state)
    runs = [
        Call(forward, plain, axes),
        Call(forward, plain | everything, free),
        Call(forward, plain | {"lengths": np.array([5, 0, 3, 2])}, free),
        Call(forward, {"cell": GATED, "params": single.params, "x": single.x}, axes),
        Call(
            forward,
            {"cell": FULL, "params": f.params, "x": f.x, "dropout": factors_of(FULL, 0, a_gate=True, batch=4, time=5)},
            a_gate,
        ),
        Call(
            forward,
            {
                "cell": STACK,
                "params": s.params,
                "x": s.x,
                "initial_state": s.initial_state,
                "dropout": factors_of(STACK, 0, batch=4, time=5),
                "return_sequences": False,
            },
            a_gate,
        ),
    ]
    back = [
        Call(backward, {"run": run, "d_outputs": e.d_outputs, "d_state": e.d_state, "check_finite": True}, free),
        Call(backward, {"run": of_stack, "d_outputs": s.d_outputs, "d_state": s.d_state}, free),
    ]
    return {
        "running.forward": runs,
        "running.backward": back,
    }


def bounds_calls() -> Calls:
    small = {"batch": 2, "time": 2}
    e, s = example(CELL, 0, **small), example(BOTH, 0, **small)
    run, of_stack = forward(CELL, e.params, e.x, e.initial_state), forward(BOTH, s.params, s.x, s.initial_state)
    positive = (numbers(2, 3) ** 2, numbers(2, 3) ** 2)
    back = {"run": run, "dtype": np.float64, "d_outputs": e.d_outputs, "d_state": e.d_state}
    stacked = {"run": of_stack, "dtype": np.float64, "d_outputs": s.d_outputs, "d_state": s.d_state}
    moved = Freedom(nan=True, none=True)
    infinite = {"state_bound": moved, "dtype": ANY, "d_outputs": NAN, "d_state": moved}
    of_name = dict(
        name="float24",
        bits=16,
        least=-126,
        most=127,
        sums=24,
        factors=11,
        weights=8,
        absolute=0.0,
        ulps=(("tanh", 4.0),),
    )
    float32 = Precision.of(np.float32)
    compared = back | {"outputs": run.outputs, "state": run.state, "gates": run.gates}
    compared["gradients"] = backward(run, e.d_outputs, e.d_state)
    drawn = dict.fromkeys(("seed", "samples"), ANY)
    answers = dict.fromkeys(("outputs", "state", "gates", "gradients"), Freedom(nan=True, any=True)) | drawn
    return {
        "rounding.bound": [Call(rounding.bound, {"run": run, "dtype": np.float64, "state_bound": positive}, infinite)],
        "rounding.gradient_bound": [Call(rounding.gradient_bound, back, infinite)],
        "rounding.bounds": [
            Call(rounding.bounds, back | {"state_bound": positive}, infinite),
            Call(rounding.bounds, stacked, infinite),
        ],
        "rounding.is_smooth": [of(rounding.is_smooth, cell=STACK, gradients=False)],
        "sampling.spread": [
            Call(rounding.spread, back | {"samples": 3, "seed": 1}, infinite | {"seed": ANY, "samples": ANY})
        ],
        "comparing.compare": [
            Call(compare, compared | {"samples": 3, "seed": 1, "proven": True}, infinite | answers),
        ],
        "precision.Precision": [Call(Precision, of_name, {"name": ANY, "least": ANY, "most": ANY, "ulps": ANY})],
        "precision.Precision.of": [Call(Precision.of, {"dtype": np.float32})],
        "precision.Precision.gamma": [Call(Precision.gamma, {"self": float32, "n": 7}, {"n": NAN})],
        "precision.Precision.gamma_of_sums": [Call(Precision.gamma_of_sums, {"self": float32, "n": 7}, {"n": NAN})],
        "precision.Precision.ulps_of": [
            Call(Precision.ulps_of, {"self": float32, "activation": "tanh", "stated": 4.0}, {"activation": ANY})
        ],
        "precision.Precision.stored": [
            Call(
                Precision.stored,
                {"self": float32, "value": numbers(3, 4), "bits": 8},
                {"value": Freedom(axes=(0, 1), ranks=True, nan=True)},
            )
        ],
    }
