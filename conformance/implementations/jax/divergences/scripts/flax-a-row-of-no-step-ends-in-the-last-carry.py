"""Flax: a row whose length is 0 ends in the carry behind its padding, not in the initial one."""

import flax.linen as nn
import jax
import jax.numpy as jnp

x = jnp.ones((1, 3, 2))
layer = nn.RNN(nn.SimpleCell(1), return_carry=True)
variables = layer.init(jax.random.key(0), x)
initial = jnp.full((1, 1), 0.5)
carry, _ = layer.apply(variables, x, initial_carry=initial, seq_lengths=jnp.array([0]))
raise SystemExit(f"expected the initial carry, {initial.item()}, got {carry.item()}" if carry != initial else 0)
