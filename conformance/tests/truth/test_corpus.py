"""A file of the corpus is used only when all of it is in order."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.truth import corpus

FAMILY = "hand_sized"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of one family, with what it takes to read it."""
    for name in ("manifest.json", "schema.json", f"{FAMILY}.json"):
        shutil.copy(corpus.directory() / name, tmp_path / name)
    return tmp_path / f"{FAMILY}.json"


def refusal(path: Path) -> str:
    with pytest.raises(corpus.FixtureRefused) as caught:
        corpus.read(path)
    assert str(path.parent) in str(caught.value), "a refusal names the file"
    return caught.value.reason


def change(path: Path, how: Callable[[Any], object]) -> None:
    """Changes the document and gives it a manifest that agrees, so that the checksum is not what refuses it."""
    document = json.loads(path.read_text())
    how(document)
    path.write_text(json.dumps(document))
    corpus.write_manifest(path.parent)


def test_every_family_can_be_read_and_every_case_has_an_id_of_its_own() -> None:
    families = [corpus.read_family(family) for family in corpus.families()]
    ids = [(family.name, fixture.id) for family in families for fixture in family.fixtures]
    assert len(set(ids)) == len(ids)
    assert len(ids) >= 300


def test_the_corpus_is_smaller_than_15_megabytes() -> None:
    assert sum(path.stat().st_size for path in corpus.directory().iterdir()) < 15e6


def test_a_flipped_bit_is_refused(copy: Path) -> None:
    content = copy.read_bytes()
    rng = random.Random(0)
    for bit in [0, 8 * len(content) - 1, *(rng.randrange(8 * len(content)) for _ in range(200))]:
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        copy.write_bytes(flipped)
        assert "wrong checksum" in refusal(copy), f"bit {bit}"
    copy.write_bytes(content)
    assert corpus.read(copy), "what is in order is read"


def test_a_flipped_bit_in_the_schema_is_refused(copy: Path) -> None:
    schema = copy.parent / "schema.json"
    content = bytearray(schema.read_bytes())
    content[len(content) // 2] ^= 1
    schema.write_bytes(content)
    assert "wrong checksum" in refusal(copy)


def test_a_truncated_file_is_refused(copy: Path) -> None:
    content = copy.read_bytes()
    for length in (0, 1, len(content) // 2, len(content) - 1):
        copy.write_bytes(content[:length])
        assert "wrong checksum" in refusal(copy), f"{length} bytes"


def test_a_truncated_manifest_is_refused(copy: Path) -> None:
    manifest = copy.parent / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:100])
    assert "not valid JSON" in refusal(copy)


def test_a_file_that_the_manifest_does_not_list_is_refused(copy: Path) -> None:
    other = copy.rename(copy.parent / "other.json")
    assert "is not listed" in refusal(other)


def test_a_missing_file_is_refused(copy: Path) -> None:
    copy.unlink()
    assert "cannot be read" in refusal(copy)


def test_an_absurd_size_is_refused_before_parsing(copy: Path) -> None:
    copy.write_bytes(b"[" * (corpus.MAX_BYTES + 1))
    assert "absurd size" in refusal(copy)


def test_absurd_nesting_is_refused(copy: Path) -> None:
    manifest = json.loads((copy.parent / "manifest.json").read_text())
    content = b"[" * 200_000
    manifest["files"][copy.name]["sha256"] = hashlib.sha256(content).hexdigest()
    (copy.parent / "manifest.json").write_text(json.dumps(manifest))
    copy.write_bytes(content)
    assert "not valid JSON" in refusal(copy)


@pytest.mark.parametrize("version", [0, 2, "1", 1.5, None, True])
def test_another_format_version_is_refused(copy: Path, version: object) -> None:
    change(copy, lambda document: document.update(format=version))
    assert "format version" in refusal(copy)


