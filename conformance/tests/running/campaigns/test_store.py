"""Results of chunks: what their identity follows from, and that a file that is not as it was written is noticed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conformance.running.campaigns.chunks import Chunk, digest_of, of_part
from conformance.running.campaigns.environment import environment_differences, environment_here, most_common
from conformance.running.campaigns.report import as_json, disagreeing, done_anywhere, state_of, states
from conformance.running.campaigns.store import Damaged, Store

from ...support import python
from ...support.planted_work import SCHEMA, campaign, raises, squared

HERE = {"numpy": "2.4.6", "packages": {"torch": "2.13.0"}}
THERE = {"numpy": "2.3.5", "packages": {"torch": "2.13.0"}}
CHUNK = Chunk(squared, {"number": 3, "calls": ""}, 1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, SCHEMA)


def test_an_identity_follows_from_the_work_its_parameters_and_the_environment() -> None:
    swapped = Chunk(squared, {"calls": "", "number": 3}, 1)
    assert swapped.identity("a") == CHUNK.identity("a")
    others = Chunk(squared, {"number": 4, "calls": ""}, 1), Chunk(raises, CHUNK.parameters, 1)
    assert len({CHUNK.identity("a"), CHUNK.identity("b"), *(other.identity("a") for other in others)}) == 4


def test_the_same_result_is_the_same_file_to_the_byte(tmp_path: Path) -> None:
    one, other = (Store(tmp_path / name, SCHEMA).add(CHUNK, HERE, {"square": 9}) for name in "ab")
    assert one.read_bytes() == other.read_bytes()
    assert one.name == other.name


def test_a_result_is_read_back(store: Store) -> None:
    store.add(CHUNK, HERE, {"square": 9})
    assert store.read(CHUNK, digest_of(HERE)) == {"square": 9}
    assert list(store.environments()) == [(digest_of(HERE), HERE)]
    assert not store.has(CHUNK, digest_of(THERE))


@pytest.mark.parametrize("found", [{"cube": 27}, {"square": float("nan")}, {"square": float("inf")}])
def test_what_the_work_does_not_give_is_not_written(store: Store, found: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"its result is not as it should be|not JSON compliant"):
        store.add(CHUNK, HERE, found)
    assert not store.has(CHUNK, digest_of(HERE))


def _edited(path: Path, **fields: object) -> bytes:
    content = json.loads(path.read_bytes()) | fields
    unsigned = {name: value for name, value in content.items() if name != "sha256"}
    return json.dumps({**unsigned, "sha256": digest_of(unsigned)}).encode()


DAMAGE: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "cut off": (lambda path: path.read_bytes()[:-9], "not valid JSON"),
    "a number changed": (lambda path: path.read_bytes().replace(b'"square":9', b'"square":8'), "checksum"),
    "no checksum": (lambda path: b'{"format": 1}', "is no result"),
    "another format": (lambda path: _edited(path, format=2), "is no result"),
    "of another chunk": (lambda path: _edited(path, parameters={"number": 4, "calls": ""}), "of another chunk"),
    "of another environment": (lambda path: _edited(path, environment=digest_of(THERE)), "of another chunk"),
    "of other work": (lambda path: _edited(path, found={"cube": 27}), "does not give"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_result_is_refused_and_can_be_removed(store: Store, damage: str) -> None:
    path = store.add(CHUNK, HERE, {"square": 9})
    assert store.drop_damaged(CHUNK, digest_of(HERE)) == ""
    spoil, complaint = DAMAGE[damage]
    path.write_bytes(spoil(path))
    with pytest.raises(Damaged, match=complaint):
        store.read(CHUNK, digest_of(HERE))
    (told,) = state_of(campaign([CHUNK]), store, HERE).damaged
    assert complaint in told
    assert complaint in store.drop_damaged(CHUNK, digest_of(HERE))
    assert not store.has(CHUNK, digest_of(HERE))


def test_an_environment_that_is_described_otherwise_is_refused(store: Store) -> None:
    path = store.add(CHUNK, HERE, {"square": 9}).parent / "environment.json"
    path.write_text(json.dumps(THERE))
    with pytest.raises(Damaged, match="does not describe"):
        list(store.environments())


def test_a_report_keeps_environments_apart_and_says_where_they_disagree(store: Store) -> None:
    chunks = [Chunk(squared, {"number": number, "calls": ""}, 1) for number in range(4)]
    for chunk in chunks[:3]:
        store.add(chunk, HERE, {"square": chunk.parameters["number"] ** 2})
    for chunk, square in zip(chunks[2:], (4.5, 9), strict=True):
        store.add(chunk, THERE, {"square": square})
    whole = campaign(chunks)
    most, least = states(whole, store)
    assert (most.environment, most.cases, list(most.missing)) == (HERE, 3, [chunks[3]])
    assert (least.environment, least.cases) == (THERE, 2)
    assert done_anywhere([most, least]) == 4
    assert chunks[2] in list(disagreeing(least, most))
    assert as_json(whole, most)["merged"] == {"sum": 0 + 1 + 4}


def test_parts_are_all_chunks_each_once() -> None:
    chunks = [Chunk(squared, {"number": number, "calls": ""}, 1) for number in range(11)]
    parts = [of_part(chunks, part, 3) for part in (1, 2, 3)]
    assert sorted((one for its in parts for one in its), key=chunks.index) == chunks


def test_the_environment_of_a_campaign_is_that_of_most_workers() -> None:
    assert most_common([THERE, HERE, HERE]) == HERE
    assert most_common([THERE, HERE]) == most_common([HERE, THERE])


def test_another_numpy_and_other_code_are_another_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment_here.cache_clear()
    plugin = tmp_path / "plugin.py"
    plugin.write_text("one = 1\n")
    before = environment_here(("torch",), str(plugin))
    environment_here.cache_clear()
    monkeypatch.setattr(np, "__version__", "1.99.0")
    plugin.write_text("one = 2\n")
    now = environment_here(("torch",), str(plugin))
    environment_here.cache_clear()
    assert [line.partition(":")[0] for line in environment_differences(before, now)] == ["numpy", "plug-in"]
    assert before["packages"].keys() == {"hypothesis", "ml_dtypes", "torch"}


def test_a_processor_whose_instructions_are_not_used_is_another_environment() -> None:
    asked = (
        'from conformance.running.campaigns.environment import environment_here as e; print(e()["numpy\'s kernels"])'
    )
    kernels = environment_here()["numpy's kernels"]
    (status, all_), (_, fewer) = python("-c", asked), python("-c", asked, NPY_DISABLE_CPU_FEATURES=" ".join(kernels))
    assert (status, all_.strip()) == (0, str(kernels))
    assert fewer.splitlines()[-1] == "[]" or sys.platform != "linux", fewer
