"""What an implementation returned, checked against the run that it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import checks
from .arrays import Array
from .errors import InvalidArgument
from .running import AnyRun, forward
from .sequence import Gradients


def quantities(run: AnyRun, outputs: Any, state: Any, gates: Any, gradients: Any) -> dict[str, Array]:
    """What is to be compared, as in `comparing.compare`, by the quantities' names, each in its shape, in float64."""
    names, shapes = run.cell.state_names, run.cell.parameter_shapes
    batch, size = run.x.shape[0], dict(zip(run.cell.state_names, run.cell.state_sizes, strict=True))
    found = dict(_checked("outputs", {"outputs": outputs}, {"outputs": run.outputs.shape}))
    found |= _parts("state", "state", state, names, {n: (batch, size[n]) for n in names})
    if gates is not None:
        checks.some_of("gates", gates, run.gates)
        found |= {f"gates.{n}": a for n, a in _checked("gates", gates, {n: g.shape for n, g in run.gates.items()})}
    if gradients is not None:
        if isinstance(gradients, Gradients):
            gradients = {"params": gradients.params, "x": gradients.x, "initial_state": gradients.initial_state}
        checks.some_of("gradients", gradients, ("params", "x", "initial_state"))
        params = checks.some_of("gradients.params", gradients.get("params") or {}, shapes)
        found |= {f"d_params.{n}": a for n, a in _checked("gradients.params", params, shapes)}
        found |= dict(_checked("gradients.x", {"d_x": gradients.get("x")}, {"d_x": run.x.shape}))
        found |= _parts(
            "d_initial_state",
            "gradients.initial_state",
            gradients.get("initial_state"),
            names,
            {n: (batch, size[n]) for n in names},
        )
    if not found:
        raise InvalidArgument("outputs, state, gates, gradients", expected="something to compare", got="None of them")
    return found


def _parts(
    quantity: str, name: str, value: Any, names: Sequence[str], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Array]:
    if value is None:
        return {}
    if not isinstance(value, tuple | list) or len(value) != len(names):
        raise InvalidArgument(name, expected=f"a tuple ({', '.join(names)})", got=checks.described_tuple(value))
    return {f"{quantity}.{n}": a for n, a in _checked(name, dict(zip(names, value, strict=True)), shapes)}


def _checked(name: str, given: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, Array]]:
    for each, value in given.items():
        if value is None:
            continue
        label = name if len(given) == 1 and each in ("outputs", "d_x") else f"{name}[{each!r}]"
        yield each, numbers(label, value, shapes[each])


def numbers(name: str, value: Any, shape: tuple[int, ...] | None = None) -> Array:
    """In float64; any real floating-point dtype is welcome, bfloat16's among them."""
    found: Array = np.asarray(checks.as_array(name, value))
    if not (np.issubdtype(found.dtype, np.floating) or found.dtype.name == "bfloat16"):
        raise InvalidArgument(name, expected="an array of floating-point numbers", got=checks.described(value))
    if shape is not None and found.shape != tuple(shape):
        raise InvalidArgument(name, expected=f"shape {tuple(shape)}", got=f"shape {found.shape}")
    return found.astype(np.float64)


def in_float64(run: AnyRun) -> AnyRun:
    """The run in float64."""
    if run.x.dtype == np.float64:
        return run
    traversal = run.traversal
    return forward(
        run.cell,
        {name: value.astype(np.float64) for name, value in run.params.items()},
        run.x.astype(np.float64),
        tuple(part.astype(np.float64) for part in run.initial_state),
        traversal.mask,
        None,
        traversal.reverse,
        masked_output=traversal.masked_output,
        output_order=traversal.output_order,
        return_sequences=traversal.return_sequences,
        dropout=_wide_dropout(run),
        check_finite=False,
    )


def _wide_dropout(run: AnyRun) -> dict[str, Array] | None:
    return {
        name: np.stack(factors).astype(np.float64) if len(factors) > 1 else factors[0].astype(np.float64)
        for name, factors in run.dropout.items()
        if factors
    } or None
