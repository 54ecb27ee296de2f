"""In layers of real size, where no bound is finite, faint mutants are caught and a correct layer is not."""

from __future__ import annotations

import pytest

from conformance.contract import Observed
from conformance.judging.verdict import judge
from conformance.power.mutants import MUTANTS
from conformance.power.mutants.faint_faults import FaintMutant
from conformance.power.mutants.real_sizes import caught, main, sized_cases

SIZE = "32 units"
FAINT = {"float32": 1e-2, "bfloat16": 0.3}
SOME = ("InputAndForgetExchanged", "RecurrentKernelTransposed", "UpdateGateInverted", "ResetBefore")


@pytest.mark.parametrize("dtype", FAINT)
def test_a_correct_layer_passes_where_bounds_are_infinite(dtype: str) -> None:
    for one in sized_cases(SIZE, dtype):
        verdict = judge(one.expected, Observed(FaintMutant(SOME[0], 0.0, dtype).observe(one.case)))
        assert verdict.agrees, [str(each) for each in verdict.disagreements]
        assert verdict.numbers > 10_000, "hardly anything was compared"
        assert not any(each.undecided for each in verdict.comparisons)


@pytest.mark.parametrize("dtype", FAINT)
@pytest.mark.parametrize("name", SOME)
def test_a_faint_mutant_is_caught(name: str, dtype: str) -> None:
    assert caught(name, FAINT[dtype], SIZE, dtype) is True


def test_what_changes_nothing_there_does_not_apply() -> None:
    assert caught("MaskNotReversed", 1.0, SIZE, "float32") is None


def test_the_command_names_what_is_not_caught(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = "conformance.power.mutants.real_sizes.MUTANTS"
    monkeypatch.setattr(few, {name: MUTANTS[name] for name in (*SOME[:1], "MaskNotReversed")})
    assert main(["--weight", "1e-9"]) == 1
    assert "0 of 1 are caught, of 2 mutants; not: InputAndForgetExchanged" in capsys.readouterr().out
    assert main(["--weight", "1e-2"]) == 0
    assert "1 of 1 are caught, of 2 mutants; not: none" in capsys.readouterr().out
