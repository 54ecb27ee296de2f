"""Known divergences: the entries are in order, and each is held to exactly what it states."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conformance.cases.option_space import CELL_OPTIONS, cell_defaults
from conformance.cases.oracle_run import run_oracle
from conformance.contract import CELL_KINDS, Case
from conformance.implementations.finding import BUILT_IN, FOLDER
from conformance.judging.divergences import (
    Disagreement,
    Divergence,
    concerning,
    entries,
    examine,
    expected_of,
    known,
    still_shows,
)
from conformance.judging.divergences.effects import MODELS
from conformance.judging.truth import expect

from ..support import example
from ..support.planted_faults import Sound

each_entry = pytest.mark.parametrize("entry", [e for e in known() if e.minimal], ids=lambda entry: entry.id)


class Posing(Sound):
    """A sound implementation under another's name; ``off`` is added to its outputs relative to their size."""

    def __init__(self, name: str, versions: Mapping[str, str], off: float = 0.0, device: str = "cpu") -> None:
        self.name, self.versions, self.off, self.device = name, versions, off, device

    def observe(self, case: Case) -> dict[str, Any]:
        found = super().observe(case)
        return {**found, "outputs": found["outputs"] * (1 + self.off)}


def entry_of(effect: str, **changes: Any) -> Divergence:
    """An entry on LSTMs in float64 by the implementation ``posing``, from version 2.0 on and before 3."""
    entry = Divergence(
        id="an-entry",
        implementations=("posing",),
        versions={"framework": ">=2.0,<3"},
        when=({"kind": ("LSTM",), "dtype": ("float64",)},),
        effect=effect,
        summary="",
        violates="",
        reference="",
        minimal=example("LSTM"),
        message="not supported" if effect == "error" else "",
        precision="" if effect == "error" else "float32",
        families=() if effect == "error" else ("outputs",),
    )
    return dataclasses.replace(entry, **changes)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the given entries the only ones that are known."""
    return lambda *chosen: monkeypatch.setattr(entries, "known", lambda: chosen)


def test_ids_are_unique() -> None:
    ids = [entry.id for entry in known()]
    assert len(ids) == len(set(ids)), ids


@each_entry
def test_an_entry_concerns_a_built_in_implementation(entry: Divergence) -> None:
    assert set(entry.implementations) <= set(BUILT_IN), f"{entry.id}: {entry.implementations} of {list(BUILT_IN)}"


@each_entry
def test_an_entry_speaks_of_options_that_its_cells_have(entry: Divergence) -> None:
    for alternative in entry.when:
        for kind in alternative.get("kind", CELL_KINDS):
            foreign = {option.name for option in CELL_OPTIONS} - set(cell_defaults(kind))
            assert not set(alternative) & foreign, f"{entry.id}: {set(alternative) & foreign} of {kind} never holds"


@each_entry
def test_an_entry_applies_to_its_own_minimal_case(entry: Divergence) -> None:
    assert entry.minimal is not None
    assert entry.applies_to(entry.minimal), f"{entry.id}: {entry.minimal!r} is not among {entry.when}"


@each_entry
def test_an_entry_no_longer_shows_in_a_sound_implementation_of_that_name_and_version(entry: Divergence) -> None:
    lowest = {package: wanted.split(",")[0].removeprefix(">=") for package, wanted in entry.versions.items()}
    sound = Posing(entry.implementations[0], lowest, device=entry.devices[0])
    assert entry.concerns(sound), f"{entry.id}: expected a lower end first, got {entry.versions}"
    assert not still_shows(sound, entry), f"{entry.id} shows in the oracle itself"


@pytest.mark.parametrize(
    ("version", "concerned"),
    [("2.0", True), ("2.13.0+cpu", True), ("2.5.dev20260101", True), ("1.9", False), ("3.0", False), ("3.1", False)],
)
def test_an_entry_concerns_its_versions_and_no_others(version: str, concerned: bool, only: Any) -> None:
    entry = entry_of("error")
    only(entry)
    assert concerning(Posing("posing", {"framework": version})) == ((entry,) if concerned else ())
    assert concerning(Posing("other", {"framework": version})) == ()
    assert concerning(Posing("posing", {"another": version})) == ()


def test_outside_its_versions_a_case_is_held_to_its_own_bounds(only: Any) -> None:
    only(entry_of("lower precision"))
    verdict, applied = examine(Posing("posing", {"framework": "3.0"}, off=1e-9), example("LSTM"))
    assert applied == ()
    assert not verdict.agrees, "an error of 1e-9 in float64 went unseen"


@pytest.mark.parametrize(("off", "agrees"), [(1e-9, True), (1e-3, False)], ids=["in float32's", "beyond them"])
def test_lower_precision_is_held_to_the_bounds_of_that_precision(off: float, agrees: bool, only: Any) -> None:
    only(entry_of("lower precision"))
    verdict, applied = examine(Posing("posing", {"framework": "2.1"}, off), example("LSTM"))
    assert applied == ("an-entry",)
    assert verdict.agrees == agrees, [str(comparison) for comparison in verdict.comparisons]


@pytest.mark.parametrize("case", [example("GRU"), example("LSTM", "float32")], ids=["another cell", "another dtype"])
def test_an_entry_changes_nothing_for_cases_that_do_not_trigger_it(case: Case, only: Any) -> None:
    only(entry_of("lower precision"))
    assert examine(Posing("posing", {"framework": "2.1"}), case)[1] == ()


def raising(message: str) -> Any:
    """An implementation of the version concerned, whose every call raises."""

    def observe(case: Case) -> Any:
        raise RuntimeError(message)

    return SimpleNamespace(name="posing", versions={"framework": "2.1"}, observe=observe)


def test_a_known_error_is_taken_at_its_word(only: Any) -> None:
    only(entry_of("error"))
    verdict, applied = examine(raising("LSTM in float64 is not supported here"), example("LSTM"))
    assert (verdict.comparisons, applied) == ((), ("an-entry",))
    assert still_shows(raising("not supported"), entry_of("error"))


def test_another_error_than_the_known_one_is_a_disagreement(only: Any) -> None:
    only(entry_of("error"))
    with pytest.raises(Disagreement, match="raised RuntimeError: out of memory"):
        examine(raising("out of memory"), example("LSTM"))
    assert not still_shows(raising("out of memory"), entry_of("error"))


def test_a_known_error_that_is_no_longer_raised_is_gone_and_fails(only: Any) -> None:
    only(entry_of("error"))
    with pytest.raises(Disagreement, match="known divergence an-entry is gone: nothing was raised"):
        examine(Posing("posing", {"framework": "2.1"}), example("LSTM"))


def test_lower_precision_still_shows_where_the_minimal_case_leaves_its_own_bounds() -> None:
    entry = entry_of("lower precision")
    assert still_shows(Posing("posing", {"framework": "2.1"}, off=1e-9), entry)
    assert not still_shows(Posing("posing", {"framework": "2.1"}), entry)


def test_lower_precision_leaves_other_families_to_their_own_bounds(only: Any) -> None:
    only(entry_of("lower precision", families=("gradients",)))
    verdict, applied = examine(Posing("posing", {"framework": "2.1"}, off=1e-9), example("LSTM"))
    assert applied == ("an-entry",)
    assert [comparison.quantity for comparison in verdict.disagreements] == ["outputs"]


@pytest.mark.parametrize("answer", [{}, {"outputs": np.full((2, 4, 5), 99.0)}, {"outputs": np.full((2, 4, 5), np.nan)}])
def test_a_known_divergence_does_not_show_in_another_fault(answer: dict[str, Any]) -> None:
    other = SimpleNamespace(name="posing", versions={"framework": "2.1"}, observe=lambda case: answer)
    assert not still_shows(other, entry_of("lower precision"))


def test_a_known_divergence_does_not_excuse_an_answer_without_numbers(only: Any) -> None:
    only(entry_of("lower precision"))
    silent = SimpleNamespace(name="posing", versions={"framework": "2.1"}, observe=lambda case: {})
    with pytest.raises(Disagreement, match="nothing was compared"):
        examine(silent, example("LSTM"))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that stands in for those with the entries: a copy of one of Keras's."""
    copy = tmp_path / "divergences_jax.toml"
    shutil.copy(FOLDER / "keras" / copy.name, copy)
    monkeypatch.setattr(entries, "files", lambda: [copy])
    known.cache_clear()
    yield copy
    known.cache_clear()


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('effect = "error"', 'effect = "oddity"', r"\$\.divergence\[1\]\.effect: 'oddity' is not one of"),
        ('precision = "float32"', 'precision = "float8"', r"\$\.divergence\[0\]\.precision: 'float8'"),
        ('precision = "float32"', "", r"\$\.divergence\[0\]: 'precision' is a required property"),
        ("summary = ", "sumary = ", r"\$\.divergence\[0\]: .*'sumary' was unexpected"),
        ('kind = "LSTM"', 'kind = "Elman"', "cells: expected a kind out of .*, got 'Elman'"),
        ('effect = "lower precision"', 'effect = "computes"', r"\$\.divergence\[0\]: 'model' is a required property"),
        ("[[divergence]]", "[[divergence", r".*line \d+"),
        ('id = "keras-jax-tanh-in-float32"', 'id = "keras-jax-tanh-breaks-the-scan"', None),
    ],
    ids=["effect", "precision", "missing", "misspelt", "minimal case", "model", "syntax", "id"],
)
def test_an_entry_out_of_order_is_refused_by_file_and_place(old: str, new: str, place: str | None, files: Path) -> None:
    assert len(known()) > 1, "as they are, the files are in order"
    known.cache_clear()
    files.write_text(files.read_text().replace(old, new, 1))
    message = f"{place}" if place else "two entries with one id in .*keras-jax-tanh-breaks-the-scan"
    with pytest.raises(ValueError, match=message):
        known()


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
    return entry_of("computes", model="masked outputs repeated", minimal=masked("zeros"), families=(), **changes)


