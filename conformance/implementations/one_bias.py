"""What implementations share whose layers have one bias a gate: how cases go in by name, and how biases come back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from refimpl.stack import named_cells

from ..contract import Case, Quantities
from .program import ProgramImplementation, Weights, widened


class OneBias(ProgramImplementation):
    """A library whose program takes ``leaves`` and ``cotangents``, arrays by name. A subclass has the layout:

    layout   the module in `refimpl.layouts`; ``layout_options(cell)`` is what its functions are told besides
    """

    layout: Any

    def layout_options(self, cell: Any) -> dict[str, str]:
        """What the layout's functions take besides."""
        return {}

    def named_arrays(self, case: Case) -> dict[str, Any]:
        """What the program takes of the case: ``dtype``, ``leaves`` and ``cotangents``."""
        leaves = {"x": widened(case.x)}
        folded = self.dump(case.cell, self.folded(case))
        leaves |= {f"weights.{name}": widened(value) for name, value in folded.items()}
        if case.initial_state is not None:
            given = zip(case.state_names, case.initial_state, strict=True)
            leaves |= {f"initial_state.{name}": widened(part) for name, part in given}
        cotangents = {} if case.d_outputs is None else {"outputs": widened(case.d_outputs)}
        named = zip(case.state_names, case.d_state or (), strict=False)
        cotangents |= {f"state.{name}": widened(part) for name, part in named if part is not None}
        return {"dtype": case.dtype_name, "leaves": leaves, "cotangents": cotangents}

    def folded(self, case: Case) -> Quantities:
        """The parameters with each recurrent bias but the candidate's added to the other bias, as users add them.

        In the order of summation that adds biases first the sum is the same, so no tolerance is asked for it.
        """
        params = dict(case.params)
        for name, hidden in _inside_reset_products(case.cell):
            bias = name.replace("recurrent_bias", "bias")
            outside = slice(None, -hidden)
            params[bias], params[name] = params[bias].copy(), params[name].copy()
            params[bias][outside] += params[name][outside]
            params[name][outside] = 0
        return params

    def dump(self, cell: Any, params: Quantities) -> Weights:
        found: dict[str, Any] = {}
        for prefix, each in named_cells(cell):
            own = {name: np.asarray(params[prefix + name]) for name in each.parameter_shapes}
            for name, hidden in _inside_reset_products(each):
                own[name] = own[name].copy()
                own[name][:-hidden] = 0
            weights = self.layout.dump(each, own, **self.layout_options(each))
            found |= {prefix + name: value for name, value in weights.items()}
        return found

    def load(self, cell: Any, weights: Weights) -> Quantities:
        found: dict[str, Any] = {}
        for prefix, each in named_cells(cell):
            own = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
            loaded = self.layout.load(each, own, **self.layout_options(each))
            for name, hidden in _inside_reset_products(each):
                # A gate's two biases are added, so the gradient of the one that is not there is that of the other.
                loaded[name][:-hidden] = loaded["bias"][:-hidden]
            found |= {prefix + name: value for name, value in loaded.items()}
        return found


def _inside_reset_products(cell: Any) -> Iterator[tuple[str, int]]:
    """The name of each recurrent bias of a GRU that resets after, and its hidden size: the candidate's part is last."""
    for prefix, each in named_cells(cell):
        if getattr(each, "reset_after", False) and each.use_recurrent_bias:
            yield prefix + "recurrent_bias", each.hidden_size
