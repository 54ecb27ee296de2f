"""An implementation with a known fault model is held to the oracle's answer to the case that the model computes."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np

from conformance.cases.oracle_run import run_oracle
from conformance.contract import Case
from conformance.judging.divergences import (
    Divergence,
    expected_with,
    run_and_judge,
    still_shows,
)
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
