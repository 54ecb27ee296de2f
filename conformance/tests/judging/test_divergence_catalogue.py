"""The catalogue of known divergences is in order: each entry fits its cells, its versions and its minimal case."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.cases.option_table import CELL_OPTIONS, cell_defaults
from conformance.contract import CELL_KINDS
from conformance.implementations.finding import BUILT_IN, FOLDER
from conformance.judging.divergences import Divergence, catalogue, divergences_of, known_divergences, still_shows
from conformance.suite.relations import always_diverges

from ..support.planted_divergences import Posing, divergence_entry

each_entry = pytest.mark.parametrize("entry", [e for e in known_divergences() if e.minimal], ids=lambda entry: entry.id)


def test_ids_are_unique() -> None:
    ids = [entry.id for entry in known_divergences()]
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


def test_an_entry_of_some_numbers_leaves_no_combination_of_options_out_of_a_run() -> None:
    entries = [one for one in known_divergences() if one.reaches or one.given or one.subnormal]
    assert {"reaches", "given", "subnormal"} == {
        name for name in ("reaches", "given", "subnormal") if any(getattr(one, name) for one in entries)
    }
    for entry in entries:
        session: Any = SimpleNamespace(known_divergences=[entry])
        assert entry.minimal is not None
        assert not always_diverges(session, entry.minimal.options, {entry.effect}), entry.id


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
    entry = divergence_entry("error")
    only(entry)
    assert divergences_of(Posing("posing", {"framework": version})) == ((entry,) if concerned else ())
    assert divergences_of(Posing("other", {"framework": version})) == ()
    assert divergences_of(Posing("posing", {"another": version})) == ()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that stands in for those with the entries: a copy of one of Keras's."""
    copy = tmp_path / "jax.toml"
    shutil.copy(FOLDER / "keras" / "divergences" / copy.name, copy)
    monkeypatch.setattr(catalogue, "files", lambda: [copy])
    known_divergences.cache_clear()
    yield copy
    known_divergences.cache_clear()


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
    assert len(known_divergences()) > 1, "as they are, the files are in order"
    known_divergences.cache_clear()
    files.write_text(files.read_text().replace(old, new, 1))
    message = f"{place}" if place else "two entries with one id in .*keras-jax-tanh-breaks-the-scan"
    with pytest.raises(ValueError, match=message):
        known_divergences()


def test_an_entry_concerns_the_devices_that_it_names() -> None:
    anywhere, on_a_gpu, on_the_cpu = (
        next(entry for entry in known_divergences() if entry.id == name)
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


def test_an_entry_of_large_numbers_says_nothing_of_small_ones() -> None:
    entry = next(one for one in known_divergences() if one.given)
    assert entry.minimal is not None
    small = entry.minimal.replace(x=entry.minimal.x / entry.given)
    assert abs(small.x).max() < entry.given
    assert entry.applies_to(entry.minimal)
    assert not entry.applies_to(small)
