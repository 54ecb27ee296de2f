"""The printed coverage of sizes, numbers, losses and masks says what each class met, and what it did not."""

from __future__ import annotations

from typing import Any

from conformance.reporting.classes_tried import classes_met, in_words


def event(units: str, **options: str) -> dict[str, Any]:
    usual = {"kind": "LSTM", "direction": "forward", "dtype": "float64", "gradients": "True"}
    return {"classes": {"units": units}, "options": usual | options}


def test_a_class_met_each_cell_direction_and_precision_of_its_cases() -> None:
    events = [event("17"), event("17", kind="GRU", reset_after="False", direction="both"), {"options": {}}]
    assert classes_met(events) == {
        "units": {"17": ["LSTM", "forward", "float64", "gradients", "GRU (reset before)", "backward"]}
    }


def test_what_every_class_met_is_told_once() -> None:
    met = classes_met([event("16"), event("17")])["units"]
    assert in_words(met) == "16, 17: each with LSTM, forward, float64, gradients"


def test_what_some_have_not_met_is_told_by_name() -> None:
    met = classes_met([event("16"), event("17", gradients="False"), event("17", kind="SimpleRNN", gradients="False")])
    assert in_words(met["units"]) == (
        "16, 17: each with LSTM, forward, float64; not 16 with SimpleRNN; not 17 with gradients"
    )
