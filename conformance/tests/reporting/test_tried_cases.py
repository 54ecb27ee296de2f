"""The cases of a run are packed for JSON and unpacked without loss, and failing ones are kept in full."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.commands.main import main
from conformance.reporting.tried_cases import ComparedFamily, TriedCase, packed_cases, unpacked_cases
from conformance.running.run_records import RunRecordRefused, read_run_record
from conformance.suite.failing_cases import MOST_NUMBERS, failing_case
from conformance.tests.support import example, run_alone
from conformance.tests.support.planted_faults import Sound

SWAPPED = "conformance.tests.support.planted_faults:GatesSwapped"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The record of an implementation whose LSTM is wrong."""
    where = tmp_path_factory.mktemp("runs") / "swapped.json"
    assert main(["run", "--implementation", SWAPPED, "--device", "cpu", "--cases", "8", "--json", str(where)]) == 1
    found: dict[str, Any] = json.loads(where.read_text())
    return found


def event(options: dict[str, str], **more: Any) -> dict[str, Any]:
    found = {"numbers": 9, "worst": 0.5, "undecided": 0, "measured": 4, "squares": 1.0}
    return {"options": options, "families": {"outputs": found}, "known": [], **more}


def test_unpacked_cases_are_the_cases_that_were_packed() -> None:
    nothing = {"numbers": 0, "worst": math.inf, "undecided": 0}
    events = [
        event({"kind": "LSTM", "clip": "True"}),
        event({"kind": "GRU", "reset_after": "False"}, known=["a", "b", "c"]),
        event({"kind": "GRU", "clip": "a value, with: signs"}, families={"call": nothing}, known=["b"]),
        event({"kind": "LSTM"}, families={}),
    ]
    packed = json.loads(json.dumps(packed_cases(events), allow_nan=False))
    half = {"outputs": ComparedFamily(9, 0.5, 0.5)}
    assert list(unpacked_cases(packed)) == [
        TriedCase({"kind": "LSTM", "clip": "True"}, half),
        TriedCase({"kind": "GRU", "reset_after": "False"}, half, ("a", "b", "c")),
        TriedCase({"kind": "GRU", "clip": "a value, with: signs"}, {"call": ComparedFamily(0, math.inf)}, ("b",)),
        TriedCase({"kind": "LSTM"}),
    ]
    assert [case.fails for case in unpacked_cases(packed)] == [False, False, True, False]


def test_every_case_of_a_run_is_in_its_json(record: dict[str, Any]) -> None:
    (result,) = record["implementations"]
    cases = list(unpacked_cases(result["tried"]))
    compared = {name: sum(c.families[name].numbers for c in cases if name in c.families) for name in result["families"]}
    assert compared == {name: found["numbers"] for name, found in result["families"].items()}
    assert {case.options["kind"] for case in cases if case.fails} == {"LSTM"}
    for case in cases:
        for name, value in case.options.items():
            assert name == "gradients" or value in result["declared"][name], (name, value)


def test_a_failing_case_is_kept_in_full(record: dict[str, Any], tmp_path: Path) -> None:
    (result,) = record["implementations"]
    found = result["failing_cases"]
    assert {case["test"] for case in found} <= set(result["failures"])
    (of_condition,) = [case for case in found if "condition" in case and case["test"].startswith("test_enumeration.py")]
    assert "LSTM" in of_condition["condition"] or "recurrent_activation" in of_condition["condition"]
    for case in found:
        assert case["options"]["kind"] == "LSTM"
        assert case["quantities"]
        assert not case["raised"]
        for quantity in case["quantities"]:
            assert 0 < len(quantity["shown"]) <= min(MOST_NUMBERS, quantity["numbers"])
        index, expected, got, limit = max(case["quantities"][0]["shown"], key=lambda one: abs(one[2] - one[1]) / one[3])
        assert abs(got - expected) > limit, index
    assert run_alone(of_condition["script"], tmp_path).returncode != 0


class EndsOff(Sound):
    """The gradient of the recurrent kernel is off in its first element, and NaN in its last."""

    def observe(self, case: Any) -> dict[str, Any]:
        found = super().observe(case)
        off = found["d_params.recurrent_kernel"] = found["d_params.recurrent_kernel"].copy()
        off.flat[0] += 1.0
        off.flat[-1] = np.nan
        return found


def test_of_a_quantity_with_many_numbers_the_worst_are_shown_in_their_order() -> None:
    case = example("LSTM", use_recurrent_bias=True)
    found = failing_case(EndsOff(), case, (), ["a line"])
    first = found["quantities"][0]
    assert first["quantity"] == "d_params.recurrent_kernel"
    assert len(first["shown"]) == MOST_NUMBERS < first["numbers"] == case.params["recurrent_kernel"].size
    rows, columns = first["shape"]
    assert first["shown"][0][0] == [0, 0]
    assert first["shown"][-1][0] == [rows - 1, columns - 1]
    assert first["shown"][-1][2] == "nan"
    json.dumps(found, allow_nan=False)


class Raises(Sound):
    """Answers nothing."""

    def observe(self, case: Any) -> dict[str, Any]:
        raise RuntimeError("no such kernel")


def test_of_a_case_that_raises_the_error_is_kept() -> None:
    found = failing_case(Raises(), example("GRU"), (), [])
    assert (found["raised"], found["quantities"]) == ("RuntimeError: no such kernel", [])


def test_a_record_whose_cases_are_no_such_lines_is_refused(record: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record))
    read_run_record(path)
    record["implementations"][0]["tried"]["cases"][0] = "<script>"
    path.write_text(json.dumps(record))
    with pytest.raises(RunRecordRefused, match=r"tried\.cases"):
        read_run_record(path)
