"""How the state after the last step depends on the state after each step before: exact Jacobian products.

Write ``s_t`` for all that a cell carries from step to step, ``h`` or ``h`` and ``c`` side by side. By the chain rule

    ∂s_T/∂s_t = J_T J_(T-1) … J_(t+1)        J_k = ∂s_k/∂s_(k-1)

The oracle's adjoint of one step takes a cotangent ``v`` to ``v J_k``. Starting from the rows of the identity, one
adjoint a step gives every product from the last step down, without a difference quotient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import refimpl as ri

from ...contract import Array, Case, Quantities


def jacobians(cell: Any, params: Quantities, x: Array) -> Array:
    """``∂s_T/∂s_t`` for t = 0 … T, ``(time + 1, states, states)``, along one sequence ``x`` of ``(time, input)``."""
    sizes = state_sizes(cell)
    rows, steps = sum(sizes), []
    state = tuple(np.zeros((rows, size), x.dtype) for size in sizes)
    for one in x:
        steps.append(ri.forward(cell, params, _tiled(one[None], rows), state))
        state = steps[-1].state
    cotangents = split(np.eye(rows, dtype=x.dtype), sizes)
    found = [np.concatenate(cotangents, axis=1)]
    for step in reversed(steps):
        cotangents = ri.backward(step, d_state=cotangents).initial_state
        found.append(np.concatenate(cotangents, axis=1))
    return np.stack(found[::-1])


def norms(products: Array, cell: Any) -> dict[str, Array]:
    """The spectral norm of ∂h_T/∂h_t, and of ∂c_T/∂c_t where there is a cell state, against ``T - t`` from 0 up."""
    found, end = {}, 0
    for name, size in zip(cell.state_names, state_sizes(cell), strict=True):
        block = products[::-1, end : end + size, end : end + size]
        found[name] = np.linalg.norm(block, ord=2, axis=(1, 2))
        end += size
    return found


def as_case(cell: Any, params: Quantities, x: Array, t: int) -> Case:
    """∂s_T/∂s_t as a question for any implementation: the gradient in the initial state of a run from step t on.

    A row of the batch for each row of the Jacobian; the initial state is ``s_t``, given as the oracle has it.
    """
    sizes = state_sizes(cell)
    rows = sum(sizes)
    state = ri.forward(cell, params, _tiled(x[:t], rows)).state
    return Case(
        cell,
        params,
        _tiled(x[t:], rows),
        initial_state=state,
        d_state=split(np.eye(rows, dtype=x.dtype), sizes),
    )


def spans_as_case(cell: Any, params: Quantities, x: Array, span: int = 2) -> Case:
    """∂s_(t+span)/∂s_t for every t as one question: sequences of ``span`` steps, one for each row of each Jacobian."""
    sizes = state_sizes(cell)
    rows, count = sum(sizes), len(x) - span + 1
    states, state = [], tuple(np.zeros((1, size), x.dtype) for size in sizes)
    for one in x[:count]:
        states.append(state)
        state = ri.forward(cell, params, one[None, None], state).state
    windows = np.stack([x[t : t + span] for t in range(count)])
    return Case(
        cell,
        params,
        np.repeat(windows, rows, axis=0),
        initial_state=tuple(np.repeat(np.concatenate(parts), rows, axis=0) for parts in zip(*states, strict=True)),
        d_state=split(np.tile(np.eye(rows, dtype=x.dtype), (count, 1)), sizes),
    )


def state_sizes(cell: Any) -> tuple[int, ...]:
    """The size of each part of the state."""
    return tuple(getattr(cell, "state_sizes", (cell.hidden_size,) * len(cell.state_names)))


def split(array: Array, sizes: tuple[int, ...]) -> tuple[Array, ...]:
    """The parts of a state that stand side by side on the last axis."""
    return tuple(np.split(array, np.cumsum(sizes)[:-1], axis=-1))


def _tiled(x: Array, rows: int) -> Array:
    return np.repeat(x[None], rows, axis=0)
