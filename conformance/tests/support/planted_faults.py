"""Implementations that are wrong on purpose, each in one way, written as a stranger would write one.

They compute with the oracle, so apart from its fault each is right. What a framework does not expose, the gates, is
not reported: a fault has to show in outputs, states and gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import refimpl as ri

Arrays = Mapping[str, Any]
SEQUENCE = ("mask", "lengths", "reverse", "masked_output", "output_order", "return_sequences", "dropout")


def answer(case: Any, params: Arrays, initial_state: Any, d_state: Any) -> dict[str, Any]:
    """All that the oracle computes but for the gates, by the suite's names."""
    cell = getattr(ri, case.kind)(**vars(case.cell))  # in a printed script the cell is no more than its fields
    options = {name: getattr(case, name) for name in SEQUENCE if hasattr(case, name)}  # a printed script has not all
    run = ri.forward(cell, params, case.x, initial_state, **options)
    found = {"outputs": run.outputs}
    found |= {f"state.{n}": part for n, part in zip(cell.state_names, run.state, strict=True)}
    if case.wants_gradients:
        gradients = ri.backward(run, case.d_outputs, d_state)
        found |= {f"d_params.{name}": d for name, d in gradients.params.items()}
        found["d_x"] = gradients.x
        initial = zip(cell.state_names, gradients.initial_state, strict=True)
        found |= {f"d_initial_state.{n}": d for n, d in initial}
    return found


class Sound:
    """Without a fault: what the others are measured against."""

    name = "sound"
    versions: Mapping[str, str] = {"planted": "1.0"}
    dtypes: Sequence[str] = ("float64", "float32")
    cells: Sequence[Mapping[str, Any]] = (
        {"kind": "SimpleRNN", "activation": ("tanh", "relu"), "use_recurrent_bias": (True, False)},
        {"kind": "LSTM", "use_recurrent_bias": (True, False)},
        {"kind": "GRU", "reset_after": (True, False)},
    )

    def observe(self, case: Any) -> dict[str, Any]:
        return answer(case, case.params, case.initial_state, case.d_state)


class GatesSwapped(Sound):
    """The LSTM's weights are read in the order f i g o."""

    name = "gates-swapped"

    def observe(self, case: Any) -> dict[str, Any]:
        if case.kind != "LSTM":
            return super().observe(case)
        return _misread(case, {name: _first_two_exchanged for name in case.params})


class KernelTransposed(Sound):
    """The SimpleRNN's recurrent kernel is read by columns: being square, it fits either way."""

    name = "kernel-transposed"

    def observe(self, case: Any) -> dict[str, Any]:
        return _misread(case, {"recurrent_kernel": np.transpose} if case.kind == "SimpleRNN" else {})


class BiasOutsideReset(Sound):
    """The GRU's candidate is act(x_n + r * (h U_n) + b_hn): its recurrent bias is added outside the reset product."""

    name = "bias-outside-reset"

    def observe(self, case: Any) -> dict[str, Any]:
        if not getattr(case.cell, "reset_after", False):
            return super().observe(case)
        outside = case.params["recurrent_bias"].copy()
        outside[: -case.cell.hidden_size] = 0
        params = {
            **case.params,
            "bias": case.params["bias"] + outside,
            "recurrent_bias": case.params["recurrent_bias"] - outside,
        }
        found = answer(case, params, case.initial_state, case.d_state)
        if "d_params.bias" in found:
            last = slice(-case.cell.hidden_size, None)
            found["d_params.recurrent_bias"][last] = found["d_params.bias"][last]
        return found


class BiasGradientDropped(Sound):
    """The gradient of the recurrent bias is zeros."""

    name = "bias-gradient-dropped"

    def observe(self, case: Any) -> dict[str, Any]:
        found = super().observe(case)
        if "d_params.recurrent_bias" in found:
            found["d_params.recurrent_bias"] = np.zeros_like(found["d_params.recurrent_bias"])
        return found


class InitialStateIgnored(Sound):
    """Every sequence starts from zeros."""

    name = "initial-state-ignored"

    def observe(self, case: Any) -> dict[str, Any]:
        return answer(case, case.params, None, case.d_state)


class CellCotangentLost(Sound):
    """The LSTM's final cell state passes no gradient back."""

    name = "cell-cotangent-lost"

    def observe(self, case: Any) -> dict[str, Any]:
        kept = case.d_state if case.d_state is None else (*case.d_state[:1], *(None for _ in case.d_state[1:]))
        return answer(case, case.params, case.initial_state, kept)


def _misread(case: Any, readings: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """What comes of reading some parameters another way, and their gradients back by the same way."""
    params = {name: readings.get(name, np.asarray)(value) for name, value in case.params.items()}
    found = answer(case, params, case.initial_state, case.d_state)
    for name, reading in readings.items():
        if f"d_params.{name}" in found:
            found[f"d_params.{name}"] = reading(found[f"d_params.{name}"])
    return found


def _first_two_exchanged(parameter: Any) -> Any:
    i, f, *others = np.split(parameter, 4, axis=-1)
    return np.concatenate([f, i, *others], axis=-1)
