"""The numbers in `fixtures` are the correctly rounded ones: a random tenth is certified again in every run.

All of them: ``python -m conformance certify --check``.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.common.descriptions import first_cell
from conformance.truth import corpus

pytest.importorskip("flint", reason="python-flint is not installed: pip install python-flint")

from conformance.truth import corpus_certification, families
from conformance.truth.corpus_certification import certify_corpus, check_corpus
from conformance.truth.families.building import cell_factors, data_factors


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of two small families, in a folder of its own."""
    drafts = tuple(f for f in families.all_families() if f.name in ("hand_sized", "tiny"))
    monkeypatch.setattr(corpus_certification, "all_families", lambda: drafts)
    for name in ("schema.json", *(f"{family.name}.json" for family in drafts)):
        shutil.copy(corpus.directory() / name, tmp_path / name)
    corpus.write_manifest(tmp_path)
    return tmp_path


def test_a_random_tenth_of_the_corpus_is_certified_again(capsys: pytest.CaptureFixture[str]) -> None:
    seed = random.SystemRandom().randrange(10**6)
    report = check_corpus(fraction=0.1, seed=seed, jobs=1)
    with capsys.disabled():
        print(f" [seed {seed}: {report.cases} cases, {report.numbers} numbers, {report.proofs} gradients] ", end="")
    assert report.passed, f"seed {seed}:\n" + "\n".join(report.problems[:20])
    assert report.kinks == 0


def test_certifying_again_writes_the_same_bytes(few: Path) -> None:
    before = {path.name: path.read_bytes() for path in few.iterdir()}
    certify_corpus(few, jobs=1)
    assert {path.name: path.read_bytes() for path in few.iterdir()} == before


def test_two_processes_write_what_one_does(few: Path) -> None:
    before = {path.name: path.read_bytes() for path in few.iterdir()}
    certify_corpus(few, jobs=2)
    assert {path.name: path.read_bytes() for path in few.iterdir()} == before


def test_what_was_interrupted_goes_on_where_it_stopped(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in few.iterdir()}
    evaluated: list[str] = []
    right = corpus_certification._evaluate

    def stop_in_the_second_family(work: Any) -> Any:
        if len(evaluated) == 8:
            raise KeyboardInterrupt
        evaluated.append(work.id)
        return right(work)

    monkeypatch.setattr(corpus_certification, "_evaluate", stop_in_the_second_family)
    with pytest.raises(KeyboardInterrupt):
        certify_corpus(few, jobs=1)
    interrupted = {path.name: path.read_bytes() for path in few.iterdir() if path.is_file()}
    assert interrupted == before, "nothing is put in place before all is there"

    def counted(work: Any) -> Any:
        evaluated.append(work.id)
        return right(work)

    monkeypatch.setattr(corpus_certification, "_evaluate", counted)
    del evaluated[:]
    certify_corpus(few, jobs=1)
    assert len(evaluated) == 16, "the finished family is not evaluated again"
    assert {path.name: path.read_bytes() for path in few.iterdir()} == before


NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


def test_any_one_stored_digit_changed_makes_the_full_check_fail(few: Path) -> None:
    path = few / "tiny.json"
    original = path.read_text()
    start = original.index('"params"')
    digits = [k for k in range(start, len(original)) if original[k].isdigit()]
    rng = random.Random(0)
    for at in rng.sample(digits, 40):
        changed = str((int(original[at]) + rng.randint(1, 9)) % 10)
        path.write_text(original[:at] + changed + original[at + 1 :])
        assert not check_corpus(few, fraction=0, jobs=1).passed, "the checksum"
        try:
            corpus.write_manifest(few)
        except json.JSONDecodeError:
            continue  # a leading zero: no longer JSON
        report = check_corpus(few, jobs=1)
        assert not report.passed, f"character {at}: {original[at - 30 : at + 10]!r} with {changed} went unseen"
    path.write_text(original)
    corpus.write_manifest(few)
    assert check_corpus(few, jobs=1).passed


