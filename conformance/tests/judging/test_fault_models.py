"""An implementation with a known fault model is held to the oracle's answer to the case that the model computes."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np

import refimpl as ri
from conformance.cases.oracle_run import run_oracle
from conformance.contract import Case
from conformance.judging.divergences import Divergence, expected_with, run_and_judge, still_shows
from conformance.judging.divergences.fault_models import FAULT_MODELS
from conformance.judging.expected import expect

from ..support import example
from ..support.planted_divergences import Posing, divergence_entry
from ..support.planted_faults import Sound


def masked(policy: str) -> Case:
    """A case whose answer depends on what masked steps give."""
    case = example("LSTM")
    return case.replace(mask=np.array([[True, False, True, False], [True, True, False, True]]), masked_output=policy)


class Repeats(Posing):
    """Repeats outputs in masked steps, whatever was asked for."""

    def observe(self, case: Case) -> dict[str, Any]:
        values = run_oracle(case.replace(masked_output="repeat"))
        return {"outputs": values.outputs * (1 + self.off)}


def repeats(**changes: Any) -> Divergence:
    return divergence_entry(
        "computes", model="masked outputs repeated", minimal=masked("zeros"), families=(), **changes
    )


def test_another_model_is_taken_at_its_word(only: Any) -> None:
    only(repeats())
    verdict, applied = run_and_judge(Repeats("posing", {"framework": "2.1"}), masked("zeros"))
    assert (verdict.agrees, applied) == (True, ("an-entry",))
    assert still_shows(Repeats("posing", {"framework": "2.1"}), repeats())


def test_another_model_is_held_to_its_own_bounds(only: Any) -> None:
    only(repeats())
    slightly_off = Repeats("posing", {"framework": "2.1"}, off=1e-9)
    assert not run_and_judge(slightly_off, masked("zeros"))[0].agrees
    assert not still_shows(slightly_off, repeats())


def test_another_model_that_is_gone_is_a_disagreement(only: Any) -> None:
    only(repeats())
    right = SimpleNamespace(
        name="posing",
        versions={"framework": "2.1"},
        observe=lambda case: {"outputs": run_oracle(case).outputs},
    )
    assert not run_and_judge(right, masked("zeros"))[0].agrees
    assert not still_shows(right, repeats())


def test_models_are_applied_one_after_the_other() -> None:
    usual = masked("zeros")
    case = usual.replace(cell=dataclasses.replace(usual.cell, activation="sigmoid"))
    both = repeats(), divergence_entry("computes", model="activations ignored", families=())
    values = expected_with(Sound(), case, both).values
    plain = expected_with(Sound(), usual.replace(masked_output="repeat"), ()).values
    assert all((values[name] == plain[name]).all() for name in plain)


def test_a_layer_that_gives_its_outputs_in_another_order_is_held_to_that_order() -> None:
    case = example("LSTM").replace(reverse=True, output_order="processing")
    model = FAULT_MODELS["outputs in the order of the input"]
    asked, answered = (expect(each).values["outputs"] for each in (case, model(case)))
    assert np.array_equal(asked[:, ::-1], answered)


def answers(model: str, case: Case, by_hand: Case) -> bool:
    """Whether the model's outputs are those of the case that was written down by hand, and not of the one asked for."""
    due, found, asked = (expect(each).values["outputs"] for each in (by_hand, FAULT_MODELS[model](case), case))
    return bool(np.array_equal(due, found) and np.abs(found - asked).max() > 1e-3)


def test_peepholes_that_are_ignored_are_those_of_no_weight() -> None:
    cell = ri.LSTM(2, 3, peepholes=True)
    case = a_case(cell)
    without = {name: np.zeros_like(v) if "peephole" in name else v for name, v in case.params.items()}
    assert answers("peepholes ignored", case, case.replace(params=without))


def test_a_reverse_that_is_ignored_runs_forward() -> None:
    case = a_case(ri.GRU(2, 3)).replace(reverse=True)
    assert answers("run forward", case, case.replace(reverse=False))


def test_activations_of_the_forward_direction_are_those_of_both() -> None:
    forward, backward = ri.GRU(2, 3, activation="relu"), ri.GRU(2, 3, activation="sigmoid")
    case = a_case(ri.Stack((ri.Layer(forward=forward, backward=backward),)))
    alike = case.replace(cell=ri.Stack((ri.Layer(forward=forward, backward=forward),)))
    assert answers("activations of the forward direction in both", case, alike)


def test_other_activations_are_relu_and_those_that_are_known_stay() -> None:
    case = a_case(ri.LSTM(2, 3, activation="softsign", recurrent_activation="sigmoid", output_activation="tanh"))
    cell = dataclasses.replace(case.cell, activation="relu")
    assert answers("other activations are relu", case, case.replace(cell=cell))


def test_arguments_within_a_limit_are_clipped_to_it() -> None:
    case = a_case(ri.SimpleRNN(2, 3, activation="linear"))
    case = case.replace(x=case.x * 1000)
    assert answers("arguments within 14.6", case, case.replace(cell=dataclasses.replace(case.cell, clip=14.6)))


def test_a_product_that_is_reset_without_its_bias_is_so_by_the_equations() -> None:
    """``n = act(x W + b_x + b_h + r * (h U))``, step by step."""
    case = a_case(ri.GRU(2, 3, reset_after=False, use_recurrent_bias=True))
    params, hidden, found = case.params, 3, []
    h = np.zeros((len(case.x), hidden))
    for x in case.x.transpose(1, 0, 2):
        of_x = np.split(x @ params["kernel"] + params["bias"], 3, axis=1)
        of_h = np.split(h @ params["recurrent_kernel"], 3, axis=1)
        z, r = (1 / (1 + np.exp(-of_x[k] - of_h[k] - params["recurrent_bias"][k * hidden :][:hidden])) for k in (0, 1))
        h = z * h + (1 - z) * np.tanh(of_x[2] + params["recurrent_bias"][2 * hidden :] + r * of_h[2])
        found.append(h)
    answered = expect(FAULT_MODELS["product reset without its bias"](case)).values["outputs"]
    assert np.abs(answered - np.stack(found, axis=1)).max() < 1e-14
    assert np.abs(answered - expect(case).values["outputs"]).max() > 1e-3


def a_case(cell: Any) -> Case:
    """A case of the cell in float64, of two rows and four steps."""
    rng = np.random.default_rng(7)
    params = {name: rng.uniform(-1, 1, shape) for name, shape in cell.parameter_shapes.items()}
    return Case(cell, params, rng.uniform(-1, 1, (2, 4, 2)))


def test_subnormal_numbers_are_zero_and_the_entry_is_about_cases_that_have_one(only: Any) -> None:
    only(
        entry := divergence_entry(
            "computes", model="subnormal inputs are zero", families=(), subnormal=True, when=({"dtype": ("float32",)},)
        )
    )
    case = example("LSTM", "float32")
    assert not entry.applies_to(case)
    few = case.x.copy()
    few[0, 0, 0], few[1, 2, 1] = 1e-40, np.finfo(np.float32).smallest_normal
    small = case.replace(x=few, initial_state=(np.full((2, 5), -1e-40, np.float32), np.ones((2, 5), np.float32)))
    assert entry.applies_to(small)
    flushed = FAULT_MODELS["subnormal inputs are zero"](small)
    assert np.array_equal(flushed.x == 0, few == np.float32(1e-40))
    assert flushed.initial_state is not None
    assert [bool(part.any()) for part in flushed.initial_state] == [False, True]
