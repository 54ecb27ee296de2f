"""The Jacobian products of the job ``gates``: the formulas, the oracle's bounds and the frameworks' autograd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.commands.main import main
from conformance.contract import CELL_KINDS
from conformance.judging.expected import expect
from conformance.judging.verdict import compare
from conformance.models.jobs import gates
from conformance.models.jobs.jacobians import as_case, jacobians, norms, spans_as_case, split, state_sizes

pytestmark = pytest.mark.usefixtures("forked_frameworks")


def drawn(kind: str, hidden: int = 5, steps: int = 6) -> tuple[Any, dict[str, Any], Any]:
    rng = np.random.default_rng(0)
    cell = CELL_KINDS[kind](2, hidden)
    return cell, cell.init(rng), rng.standard_normal((steps, 2))


def test_a_simple_rnns_product_is_that_of_its_formula() -> None:
    cell, params, x = drawn("SimpleRNN")
    h, factors = np.zeros(5), []
    for one in x:
        h = np.tanh(one @ params["kernel"] + params["bias"] + h @ params["recurrent_kernel"])
        factors.append(np.diag(1 - h**2) @ params["recurrent_kernel"].T)
    found = jacobians(cell, params, x)
    assert found.shape == (7, 5, 5)
    product = np.eye(5)
    for t in range(6, -1, -1):
        off = np.abs(found[t] - product).max()
        assert off <= 1e-15, f"step {t}: off by {off}"
        product = product @ factors[t - 1]


def test_an_open_forget_gate_carries_the_cell_state_and_nothing_else_does() -> None:
    cell = ri.LSTM(2, 3)
    params = {name: np.zeros(shape) for name, shape in cell.parameter_shapes.items()}
    params["bias"][3:6] = 1000.0  # the forget gate's
    found = norms(jacobians(cell, params, np.ones((40, 2))), cell)
    assert found["c"].tolist() == [1.0] * 41
    assert found["h"].tolist() == [1.0] + [0.0] * 40


@pytest.mark.parametrize("kind", list(CELL_KINDS))
@pytest.mark.parametrize("t", [0, 2, 5])
def test_the_product_is_the_gradient_in_the_state_from_which_a_run_starts(kind: str, t: int) -> None:
    cell, params, x = drawn(kind)
    expected = expect(as_case(cell, params, x, t))
    for name, got in zip(cell.state_names, split(jacobians(cell, params, x)[t], state_sizes(cell)), strict=True):
        quantity = f"d_initial_state.{name}"
        found = compare(quantity, expected.values[quantity], expected.bounds[quantity], got)
        assert found.numbers, "nothing was compared"
        assert found.agrees, str(found)


@pytest.mark.parametrize("kind", list(CELL_KINDS))
def test_every_two_steps_are_asked_for_from_where_they_start(kind: str) -> None:
    cell, params, x = drawn(kind)
    case = spans_as_case(cell, params, x)
    rows, h = sum(state_sizes(cell)), expect(as_case(cell, params, x, 3)).values["outputs"]
    assert case.x.shape == (5 * rows, 2, 2)
    assert case.initial_state is not None
    got = ri.forward(cell, params, case.x, case.initial_state).outputs[3 * rows]
    assert np.abs(got - h[0, :2]).max() <= 1e-15


def test_trained_gates_carry_what_a_trained_simple_rnn_has_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    few = ("--steps", "12", "--hidden", "4", "--rows", "256", "--epochs", "3", "--folder", str(tmp_path))
    assert main(["job", "gates", *few]) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert "∂c_T/∂c_t" in said
    for framework in gates.FRAMEWORKS:
        assert framework in said, f"{framework} is neither compared nor said to be not run:\n{said}"
    assert not list(tmp_path.iterdir()), "a job that is done leaves nothing behind"
