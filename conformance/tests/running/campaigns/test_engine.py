"""Chunks on Dask's workers: each is done once, whatever happens to the workers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.running.campaigns import engine
from conformance.running.campaigns.chunks import Campaign, Chunk, digest_of
from conformance.running.campaigns.report import state_of, states
from conformance.running.campaigns.store import Store

from ...support.disturbed_campaign import command_of, disturbed, files, undisturbed, walk_of
from ...support.planted_work import campaign, ends, nonsense, raises, squares

pytest.importorskip("distributed", reason="Dask is not installed")
pytestmark = pytest.mark.usefixtures("forked_workers")


def work_off(whole: Campaign, chunks: Sequence[Chunk], folder: Path) -> tuple[engine.Progress, int]:
    """Does the chunks with one worker; how it went, and what the results add up to."""
    store = Store(folder, whole.schema)
    with engine.connected(None, 1) as client:
        environment = engine.environment_of(client, whole)
        todo = [chunk for chunk in chunks if not store.has(chunk, digest_of(environment))]
        progress = engine.work_off(client, whole, todo, environment, store, lambda _: None)
    return progress, whole.merged(state_of(whole, store, environment).results)["sum"]


def test_a_campaign_whose_worker_is_killed_and_replaced_gives_the_same_to_the_byte(tmp_path: Path) -> None:
    whole = walk_of(80, 4)
    undisturbed(whole, tmp_path / "undisturbed")
    found = disturbed(whole, tmp_path / "disturbed", command_of())
    assert not found.broken
    assert list(found.differing.values()) == [[f"numpy: {_numpy(whole, tmp_path / 'disturbed')}, 1.99.0"]]
    one, other = (tmp_path / name for name in ("undisturbed", "disturbed"))
    assert (one / "result.json").read_bytes() == (other / "result.json").read_bytes()
    assert files(one).items() <= files(other).items()
    assert len(files(other)) == len(files(one)) + found.apart > len(files(one))
    assert undisturbed(whole, other).chunks == 0, "all of it is done"


def _numpy(whole: Campaign, folder: Path) -> str:
    ours, apart = states(whole, Store(folder, whole.schema))
    assert (ours.cases, apart.environment["numpy"]) == (80, "1.99.0")
    assert apart.cases < ours.cases
    return str(ours.environment["numpy"])


def test_a_chunk_that_is_done_is_never_done_again(tmp_path: Path) -> None:
    chunks = squares(tmp_path / "calls", 6)
    assert work_off(campaign(chunks), chunks[:4], tmp_path)[1] == 0 + 1 + 4 + 9
    progress, total = work_off(campaign(chunks), chunks, tmp_path)
    assert (progress.chunks, total) == (2, 0 + 1 + 4 + 9 + 16 + 25)
    assert sorted((tmp_path / "calls").read_text().split()) == list("012345")


def test_what_cannot_be_done_is_told_and_the_rest_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_LOSSES", 0)
    bad = [Chunk(work, {"number": 7}, 1) for work in (raises, ends, nonsense)]
    good = squares(tmp_path / "calls", 3)
    progress, total = work_off(campaign([*bad, *good]), [*bad, *good], tmp_path)
    assert total == 0 + 1 + 4
    assert progress.broken.keys() == {chunk.named for chunk in bad}
    assert progress.broken[bad[0].named] == "ArithmeticError: no square of 7"
    assert progress.broken[bad[1].named].startswith("KilledWorker: ")
    assert "'square' is a required property" in progress.broken[bad[2].named]
    assert len(files(tmp_path)) == 3


def test_no_scheduler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_PATIENCE", 1.0)
    told = pytest.raises(engine.CannotRun, match=r"no scheduler answers at tcp://127\.0\.0\.1:9")
    with told, engine.connected("tcp://127.0.0.1:9", 1):
        pass


def test_an_absent_implementation_ends_the_campaign(tmp_path: Path) -> None:
    whole = walk_of(4, 2, "no_such_package_anywhere:RNN")
    with pytest.raises(engine.CannotRun, match="not run: no_such_package_anywhere is not installed"):
        undisturbed(whole, tmp_path)
