"""Layers in 8 bits as the oracle checks them: each step by itself, from what went into its products.

Weights in 8 bits are known before a run, but activations are rounded by their range at run time, and a number that
lies near the middle between two steps of such a range is rounded up or down by the last bit of what was computed
before. So the state before each step is taken as the implementation had it, which is exact, rounded by its own rule,
and every step must follow from that within the bounds of the dtype. What holds of every step holds of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from refimpl.stack import Stack, named_cells

from ..contract import Array, Case

_LEVELS = 255


def rounded_to_8_bits(values: Array) -> Array:
    """The numbers that unsigned bytes stand for by the range of ``values`` and 0: as float64, which holds them exactly.

    ``s = (max - min) / 255``, ``z = round(-min / s)``, ``q = clip(round(x / s) + z)``, all in float32, ties to even.

    Source: onnxruntime/core/util/qmath.h, GetQuantizationParameter, ONNX Runtime 1.32; DynamicQuantizeLinear of ONNX.
    """
    least, most = (np.float32(end(values, initial=0)) for end in (np.min, np.max))
    scale = (most - least) / np.float32(_LEVELS) if most > least else np.float32(1)
    zero = np.rint(np.clip(-least / scale, 0, _LEVELS))
    steps: Array = np.clip(np.rint(values.astype(np.float32) / scale), -zero, _LEVELS - zero).astype(np.float64)
    return steps * float(scale)


def states_before(
    case: Case,
    outputs: Array,
    reversals: Sequence[bool],
    rounded: Callable[[Array], Array],
    packed: bool,
) -> list[Array]:
    """Of each direction the state h before each step, rounded by the range that it has over the rows of that step.

    outputs   ``(batch, time, directions * hidden)``, as the implementation gave them
    packed    whether rows of different lengths are packed, so that a backward direction begins with the longest alone;
              else it begins with the end of each, and a row that has ended counts once more, with its last state
    """
    (batch, time, _), initial = case.x.shape, case.initial_state_or_zeros()
    lengths, found = np.full(batch, time) if case.lengths is None else case.lengths, []
    for k, each in enumerate(np.split(outputs, len(reversals), axis=2)):
        before, back = np.zeros(each.shape), reversals[k]
        for step in range(int(lengths.max(initial=0))):  # in the order in which the steps are processed
            ends = lengths.max() if packed else lengths
            at = ends - 1 - step + np.zeros_like(lengths) if back else np.full(batch, step)
            counts = lengths > at if packed else lengths >= step
            first = at == (lengths - 1 if back else 0)
            earlier = each[np.arange(batch), np.clip(at + 1 if back else at - 1, 0, time - 1)]
            state = np.where(first[:, None], initial[2 * k], earlier)
            goes_on = counts & (lengths > (at if packed else step))
            values = np.zeros_like(before[:, 0])
            values[counts] = rounded(state[counts])
            before[goes_on, at[goes_on]] = values[goes_on]
        found.append(before)
    return found


def each_step_alone(case: Case, params: Mapping[str, Array], x: Array, before: Sequence[Array]) -> Case:
    """The case of an LSTM whose recurrent products are products of an input: its h before each step, given beside x.

    params   the weights that the 8-bit numbers stand for, by the case's names
    x        ``(batch, time, input)``, as it goes into the products
    before   of each direction ``(batch, time, hidden)``, the same of the state h before each step
    """
    found, (_, _, features) = dict(params), x.shape
    cells = list(named_cells(case.cell))
    for k, (prefix, _) in enumerate(cells):
        others = [np.zeros_like(params[prefix + "recurrent_kernel"]) for _ in cells]
        others[k] = params[prefix + "recurrent_kernel"]
        found[prefix + "kernel"] = np.concatenate([params[prefix + "kernel"], *others])
        found[prefix + "recurrent_kernel"] = np.zeros_like(params[prefix + "recurrent_kernel"])
    wider = features + sum(cell.hidden_size for _, cell in cells)
    return case.replace(cell=_of_input(case.cell, wider), params=found, x=np.concatenate([x, *before], axis=2))


def _of_input(cell: Any, size: int) -> Any:
    """The cell, or the cells of a stack of one layer, with another input size."""
    if not isinstance(cell, Stack):
        return replace(cell, input_size=size)
    (layer,) = cell.layers
    both = {name: getattr(layer, name) for name in ("forward", "backward")}
    return Stack((replace(layer, **{name: its and replace(its, input_size=size) for name, its in both.items()}),))