def test_another_model_is_taken_at_its_word(only: Any) -> None:
    only(repeats())
    verdict, applied = examine(Repeats("posing", {"framework": "2.1"}), masked("zeros"))
    assert (verdict.agrees, applied) == (True, ("an-entry",))
    assert still_shows(Repeats("posing", {"framework": "2.1"}), repeats())


def test_another_model_is_held_to_its_own_bounds(only: Any) -> None:
    only(repeats())
    slightly_off = Repeats("posing", {"framework": "2.1"}, off=1e-9)
    assert not examine(slightly_off, masked("zeros"))[0].agrees
    assert not still_shows(slightly_off, repeats())


def test_another_model_that_is_gone_is_a_disagreement(only: Any) -> None:
    only(repeats())
    right = SimpleNamespace(
        name="posing",
        versions={"framework": "2.1"},
        observe=lambda case: {"outputs": run_oracle(case).outputs},
    )
    assert not examine(right, masked("zeros"))[0].agrees
    assert not still_shows(right, repeats())


def test_models_are_applied_one_after_the_other() -> None:
    usual = masked("zeros")
    case = usual.replace(cell=dataclasses.replace(usual.cell, activation="sigmoid"))
    both = repeats(), entry_of("computes", model="activations ignored", families=())
    values = expected_of(Sound(), case, both).values
    plain = expected_of(Sound(), usual.replace(masked_output="repeat"), ()).values
    assert all((values[name] == plain[name]).all() for name in plain)


