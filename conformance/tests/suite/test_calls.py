"""A call of an implementation: it gets a copy of the case, and keeps its settings of the process as we keep ours."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.cases.asking import InputChanged, observe
from conformance.common.calling import Calls, Settings
from conformance.common.protection import changed_fields, plain_arrays, private_copy, private_fields
from conformance.common.tracebacks import raised
from conformance.contract import Case
from conformance.judging.divergences import Disagreement, run_and_judge
from conformance.suite.session import PROFILES, Session
from refimpl import SimpleRNN

from ..support import example
from ..support.planted_failures import Small

GRID = np.arange(24.0).reshape(4, 6)
LAYOUTS = [
    GRID,
    GRID.T,
    GRID[:, ::2],
    GRID[::-1, ::-2],
    GRID[1:3, 1:4],
    GRID[:, :0],
    np.asfortranarray(GRID),
]


@pytest.mark.parametrize("array", LAYOUTS, ids=[f"{a.shape}-{a.strides}" for a in LAYOUTS])
def test_a_private_copy_has_the_same_numbers_in_the_same_layout_elsewhere(array: Any) -> None:
    copy = private_copy(array)
    assert np.array_equal(copy, array)
    assert (copy.dtype, copy.flags.c_contiguous, copy.flags.f_contiguous) == (
        array.dtype,
        array.flags.c_contiguous,
        array.flags.f_contiguous,
    )
    assert array.size < 2 or array.flags.forc or copy.strides == array.strides
    assert not np.shares_memory(copy, array)
    assert copy.flags.writeable


PARTS: dict[str, Callable[[Case], Any]] = {
    "params.kernel": lambda case: case.params["kernel"],
    "x": lambda case: case.x,
    "initial_state[0]": lambda case: (case.initial_state or ())[0],
    "d_outputs": lambda case: case.d_outputs,
    "d_state[0]": lambda case: (case.d_state or ())[0],
}


@pytest.mark.parametrize("part", PARTS)
def test_a_call_that_changes_one_number_of_the_case_is_a_failure_and_the_case_stays(part: str) -> None:
    class Changes(Small):
        def observe(self, case: Case) -> dict[str, Any]:
            found = super().observe(case)
            PARTS[part](case).flat[-1] = 0.5
            return found

    case, before = example("SimpleRNN"), private_fields(example("SimpleRNN"))
    with pytest.raises(InputChanged, match="the call changed " + part.replace("[", r"\[")):
        observe(Changes(), case)
    assert not changed_fields(case, before)
    with pytest.raises(Disagreement, match="a case must be left as it is"):
        run_and_judge(Changes(), case)


def test_a_call_that_changes_its_frozen_cell_is_a_failure_and_ours_stays() -> None:
    class Changes(Small):
        def observe(self, case: Case) -> dict[str, Any]:
            object.__setattr__(case.cell, "activation", "linear")
            return super().observe(case)

    case = example("SimpleRNN")
    with pytest.raises(InputChanged, match="the call changed cell: a case must be left as it is"):
        observe(Changes(), case)
    assert case.cell.activation == "tanh"


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        (lambda case: None, r"prepare\(case\) returned a NoneType, and no case"),
        (lambda case: case.replace(x=case.x * 2), r"prepare\(case\) changed x, and may change dropout alone"),
        (lambda case: case.replace(cell=SimpleRNN(3, 5, "linear")), r"prepare\(case\) changed cell,"),
    ],
    ids=["nothing", "another input", "another cell"],
)
def test_what_prepare_may_not_do_is_told(prepare: Any, complaint: str) -> None:
    plug_in = Small()
    plug_in.prepare = prepare  # type: ignore[attr-defined]
    with pytest.raises(Disagreement, match=complaint):
        Session(plug_in, PROFILES["quick"]).prepared(example("SimpleRNN"))


def test_an_answer_that_is_overwritten_later_is_kept_as_it_came() -> None:
    class Reuses(Small):
        buffer = np.zeros((2, 4, 5))

        def observe(self, case: Case) -> dict[str, Any]:
            self.buffer[...] = super().observe(case)["outputs"]
            return {"outputs": self.buffer}

    implementation, case = Reuses(), example("SimpleRNN")
    first = observe(implementation, case).values["outputs"]
    observe(implementation, case.replace(x=-case.x))
    assert np.array_equal(first, Small().observe(case)["outputs"])


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (None, "expected a mapping of quantities' names to arrays, got NoneType"),
        ([1.0], "got list"),
        ({3: GRID}, "expected names of quantities, got a int among them"),
        ({"outputs": np.ma.masked_equal(GRID, 3.0)}, "outputs: expected numbers, got a masked array"),
    ],
)
def test_what_is_no_answer_is_told(answer: Any, complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint.replace("(", r"\(")):
        plain_arrays(answer)


def test_settings_that_a_call_makes_are_its_own_and_come_back_in_the_next(tmp_path: Path) -> None:
    calls, ours, folder = Calls(), Settings.now(), tmp_path / "gone"
    folder.mkdir()
    with calls.around("a call"):
        np.seterr(all="raise")
        warnings.simplefilter("error")
        sys.setrecursionlimit(ours.recursion + 7)
        os.chdir(tmp_path)
    assert Settings.now() == ours
    assert np.exp(np.float64(-1e9)) == 0, "our own computing is under our settings"
    with calls.around("the next"):
        assert (np.geterr()["divide"], sys.getrecursionlimit()) == ("raise", ours.recursion + 7)
        assert Path.cwd() == tmp_path
        with pytest.raises(UserWarning):
            warnings.warn("told", stacklevel=1)
        os.chdir(folder)
        folder.rmdir()
    assert Settings.now() == ours


@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit(), pytest.skip.Exception("skipped"), BaseException()])
def test_what_would_end_a_test_or_a_process_is_an_error_of_the_call(error: BaseException) -> None:
    with pytest.raises(RuntimeError, match=type(error).__name__), Calls().around("a call"):
        raise error


def test_what_is_raised_is_told_with_the_authors_own_lines_and_no_others() -> None:
    class Inner(Small):
        def observe(self, case: Case) -> dict[str, Any]:
            return {"outputs": np.linalg.inv(case.x[0])}

    with pytest.raises(Disagreement) as caught:
        run_and_judge(Inner(), example("SimpleRNN"))
    places = [line for line in str(caught.value).splitlines() if line.startswith("  at ")]
    assert "raised LinAlgError" in str(caught.value)
    assert [place.partition(": ")[2] for place in places] == ['return {"outputs": np.linalg.inv(case.x[0])}']
    assert len(raised(ValueError("line\n" * 1000))) < 200
