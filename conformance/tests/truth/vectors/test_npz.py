"""The npz form has the whole corpus, and NumPy loads it without unpickling anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.truth import corpus
from conformance.truth.corpus.writing import encoded_case
from conformance.truth.vectors import export


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("npz") / "vectors"
    exported = export("npz", where)
    assert exported.written == exported.tried > 1000
    assert not exported.left_out
    return where


def loaded(path: Path) -> dict[str, Any]:
    """The entry of the corpus that the file was made of, from the file alone."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    entry: dict[str, Any] = json.loads(str(arrays.pop("case")))
    for name, array in arrays.items():
        what, _, part = name.partition(".")
        if part:
            entry.setdefault(what, {})[part] = array.tolist()
        else:
            entry[what] = array.tolist()
    return entry


@pytest.mark.parametrize("family", corpus.families())
def test_every_case_is_read_back_as_it_is_in_the_corpus(folder: Path, family: str) -> None:
    fixtures = corpus.read(family)
    assert fixtures
    for fixture in fixtures:
        expected = encoded_case(fixture)
        expected = {name: value for name, value in expected.items() if value is not None}
        found = loaded(folder / family / f"{fixture.id}.npz")
        for parts in (expected, found):  # a state's cotangent may be given for one part of the state alone
            parts["d_state"] = {k: v for k, v in (parts.get("d_state") or {}).items() if v is not None}
        assert found == expected, f"{family}/{fixture.id}"


def test_the_manifest_explains_the_flags(folder: Path) -> None:
    manifest = json.loads((folder / "vectors.json").read_text())
    assert manifest["form"] == "npz"
    assert manifest["written"] == manifest["tried"] == len(manifest["files"])
    for name in corpus.families():
        family = corpus.read_family(name)
        assert manifest["families"][name] == {"description": family.description, "flags": dict(family.flags)}
