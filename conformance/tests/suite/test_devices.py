"""What is asked on a device alone: planted implementations that compute elsewhere, each with one fault or none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.cases.sizes import SIZES, build_case_of_size, can_have_any_size
from conformance.contract import Case, Quantities
from conformance.implementations.oracle.layers import Oracle
from conformance.judging.divergences import Disagreement
from conformance.suite.session import PROFILES, Session
from conformance.suite.test_devices import test_any_size_agrees_with_the_oracle_and_with_the_cpu as sizes
from conformance.suite.test_devices import test_the_device_agrees_with_the_cpu_and_with_itself as agrees
from conformance.suite.test_invariants import test_the_invariant_holds as invariant


class Elsewhere:
    """On its device the last bit of an output is another one."""

    name = "elsewhere"
    versions: Mapping[str, str] = {"planted": "1.0"}
    dtypes: Sequence[str] = ("float64",)
    cells: Sequence[Mapping[str, Any]] = ({"kind": "LSTM", "deterministic": (False, True)},)
    empty_batch = True

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        self.calls = 0

    def observe(self, case: Case) -> Quantities:
        self.calls += 1
        found = dict(Oracle().observe(case).values)
        return found if self.device == "cpu" else found | {"outputs": self.computed(case, found["outputs"])}

    def computed(self, case: Case, outputs: Any) -> Any:
        return outputs * (1 + 2.0**-52)


class WrongOnTheDevice(Elsewhere):
    """It is off by a thousand times what rounding may do."""

    def computed(self, case: Case, outputs: Any) -> Any:
        return outputs + 1e-12


class WrongOfManyRows(Elsewhere):
    """Rows past the 65,535th are not computed."""

    def computed(self, case: Case, outputs: Any) -> Any:
        return np.where(np.arange(len(outputs))[:, None, None] < 65535, outputs, 0)


class WrongOf33Units(Elsewhere):
    """The unit past a warp is forgotten."""

    def computed(self, case: Case, outputs: Any) -> Any:
        return np.where(np.arange(outputs.shape[2]) < 32, outputs, 0)


class NeverTheSame(Elsewhere):
    """Sums come in another order each time, whether determinism was asked for or not."""

    def computed(self, case: Case, outputs: Any) -> Any:
        return outputs * (1 + 2.0**-52 * (self.calls % 2))


class SameWhereAsked(NeverTheSame):
    """Sums come in another order each time, but for deterministic algorithms."""

    def computed(self, case: Case, outputs: Any) -> Any:
        return outputs if case.call_options["deterministic"] else super().computed(case, outputs)


def checking(made: Callable[[str], Elsewhere], record: Path | None = None) -> Session:
    return Session(made("cuda"), PROFILES["quick"], record)


def events(record: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in map(json.loads, record.read_text().splitlines()) if event["event"] == kind]


def test_another_order_of_summation_is_no_disagreement(tmp_path: Path) -> None:
    agrees(checking(Elsewhere, tmp_path / "record"), "LSTM", "float64")
    sizes(checking(Elsewhere, tmp_path / "record"), "1 row", "LSTM", "float64")
    compared = [event["families"].get("devices") for event in events(tmp_path / "record", "case")]
    assert any(found and found["numbers"] and 0 < found["worst"] < 1 for found in compared)
    assert all(event["alike"] for event in events(tmp_path / "record", "again"))


def test_a_device_that_is_off_is_seen_beside_the_cpu() -> None:
    with pytest.raises(Disagreement, match="device = CPU: outputs"):
        agrees(checking(WrongOnTheDevice), "LSTM", "float64")


@pytest.mark.parametrize(
    ("made", "size"), [(WrongOfManyRows, "65,537 rows"), (WrongOf33Units, "33 units")], ids=["rows", "units"]
)
def test_a_fault_past_a_size_is_seen_at_that_size_and_no_script_is_as_long_as_it(made: Any, size: str) -> None:
    sizes(checking(made), "1 row", "LSTM", "float64")
    with pytest.raises(Disagreement, match="outputs") as caught:
        sizes(checking(made), size, "LSTM", "float64")
    assert len(str(caught.value)) < 1_000_000
    assert ("no script is printed" in str(caught.value)) == (size == "65,537 rows")


def test_what_differs_in_bits_is_told_and_within_bounds_no_disagreement(tmp_path: Path) -> None:
    session = Session(SameWhereAsked("cuda"), PROFILES["thorough"], tmp_path / "record")
    agrees(session, "LSTM", "float64")
    invariant(session, "repeatable")
    told = {(event["what"], event["alike"]) for event in events(tmp_path / "record", "again")}
    assert ("LSTM float64, deterministic=False", False) in told
    assert ("LSTM float64, deterministic=True", True) in told
    assert ("LSTM float64, deterministic=True", False) not in told


@pytest.mark.parametrize(
    "check", [lambda session: agrees(session, "LSTM", "float64"), lambda session: invariant(session, "repeatable")]
)
def test_where_determinism_was_asked_for_other_bits_are_a_disagreement(check: Callable[[Session], None]) -> None:
    session = Session(NeverTheSame("cuda"), PROFILES["thorough"])  # of few cases none may ask for determinism
    with pytest.raises(Disagreement, match="deterministic=True"):
        check(session)


def test_on_the_cpu_other_bits_are_a_disagreement() -> None:
    class OnTheCpu(NeverTheSame):
        def observe(self, case: Case) -> Quantities:
            found = dict(super().observe(case))
            return found | {"outputs": self.computed(case, found["outputs"])}

    with pytest.raises(Disagreement, match="called twice"):
        invariant(Session(OnTheCpu(), PROFILES["quick"]), "repeatable")


def test_what_the_cpu_cannot_be_asked_is_not_run_there_and_says_so(tmp_path: Path) -> None:
    class OnlyElsewhere(Elsewhere):
        def __init__(self, device: str = "cpu") -> None:
            super().__init__(device)
            if device == "cpu":
                self.cells = ({"kind": "SimpleRNN"},)

    agrees(checking(OnlyElsewhere, tmp_path / "record"), "LSTM", "float64")
    assert events(tmp_path / "record", "not run")[0]["what"] == "devices LSTM float64, beside the CPU"
    assert events(tmp_path / "record", "again")


class ReadsGarbage(Elsewhere):
    """What stands in masked steps reaches the outputs, too little to be seen beside rounding."""

    cells = ({"kind": "LSTM", "mask": ("right",)},)

    def computed(self, case: Case, outputs: Any) -> Any:
        assert case.mask is not None
        return outputs * (1 + 2.0**-52 * (case.x[~case.mask].sum() > 0))


class ReadsGarbageAndIsNeverTheSame(ReadsGarbage):
    """The same, where it is one of many things that move the last bit."""

    def computed(self, case: Case, outputs: Any) -> Any:
        return super().computed(case, outputs) * (1 + 2.0**-52 * (self.calls % 2))


def test_garbage_that_is_read_is_seen_in_the_bits_where_these_are_the_same_again() -> None:
    with pytest.raises(Disagreement, match="other garbage in masked steps"):
        invariant(checking(ReadsGarbage), "garbage")
    invariant(checking(ReadsGarbageAndIsNeverTheSame), "garbage")


def test_what_has_no_such_cell_is_not_run_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception):
        agrees(checking(Elsewhere, tmp_path / "record"), "GRU-reset-after", "float64")
    assert events(tmp_path / "record", "not run")[0]["why"] == "elsewhere has no GRU-reset-after"


@pytest.mark.parametrize("size", SIZES)
def test_a_large_case_has_its_sizes_and_finite_bounds(size: str) -> None:
    session = checking(Elsewhere)
    combination = next(one for one in session.space.valid if can_have_any_size(one) and one["initial_state"])
    case = build_case_of_size(combination, size, 0)
    wanted = SIZES[size]
    assert (*case.x.shape, case.cell.hidden_size) == tuple(wanted[n] for n in ("batch", "time", "input", "hidden"))
    assert case.initial_state is not None
    assert all(np.isfinite(bound).all() for bound in session.bounds(case).values())
