"""A case of the corpus in float32, forward: the same numbers rounded, and what they must give, certified anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import refimpl as ri

from ...common.descriptions import mask_kind
from ...contract import Array, Case, Quantities, family_of
from ..certificates import certify


class NotExpressible(ValueError):
    """A case that a form has no words for: the reason."""


@dataclass(frozen=True)
class Vector:
    """Inputs that float32 holds, and the values that they must give.

    case       the inputs, in float64, each of which is a float32 too
    expected   the float64 nearest to each exact value, outputs and states alone
    """

    case: Case
    expected: Quantities

    def in_float32(self, quantity: str) -> Array:
        """The float32 nearest to each expected number."""
        return self.expected[quantity].astype(np.float32)


def forward_in_float32(case: Case) -> Case:
    """The case rounded to float32, without cotangents: no form has gradients. `NotExpressible` where a number is lost.

    Numbers at steps that do not count are rounded into the range.
    """
    largest = float(np.finfo(np.float32).max)
    rounded = case.replace(d_outputs=None, d_state=None, x=np.clip(case.x, -largest, largest)).in_dtype(np.float32)
    arrays = zip(_arrays(case), _arrays(rounded), strict=True)
    if any(((one != 0) & (other == 0)).any() or not np.isfinite(other).all() for one, other in arrays):
        raise NotExpressible("float32 has no number near some of its inputs")
    return rounded


def without_mask(case: Case) -> Case:
    """The case with lengths for its mask, where they mean the same: the mask ends rows early, and outputs zeros there.

    Raises `NotExpressible` for any other mask.
    """
    if case.mask is None:
        return case
    if case.mask.all():
        return case.replace(mask=None)
    ends_rows = bool((case.mask[:, :-1] >= case.mask[:, 1:]).all())
    if not ends_rows or case.masked_output != "zeros":
        raise NotExpressible(f"the operator has no masks ({mask_kind(case.mask)}, output {case.masked_output})")
    return case.replace(mask=None, lengths=case.mask.sum(axis=1))


def certified(case: Case) -> Vector:
    """The vector of a case that is in float32. `NotExpressible` where a value is undecided or beyond float32."""
    case = case.in_dtype(np.float64)
    found = certify(case)
    if not found.is_complete:
        raise NotExpressible(f"not certified: {found.reason}")
    values = {name: value for name, value in found.values.items() if family_of(name) in ("outputs", "state")}
    if any(np.abs(value).max(initial=0.0) > np.finfo(np.float32).max for value in values.values()):
        raise NotExpressible("float32 has no number near some of its results")
    if not any(value.astype(np.float32).any() for value in values.values()):
        raise NotExpressible("all of its results are zero in float32")
    return Vector(case, values)


def with_both_biases(case: Case) -> Case:
    """The case with zeros for the one bias of two that is missing: ONNX's weights have both or none."""
    cell: Any = case.cell
    if isinstance(cell, ri.Stack):
        (layer,) = cell.layers
        changed = {way: _biased(one) for way, one in (("forward", layer.forward), ("backward", layer.backward)) if one}
        cell = ri.Stack((ri.Layer(**changed, merge=layer.merge if len(changed) == 2 else "concat"),))
    else:
        cell = _biased(cell)
    params = {name: case.params.get(name, np.zeros(shape)) for name, shape in cell.parameter_shapes.items()}
    return case.replace(cell=cell, params=params)


def _biased(cell: Any) -> Any:
    one_of_two = cell.use_bias != cell.use_recurrent_bias
    return replace(cell, use_bias=True, use_recurrent_bias=True) if one_of_two else cell


def single_layer(case: Case) -> None:
    """`NotExpressible` where the case is no single layer whose numbers an operator could have."""
    if isinstance(case.cell, ri.Stack) and len(case.cell.layers) > 1:
        raise NotExpressible(f"the operator is one layer, the case is {len(case.cell.layers)}")
    if case.dropout:
        raise NotExpressible("the operator has no dropout")
    if case.output_order != "original":
        raise NotExpressible("the operator gives outputs in the order of the input")


def _arrays(case: Case) -> list[Array]:
    return [case.x, *case.params.values(), *(case.initial_state or ())]