@pytest.mark.parametrize("entry", ["abc", 3, None, [1], {"sha256": 3}, {"sha256": "", "bytes": "many"}])
def test_a_manifest_with_an_entry_that_is_none_is_refused(copy: Path, entry: object) -> None:
    path = copy.parent / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["other.json"] = entry
    path.write_text(json.dumps(manifest))
    assert "expected files, each with its sha256" in refusal(copy)


def test_a_manifest_of_another_version_is_refused(copy: Path) -> None:
    manifest = copy.parent / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 2'))
    assert "format version" in refusal(copy)


CHANGES: dict[str, tuple[str, Callable[[Any], object]]] = {
    "an unknown key": ("schema", lambda case: case.update(extra=1)),
    "a missing key": ("schema", lambda case: case.pop("note")),
    "an unknown activation": ("schema", lambda case: case["cell"].update(activation="softish")),
    "an unknown cell": ("schema", lambda case: case["cell"].update(kind="MGU")),
    "text for a number": ("schema", lambda case: case["x"][0][0].__setitem__(0, "1")),
    "true for a number": ("schema", lambda case: case["x"][0][0].__setitem__(0, True)),
    "an absurd hidden size": ("schema", lambda case: case["cell"].update(hidden_size=10**9)),
    "an unexplained flag": ("not explained", lambda case: case["flags"].append("unheard-of")),
    "another hidden size": ("shape", lambda case: case["cell"].update(hidden_size=2)),
    "a ragged array": ("inhomogeneous", lambda case: case["x"][0][0].append(1.0)),
    "a missing step": ("shape", lambda case: case["expected"]["outputs"][0].pop()),
    "a missing quantity": ("expected exactly", lambda case: case["expected"].pop("d_x")),
    "a parameter too many": ("expected exactly", lambda case: case["params"].update(recurrent_bias=[0.0] * 3)),
    "a length out of range": ("lengths", lambda case: case.update(lengths=[99])),
    "a mask and lengths": ("mask", lambda case: case.update(lengths=[1], mask=[[True] * 3])),
    "a huge number": ("too large", lambda case: case["x"][0][0].__setitem__(0, 10**400)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_document_out_of_order_is_refused(copy: Path, what: str) -> None:
    reason, how = CHANGES[what]
    change(copy, lambda document: how(document["cases"][0]))
    assert reason in refusal(copy)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_not_finite_are_refused(copy: Path, literal: str) -> None:
    text = copy.read_text().replace("48.0", literal)
    copy.write_text(text)
    corpus.write_manifest(copy.parent)
    assert "non-finite" in refusal(copy)


def test_two_cases_of_one_id_are_refused(copy: Path) -> None:
    change(copy, lambda document: document["cases"].append(document["cases"][0]))
    assert "duplicate id" in refusal(copy)


def test_a_key_that_stands_twice_is_refused(copy: Path) -> None:
    copy.write_text(copy.read_text().replace('"exact": true', '"exact": false,\n      "exact": true', 1))
    corpus.write_manifest(copy.parent)
    assert "a key stands twice" in refusal(copy)


def test_what_is_written_reads_back_the_same_to_the_bit(tmp_path: Path, copy: Path) -> None:
    family = corpus.read_family(copy)
    assert corpus.encoded_family(family) == copy.read_text()


@pytest.mark.parametrize("value", [0.1, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1 / 3])
def test_floats_survive_the_round_trip_to_the_bit(copy: Path, value: float) -> None:
    family = corpus.read_family(copy)
    fixture = family.fixtures[0]
    changed = replace(fixture, case=fixture.case.replace(x=np.full_like(fixture.case.x, value)))
    corpus.write(corpus.Family(FAMILY, "changed", {}, (changed,)), copy.parent)
    corpus.write_manifest(copy.parent)
    (found,) = corpus.read(copy)
    assert found.case.x.tobytes() == changed.case.x.tobytes()


def test_an_interrupted_write_leaves_the_old_file(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = copy.read_bytes()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        corpus.write(corpus.Family(FAMILY, "new", {}, corpus.read_family(copy).fixtures), copy.parent)
    assert copy.read_bytes() == before
    assert not list(copy.parent.glob(".*")), "nothing is left behind"