def test_the_last_digit_of_an_expected_value_changed_names_the_number(few: Path) -> None:
    family = corpus.read_family(few / "tiny.json")
    fixture = family.fixtures[3]
    fixture.expected["d_x"][1, 2, 0] = np.nextafter(fixture.expected["d_x"][1, 2, 0], np.inf)
    corpus.write(family, few)
    corpus.write_manifest(few)
    report = check_corpus(few, jobs=1)
    assert any(f"{fixture.id}: d_x[1, 2, 0]: stored" in problem for problem in report.problems), report.problems


def test_a_check_of_nothing_does_not_pass(few: Path) -> None:
    assert not check_corpus(few, fraction=0, jobs=1).passed


# --- what the corpus covers ---------------------------------------------------------------------------------------


def kind_of(fixture: corpus.Fixture) -> str:
    cell = fixture.case.cell
    if fixture.case.kind == "GRU":
        return "gru-after" if cell.reset_after else "gru-before"
    return {"SimpleRNN": "simple-rnn", "LSTM": "lstm"}[fixture.case.kind]


def choices(fixture: corpus.Fixture) -> dict[str, Any]:
    """The value that a stored case has for each factor, read from the case and not from what was meant."""
    case = fixture.case
    given = {"outputs"} if case.d_outputs is not None else set()
    given |= {name for name, d in zip(case.state_names, case.d_state or (), strict=False) if d is not None}
    found = {name: getattr(case.cell, name) for name in cell_factors(kind_of(fixture))}
    return found | {
        "initial": case.initial_state is not None,
        "cotangents": tuple(name for name in ("outputs", "h", "c") if name in given),
        "reverse": case.reverse,
        "masked_output": case.masked_output,
    }


@pytest.mark.parametrize("kind", ["simple-rnn", "lstm", "gru-after", "gru-before"])
@pytest.mark.parametrize(
    ("names", "extra"),
    [
        (("simple_rnn", "lstm", "gru_reset_after", "gru_reset_before"), {}),
        (("reverse",), {}),
        (("masked",), {"reverse": (False, True), "masked_output": ("repeat", "zeros")}),
        (("lengths",), {"reverse": (False, True)}),
    ],
    ids=["plain", "reverse", "masked", "lengths"],
)
def test_every_pair_of_options_is_covered(kind: str, names: tuple[str, ...], extra: dict[str, Any]) -> None:
    stored = [choices(f) for name in names for f in corpus.read(name) if kind_of(f) == kind]
    factors = {**cell_factors(kind), **data_factors(kind), **extra}
    for first in factors:
        for second in factors:
            for a in factors[first]:
                for b in factors[second]:
                    if first < second:
                        found = any(case[first] == a and case[second] == b for case in stored)
                        assert found, f"{kind}: no case with {first}={a} and {second}={b}"


def test_no_two_axes_of_a_case_are_of_one_size_and_no_array_repeats_a_magnitude() -> None:
    for name in corpus.families():
        if name == "hand_sized":
            continue
        for fixture in corpus.read(name):
            case = fixture.case
            batch, time, inputs = case.x.shape
            sizes = {batch, time, inputs, first_cell(case.cell).hidden_size}
            assert len(sizes) == 4 or (batch == 1 and time > 2), f"{name}/{fixture.id}: {sizes}"
            for key, array in {**case.params, "x": case.x}.items():
                assert len(np.unique(np.abs(array))) == array.size, f"{name}/{fixture.id}: {key}"


def test_subnormal_cases_expect_subnormal_numbers_and_chaotic_ones_lose_all_digits() -> None:
    for fixture in corpus.read("subnormal"):
        values = np.concatenate([value.ravel() for value in fixture.expected.values()])
        assert ((values != 0) & (np.abs(values) < np.finfo(float).tiny)).any(), fixture.id
    for fixture in corpus.read("chaotic"):
        assert np.abs(fixture.expected["d_initial_state.h"]).max() > 1e15, fixture.id
    for fixture in corpus.read("long"):
        assert fixture.case.x.shape[1] == 200, fixture.id
