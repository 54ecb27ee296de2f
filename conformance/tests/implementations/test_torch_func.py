"""``torch.func`` on PyTorch's layers and cells: gradients agree with the oracle, what has no rule is refused.

Cells mapped over rows and over weights are modes of ``torch-cell``, so that every run tries them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance.contract import Case, Observed
from conformance.implementations.finding import load
from conformance.judging.arithmetic import arithmetic_of
from conformance.judging.expected import expect
from conformance.judging.verdict import judge
from refimpl.layouts import pytorch as layout

from ..support import example

torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")
LAYERS = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}


def arrays(tensors: Any) -> dict[str, Any]:
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}


def states(case: Case, kept: str, parts: Any) -> dict[str, Any]:
    """Arrays of states by the quantities' names."""
    return {f"{kept}.{name}": part.detach().numpy() for name, part in zip(case.state_names, parts, strict=True)}


@pytest.mark.parametrize("kind", LAYERS)
def test_the_pull_back_of_a_functional_call_agrees(kind: str) -> None:
    case = example(kind, use_recurrent_bias=True)
    layer = getattr(torch.nn, LAYERS[kind])(*case.x.shape[2:], case.cell.hidden_size, batch_first=True).double()
    weights = {name: torch.tensor(value) for name, value in layout.dump(case.cell, case.params, "_l0").items()}

    def call(weights: Any, x: Any, state: Any) -> Any:
        given = tuple(part[None] for part in state)
        outputs, final = torch.func.functional_call(layer, weights, (x, given if kind == "LSTM" else given[0]))
        return outputs, tuple(part[0] for part in (final if kind == "LSTM" else (final,)))

    leaves = weights, torch.tensor(case.x), tuple(map(torch.tensor, case.initial_state or ()))
    (outputs, final), pull_back = torch.func.vjp(call, *leaves)
    d_weights, d_x, d_state = pull_back((torch.tensor(case.d_outputs), tuple(map(torch.tensor, case.d_state or ()))))
    values = arrays({"outputs": outputs, "d_x": d_x})
    values |= states(case, "state", final) | states(case, "d_initial_state", d_state)
    values |= {f"d_params.{name}": value for name, value in layout.load(case.cell, arrays(d_weights), "_l0").items()}
    verdict = judge(expect(case, arithmetic_of(load("torch"), case)), Observed(values))
    assert verdict.agrees, "\n".join(map(str, verdict.disagreements))
    assert {family for family, *_ in verdict.by_family()} == {"outputs", "state", "gradients"}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_mapped_over_rows_is_refused_rather_than_wrong(kind: str) -> None:
    layer = getattr(torch.nn, LAYERS[kind])(2, 3, batch_first=True).double()
    with pytest.raises(RuntimeError, match="Batching rule not implemented"):
        torch.func.vmap(lambda row: layer(row)[0])(torch.randn(4, 5, 2, dtype=torch.float64))


@pytest.mark.parametrize("kind", LAYERS)
def test_the_gradients_of_each_row_are_those_of_the_row_alone(kind: str) -> None:
    """``vmap`` of ``vjp`` over the rows of a batch: what each row alone does to the weights."""
    case = example(kind, use_recurrent_bias=True)
    cell = getattr(torch.nn, f"{LAYERS[kind]}Cell")(*case.x.shape[2:], case.cell.hidden_size).double()
    weights = {name: torch.tensor(value) for name, value in layout.dump(case.cell, case.params, "").items()}

    def call(weights: Any, x: Any, state: Any) -> Any:
        outputs = []
        for x_t in x:
            given = state if kind == "LSTM" else state[0]
            found = torch.func.functional_call(cell, weights, (x_t, given))
            state = found if kind == "LSTM" else (found,)
            outputs.append(state[0])
        return torch.stack(outputs), state

    def of_a_row(x: Any, state: Any, d_outputs: Any, d_state: Any) -> Any:
        found, pull_back = torch.func.vjp(call, weights, x, state)
        return found, pull_back((d_outputs, d_state))

    parts = [tuple(map(torch.tensor, each or ())) for each in (case.initial_state, case.d_state)]
    given = torch.tensor(case.x), parts[0], torch.tensor(case.d_outputs), parts[1]
    (outputs, final), (d_weights, d_x, d_state) = torch.func.vmap(of_a_row)(*given)
    for row in range(len(case.x)):
        its = case.replace(
            x=case.x[row : row + 1],
            initial_state=tuple(part[row : row + 1] for part in case.initial_state or ()),
            d_outputs=np.asarray(case.d_outputs)[row : row + 1],
            d_state=tuple(np.asarray(part)[row : row + 1] for part in case.d_state or ()),
        )
        one = slice(row, row + 1)
        values = arrays({"outputs": outputs[one], "d_x": d_x[one]})
        values |= states(its, "state", [part[one] for part in final])
        values |= states(its, "d_initial_state", [part[one] for part in d_state])
        d_params = layout.load(case.cell, arrays({name: each[row] for name, each in d_weights.items()}), "")
        values |= {f"d_params.{name}": value for name, value in d_params.items()}
        verdict = judge(expect(its, arithmetic_of(load("torch-cell"), its)), Observed(values))
        assert verdict.agrees, "\n".join(map(str, verdict.disagreements))
        assert {family for family, *_ in verdict.by_family()} == {"outputs", "state", "gradients"}
