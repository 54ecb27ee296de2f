"""The release in which a verdict changed: the search, the question, and the command with a planted change."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from conformance.commands.main import main
from conformance.implementations.oracle.layers import Oracle
from conformance.judging.divergences import known_divergences
from conformance.upgrades.bisecting.questions import question_of_case_file, question_of_divergence
from conformance.upgrades.bisecting.search import Unusable, Verdict, first_change
from conformance.upgrades.bisecting.worker import verdict_of_implementation, verdict_of_script

from ..support import HERE, start
from ..support.planted_failures import Raises, Silent, Small

RELEASES = [f"1.{minor}" for minor in range(20)]
PLANTED = f"{HERE / 'planted_releases.py'}:Released"
CASE = f"""
implementation = "{PLANTED}"
options = {{ kind = "SimpleRNN", dtype = "float64", initial_state = true }}
sizes = {{ hidden = 3, time = 2 }}
"""


class Planted:
    """Verdicts that change at one release; of the unusable ones there is none. Counts what it is asked."""

    def __init__(self, changed: int, unusable: tuple[int, ...] = ()) -> None:
        self.changed, self.unusable, self.asked = changed, unusable, list[str]()

    def __call__(self, release: str) -> Verdict | Unusable:
        self.asked.append(release)
        place = RELEASES.index(release)
        if place in self.unusable:
            return Unusable("has no wheel")
        return Verdict("disagrees", str(place)) if place >= self.changed else Verdict("agrees")


@pytest.mark.parametrize("changed", range(1, len(RELEASES)))
def test_the_first_release_with_another_verdict_is_found_in_few_steps(changed: int) -> None:
    judge = Planted(changed)
    found = first_change(RELEASES, judge)
    assert (found.before, found.after) == (RELEASES[changed - 1], RELEASES[changed])
    assert len(judge.asked) == len(set(judge.asked)) <= 2 + 5, judge.asked


def test_unusable_releases_are_passed_over_and_those_before_the_change_are_named() -> None:
    found = first_change(RELEASES, Planted(10, unusable=(3, 8, 9, 10, 11, 15)))
    assert (found.before, found.after) == ("1.7", "1.12")
    assert found.unusable == ("1.8", "1.9", "1.10", "1.11")


def test_where_both_ends_have_one_verdict_nothing_is_looked_for() -> None:
    judge = Planted(len(RELEASES))
    assert not first_change(RELEASES, judge).verdict_changed
    assert judge.asked == [RELEASES[0], RELEASES[-1]]


@pytest.mark.parametrize("end", [0, len(RELEASES) - 1])
def test_an_end_that_cannot_be_judged_is_an_error(end: int) -> None:
    with pytest.raises(ValueError, match=r"one of the two ends: has no wheel"):
        first_change(RELEASES, Planted(3, unusable=(end,)))


def test_a_third_verdict_in_between_is_another_than_the_oldest() -> None:
    words = {"1.0": "agrees", "1.1": "raises ValueError", "1.2": "disagrees"}
    found = first_change(["1.0", "1.1", "1.2"], lambda release: Verdict(words[release]))
    assert (found.after, found.verdicts[1].word) == ("1.1", "raises ValueError")


def test_what_an_implementation_makes_of_a_case_is_a_verdict(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(CASE.replace("time = 2", "time = 10"))
    case = question_of_case_file(path).subject
    assert not hasattr(case, "id")
    made: Any = case
    assert verdict_of_implementation(Oracle(), made).word == "agrees"
    assert verdict_of_implementation(Raises(), made) == Verdict("raises RuntimeError", "ten steps are too many")
    assert verdict_of_implementation(Silent(), made).word == "answers nothing that can be compared"

    class Off(Small):
        def observe(self, case: Any) -> dict[str, Any]:
            return {"outputs": super().observe(case)["outputs"] + 1e-9}

    verdict = verdict_of_implementation(Off(), made)
    assert verdict.word == "disagrees"
    assert verdict.detail.startswith("outputs["), verdict.detail


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("raise SystemExit(1)", "shows"),
        ("raise SystemExit('it diverges')", "shows"),
        ("raise SystemExit(0)", "does not show"),
        ("print('all is well')", "does not show"),
        ("raise SystemExit(3)", "exits with 3"),
        ("1 / 0", "raises ZeroDivisionError"),
    ],
)
def test_a_script_shows_its_divergence_by_its_exit_status_alone(script: str, word: str, tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(script)
    assert verdict_of_script(path).word == word


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        (("implementation =", "implementaton ="), "implementaton"),
        ((PLANTED, "keras-torhc"), "expected one of iree"),
        (("SimpleRNN", "RNN"), "expected a kind out of"),
        (("{ hidden = 3", "{ hiden = 3"), "hiden"),
        (("dtype =", "dtyp ="), "'dtype' is a required property"),
        (('"float64"', '"float63"'), "float63"),
        (("options = {", "options = "), "Invalid value"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_a_file_that_is_no_case_is_refused(
    changed: tuple[str, str], complaint: str, tmp_path: Path, capsys: Any, fake: Path
) -> None:
    path = tmp_path / "case.toml"
    path.write_text(CASE.replace(*changed))
    with pytest.raises(SystemExit) as ended:
        main(["bisect", "keras", "3.3.3", "3.15.1", "--case", str(path)])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert complaint in said, said
    assert str(path) in said, said
    assert not (fake / "calls").exists(), "work was begun"


def test_a_divergence_is_asked_of_an_implementation_of_the_package() -> None:
    entry = next(entry for entry in known_divergences() if entry.implementations[0].startswith("keras-torch"))
    assert question_of_divergence(entry.id, "keras").implementation == entry.implementations[0]
    with pytest.raises(ValueError, match="not of what onnxruntime is part of"):
        question_of_divergence(entry.id, "onnxruntime")
    with pytest.raises(ValueError, match="no known divergence"):
        question_of_divergence("no-such-entry", "keras")


@pytest.fixture
def case(tmp_path: Path, fake: Path) -> str:
    path = tmp_path / "case.toml"
    path.write_text(CASE)
    return str(path)


def test_bisect_finds_the_release_and_tells_each_step(case: str, capsys: Any) -> None:
    assert main(["bisect", "keras", "3.3.3", "3.15.0", "--case", case]) == 0
    said = capsys.readouterr().out
    assert "first release with another verdict: keras 3.12.0 (before, in 3.9.2: agrees; after: disagrees)" in said
    assert "keras 3.15.0: disagrees: outputs[" in said, said
    assert "3 releases between" in said, said
    assert "companion packages changed" not in said, said


def test_bisect_tells_where_nothing_changed(case: str, capsys: Any) -> None:
    assert main(["bisect", "keras", "3.3.3", "3.9.2", "--case", case]) == 1
    assert "no other verdict: 3.3.3 and 3.9.2 both agrees" in capsys.readouterr().out


def test_a_release_that_cannot_be_imported_is_left_out(case: str, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("CANNOT_BE_IMPORTED", "3.12.0")
    assert main(["bisect", "keras", "3.3.3", "3.15.1", "--case", case]) == 0
    said = capsys.readouterr().out
    assert "keras 3.12.0: left out: " in said, said
    assert "AttributeError: numpy has no attribute 'bool'" in said, said
    assert "it may have changed before: 3.12.0 could not be tried" in said, said
    assert "first release with another verdict: keras 3.15.0" in said, said


def test_a_release_that_ends_its_process_has_another_verdict(case: str, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("ENDS_ITS_PROCESS", "3.9.2")
    assert main(["bisect", "keras", "3.3.3", "3.15.1", "--case", case]) == 0
    assert "keras 3.9.2 (before, in 3.9.1: agrees; after: its process ends with status 86)" in capsys.readouterr().out


def test_an_option_that_the_implementation_does_not_have_is_told(case: str, capsys: Any) -> None:
    Path(case).write_text(CASE.replace("initial_state", "unrol = true, initial_state"))
    assert main(["bisect", "keras", "3.3.3", "3.15.1", "--case", case]) == 2
    assert "has no option unrol in this release" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("ends", "complaint"),
    [
        (("3.9.2", "3.3.3"), "expected the older release first"),
        (("3.9.3", "3.15.1"), "3.9.3 cannot be judged, and is one of the two ends: cannot be installed"),
        (("2.14.0", "3.15.1"), "releases from 2.15 on are known"),
    ],
)
def test_ends_that_cannot_be_are_told_with_2(ends: tuple[str, str], complaint: str, case: str, capsys: Any) -> None:
    assert main(["bisect", "keras", *ends, "--case", case]) == 2
    assert complaint in capsys.readouterr().out


def test_an_interrupted_bisect_leaves_no_process(case: str, fake: Path) -> None:
    (fake / "slow").touch()
    command = ("-m", "conformance", "bisect", "keras", "3.3.3", "3.15.1", "--case", case)
    running = start(*command, PYTHONPATH=os.environ["PYTHONPATH"])
    try:
        limit = time.monotonic() + 60
        while not (fake / "calls").exists() or "pip install" not in (fake / "calls").read_text():
            assert time.monotonic() < limit, "it did not begin"
            time.sleep(0.05)
        os.kill(running.process.pid, signal.SIGTERM)
        status, said = running.ended()
    finally:
        running.end()
    assert (status, "interrupted: nothing was found" in said) == (130, True), said
    with pytest.raises(ProcessLookupError):
        os.killpg(running.process.pid, 0)
