"""Haiku: a GRU keeps 1 - z of its state, which has no digit left where z is near 1."""

import haiku as hk
import jax.numpy as jnp
import numpy as np

step = hk.without_apply_rng(hk.transform(lambda x, h: hk.GRU(1, name="core")(x, h)[0]))
params = {"core": {"w_i": jnp.zeros((1, 3)), "w_h": jnp.zeros((1, 3)), "b": jnp.array([20.0, 0.0, 0.0])}}
got = step.apply(params, jnp.zeros((1, 1)), jnp.full((1, 1), 1e9)).item()
expected = 1e9 / (1 + np.exp(20.0))  # 1 - sigmoid(20) is sigmoid(-20), 2.06e-9; the candidate is 0
raise SystemExit(f"expected {expected}, got {got}" if abs(got - expected) > 1e-3 * expected else 0)
