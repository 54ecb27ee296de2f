"""Haiku: ``haiku.VanillaRNN``, ``LSTM`` and ``GRU``, by ``dynamic_unroll`` and ``static_unroll``."""

from __future__ import annotations

import haiku as hk
import jax

from .calls import arrays_of, values_and_gradients, weights_in

PREAMBLE = "import haiku as hk"


def run_haiku(
    module,  # VanillaRNN, LSTM or GRU
    options,  # of its constructor
    dtype,
    leaves,  # "x"; "weights.<name>"; "initial_state.h" and c, where given
    cotangents,  # of "outputs" and of the final states
    unroll="dynamic_unroll",
    time_major=False,
    reverse=False,  # which only dynamic_unroll has
):
    """One core over a sequence: all that it computed, as NumPy arrays by name."""
    leaves, cotangents = arrays_of(leaves, dtype), arrays_of(cotangents, dtype)

    def forward(given):
        core = getattr(hk, module)(**options, name="core")
        state = core.initial_state(len(given["x"]))
        state = jax.tree.map(lambda part: part.astype(dtype), state)  # it is float32, or float64 where that is allowed
        if "initial_state.c" in given:
            state = hk.LSTMState(given["initial_state.h"], given["initial_state.c"])
        elif "initial_state.h" in given:
            state = given["initial_state.h"]
        x = given["x"].swapaxes(0, 1) if time_major else given["x"]
        direction = {"reverse": reverse} if unroll == "dynamic_unroll" else {}
        outputs, final = getattr(hk, unroll)(core, x, state, time_major=time_major, **direction)
        outputs = outputs.swapaxes(0, 1) if time_major else outputs
        parts = {"h": final.hidden, "c": final.cell} if module == "LSTM" else {"h": final}
        return {"outputs": outputs} | {f"state.{name}": part for name, part in parts.items()}

    def compute(given):
        params = {}
        for name, value in weights_in(given, "").items():
            *inner, last = name.split(".")
            params.setdefault("/".join(["core", *inner]), {})[last] = value
        return hk.without_apply_rng(hk.transform(forward)).apply(params, given)

    return values_and_gradients(compute, leaves, cotangents)
