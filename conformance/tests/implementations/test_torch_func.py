"""``torch.func`` on PyTorch's layers: its gradients agree with the oracle, and what it has no rule for it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract import Observed
from conformance.implementations.finding import load
from conformance.judging.arithmetic import arithmetic_of
from conformance.judging.expected import expect
from conformance.judging.verdict import judge
from refimpl.layouts import pytorch as layout

from ..support import example

torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")
LAYERS = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}


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
    found = {"outputs": outputs, "d_x": d_x}
    found |= {f"state.{name}": part for name, part in zip(case.state_names, final, strict=True)}
    found |= {f"d_initial_state.{name}": part for name, part in zip(case.state_names, d_state, strict=True)}
    values = {name: value.detach().numpy() for name, value in found.items()}
    d_params = layout.load(case.cell, {name: value.detach().numpy() for name, value in d_weights.items()}, "_l0")
    values |= {f"d_params.{name}": value for name, value in d_params.items()}
    verdict = judge(expect(case, arithmetic_of(load("torch"), case)), Observed(values))
    assert verdict.agrees, "\n".join(map(str, verdict.disagreements))
    assert {family for family, *_ in verdict.by_family()} == {"outputs", "state", "gradients"}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_mapped_over_rows_is_refused_rather_than_wrong(kind: str) -> None:
    layer = getattr(torch.nn, LAYERS[kind])(2, 3, batch_first=True).double()
    with pytest.raises(RuntimeError, match="Batching rule not implemented"):
        torch.func.vmap(lambda row: layer(row)[0])(torch.randn(4, 5, 2, dtype=torch.float64))
