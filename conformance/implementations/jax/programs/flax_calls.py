"""What the programs of Flax's linen and nnx share: how leaves go into a layer's call, and what it returns by name."""

from __future__ import annotations

import jax.numpy as jnp

from .calls import within_lengths


def merging(merge):
    """The function that makes one output of two directions'."""
    return {
        "concat": lambda a, b: jnp.concatenate([a, b], axis=-1),
        "sum": lambda a, b: a + b,
        "mul": lambda a, b: a * b,
        "ave": lambda a, b: (a + b) / 2,
    }[merge]


def called(call, given, prefixes, lengths, time_major):
    """What ``call(x, initial carry)`` returns for the leaves, by name; an LSTM's carry is ``(c, h)``."""

    def carry_of(prefix):
        h, c = given.get(f"initial_state.{prefix}h"), given.get(f"initial_state.{prefix}c")
        return h if c is None else (c, h)

    carries = [carry_of(prefix) for prefix in prefixes]
    start = None if carries[0] is None else carries[0] if len(prefixes) == 1 else tuple(carries)
    carry, outputs = call(given["x"].swapaxes(0, 1) if time_major else given["x"], start)
    outputs = outputs.swapaxes(0, 1) if time_major else outputs
    found = {"outputs": within_lengths(outputs, lengths)}
    for prefix, its in zip(prefixes, [carry] if len(prefixes) == 1 else carry):
        parts = {"c": its[0], "h": its[1]} if isinstance(its, tuple) else {"h": its}
        found |= {f"state.{prefix}{name}": part for name, part in parts.items()}
    return found