def test_what_is_known_to_be_missing_must_not_come(only: Any) -> None:
    entry = entry_of("missing", families=("state.c",))
    only(entry)
    with pytest.raises(Disagreement, match=r"known divergence an-entry is gone: state\.c came"):
        examine(Posing("posing", {"framework": "2.1"}), example("LSTM"))
    assert not still_shows(Posing("posing", {"framework": "2.1"}), entry)


def test_what_is_known_to_be_wrong_is_set_aside_and_all_else_is_held_to_its_bounds(only: Any) -> None:
    entry = entry_of("wrong", families=("outputs",))
    only(entry)
    off = Posing("posing", {"framework": "2.1"}, off=0.1)
    verdict, applied = examine(off, example("LSTM"))
    assert (verdict.agrees, applied) == (True, ("an-entry",))
    assert "outputs" in verdict.missing
    assert still_shows(off, entry)
    assert not still_shows(Posing("posing", {"framework": "2.1"}), entry)
    only(entry_of("wrong", families=("state.c",)))
    assert [found.quantity for found in examine(off, example("LSTM"))[0].disagreements] == ["outputs"]


def test_an_entry_concerns_the_devices_that_it_names() -> None:
    anywhere, on_a_gpu, on_the_cpu = (
        next(entry for entry in known() if entry.id == name)
        for name in (
            "keras-jax-tanh-in-float32",
            "keras-jax-cudnn-lstm-backwards-in-the-order-of-the-input",
            "torch-compiled-lstm-without-input-gradient-raises",
        )
    )
    keras: dict[str, Any] = {"name": "keras-jax", "versions": {"keras": "3.15.1", "jax": "0.10.2"}}
    compiled: dict[str, Any] = {"name": "torch-unrolled", "versions": {"torch": "2.13.0"}}
    for its, entry, where in (
        (keras, anywhere, ("cpu", "cuda")),
        (keras, on_a_gpu, ("cuda",)),
        (compiled, on_the_cpu, ("cpu",)),
    ):
        found = [device for device in ("cpu", "cuda") if entry.concerns(SimpleNamespace(**its, device=device))]
        assert found == list(where), entry.id
    assert anywhere.concerns(SimpleNamespace(**keras)), "without a device it is the CPU"


def test_a_layer_that_gives_its_outputs_in_another_order_is_held_to_that_order() -> None:
    case = example("LSTM").replace(reverse=True, output_order="processing")
    model = MODELS["outputs in the order of the input"]
    asked, answered = (expect(each).values["outputs"] for each in (case, model(case)))
    assert np.array_equal(asked[:, ::-1], answered)
