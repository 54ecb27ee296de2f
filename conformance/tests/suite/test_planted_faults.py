"""Six planted faults, each of which must turn the suite red, and a sound implementation that must stay green."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, seed, settings

from conformance.cases.strategies import cases_of_space
from conformance.contract import Case, family_of
from conformance.judging.divergences import Disagreement
from conformance.suite.plan import CELL_VARIANTS, random_cases_of_each_pair
from conformance.suite.session import PROFILES, Session

from ..support import HERE, Running, script_in, start
from ..support import planted_faults as planted

# Each fault, the kind of cell that has it, and the only families or quantities in which it may show; "" is any.
FAULTS = [
    (planted.GatesSwapped, "LSTM", ""),
    (planted.KernelTransposed, "SimpleRNN", ""),
    (planted.BiasOutsideReset, "GRU-reset-after", ""),
    (planted.BiasGradientDropped, "LSTM", "d_params.recurrent_bias"),
    (planted.InitialStateIgnored, "GRU-reset-before", ""),
    (planted.CellCotangentLost, "LSTM", "gradients"),
]
each_fault = pytest.mark.parametrize(("fault", "kind", "shows_in"), FAULTS, ids=[f.name for f, _, _ in FAULTS])
_ELEMENT = re.compile(
    r"^  (\w[\w.]*)\[\d+(?:, \d+)*\]: expected (\S+), got (\S+), off by \S+, bound (\S+), ratio [^\s:]+"
    r"(?:: (?:wrong|improbable), .+)?$"
)


def checked(implementation: planted.Sound, kind: str, dtype: str) -> None:
    """What the quick profile draws for that kind and dtype, checked; the first failure as it comes, unshrunk."""
    session = Session(implementation, PROFILES["quick"])

    @seed(0)
    @settings(
        max_examples=random_cases_of_each_pair(session),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    @given(case=cases_of_space(session.space, **CELL_VARIANTS[kind], dtype=dtype))
    def check(case: Case) -> None:
        session.check("agreement", case)

    check()


@pytest.mark.parametrize("dtype", planted.Sound.dtypes)
@each_fault
def test_a_planted_fault_turns_the_check_red(fault: type[planted.Sound], kind: str, shows_in: str, dtype: str) -> None:
    with pytest.raises(Disagreement) as caught:
        checked(fault(), kind, dtype)
    message = str(caught.value)
    elements = [found.groups() for line in message.splitlines() if (found := _ELEMENT.match(line))]
    assert elements, f"no line with quantity, index, expected, got and bound:\n{message}"
    for quantity, expected, got, bound in elements:
        assert shows_in in ("", quantity, family_of(quantity)), f"{fault.name} shows in {quantity}:\n{message}"
        assert abs(float(expected) - float(got)) > float(bound), f"{quantity} is said to be wrong, but is not"


@each_fault
def test_the_message_names_the_implementation_the_case_and_a_script(
    fault: type[planted.Sound], kind: str, shows_in: str
) -> None:
    with pytest.raises(Disagreement) as caught:
        checked(fault(), kind, "float64")
    first, second, *_ = str(caught.value).splitlines()
    assert first == f"{fault.name} (planted 1.0) disagrees with the oracle"
    assert kind.split("-")[0] in second, f"the case's cell is not named: {second}"
    assert fault.__name__ in script_in(str(caught.value)), "the script does not call the faulty class"


@pytest.mark.parametrize("dtype", planted.Sound.dtypes)
@pytest.mark.parametrize("kind", CELL_VARIANTS)
def test_a_sound_implementation_in_the_same_style_stays_green(kind: str, dtype: str) -> None:
    checked(planted.Sound(), kind, dtype)


@pytest.mark.parametrize(("fault", "kind"), [(fault, kind) for fault, kind, _ in FAULTS[:3]])
def test_a_fault_of_one_cell_leaves_the_others_green(fault: type[planted.Sound], kind: str) -> None:
    checked(fault(), "GRU-reset-before" if kind != "SimpleRNN" else "LSTM", "float64")


@pytest.fixture(scope="module", autouse=True)
def commands() -> Iterator[dict[str, Running]]:
    """``python -m conformance run`` on a fault and on the sound one, which run while the other tests do."""
    where = HERE / "planted_faults.py"
    command = ("-m", "conformance", "run", "--implementation")
    processes = {name: start(*command, f"{where}:{name}") for name in ("KernelTransposed", "Sound")}
    yield processes
    for process in processes.values():
        process.end()


def test_the_command_says_which_number_a_planted_fault_got_wrong_and_exits_with_1(
    commands: dict[str, Running],
) -> None:
    status, said = commands["KernelTransposed"].ended()
    assert status == 1, said
    assert "DIVERGES" in said, said
    assert "kernel-transposed (planted 1.0) disagrees with the oracle" in said, said
    elements = [found.groups() for line in said.splitlines() if (found := _ELEMENT.match(line))]
    assert elements, f"no line with quantity, index, expected, got and bound:\n{said}"
    assert "hidden_size=2" in said, f"the case is not minimal: two units are needed and enough:\n{said}"
    assert "batch=1" in said, f"the case is not minimal: one row is enough:\n{said}"


def test_the_command_finds_nothing_wrong_with_a_sound_implementation_and_exits_with_0(
    commands: dict[str, Running],
) -> None:
    status, said = commands["Sound"].ended()
    assert status == 0, said
    assert "agrees" in said, said
