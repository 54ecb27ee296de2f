"""A folder of vectors appears whole or not at all, and nobody's files are lost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conformance.truth.vectors.folders import MANIFEST, FolderRefused, write_folder


def filled(text: str) -> Any:
    def fill(folder: Path) -> Mapping[str, Any]:
        (folder / "family").mkdir()
        (folder / "family" / f"{text}.txt").write_text(text)
        return {"cases": 1}

    return fill


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_is_made_and_replaced_by_the_next_one(tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    write_folder(folder, filled("one"))
    assert names(folder) == ["family/one.txt", MANIFEST]
    write_folder(folder, filled("two"))
    assert names(folder) == ["family/two.txt", MANIFEST]
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "vectors").mkdir()
    write_folder(tmp_path / "vectors", filled("one"))
    assert names(tmp_path / "vectors") == ["family/one.txt", MANIFEST]


@pytest.mark.parametrize("foreign", ["notes.txt", "family/mine.txt", ".hidden", "deep/er/file"])
def test_a_folder_with_a_file_of_somebody_else_is_refused_and_left_alone(tmp_path: Path, foreign: str) -> None:
    folder = tmp_path / "vectors"
    write_folder(folder, filled("one"))
    (folder / foreign).parent.mkdir(parents=True, exist_ok=True)
    (folder / foreign).write_text("mine")
    before = names(folder)
    with pytest.raises(FolderRefused, match=f"is not empty, and {foreign} was not written by this command"):
        write_folder(folder, filled("two"))
    assert names(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]


@pytest.mark.parametrize(
    "manifest",
    ["{}", "[]", "no JSON", '{"files": ["mine.txt"]}', '{"rnn_conformance_vectors": 2, "files": ["mine.txt"]}'],
)
def test_a_manifest_that_is_not_ours_gives_nothing_away(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(FolderRefused, match=r"mine\.txt was not written|vectors\.json was not written"):
        write_folder(tmp_path, filled("two"))
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_file_and_a_place_without_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FolderRefused, match="is a file"):
        write_folder(tmp_path / "file", filled("one"))
    with pytest.raises(FolderRefused, match="no such folder"):
        write_folder(tmp_path / "not" / "there", filled("one"))


def test_a_link_in_the_folder_counts_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "vectors").mkdir()
    (tmp_path / "vectors" / "link").symlink_to(tmp_path)
    with pytest.raises(FolderRefused, match="link was not written"):
        write_folder(tmp_path / "vectors", filled("one"))


def test_where_filling_fails_the_old_folder_stays_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    write_folder(folder, filled("one"))

    def fails(new: Path) -> Mapping[str, Any]:
        (new / "half.txt").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(folder, fails)
    assert names(folder) == ["family/one.txt", MANIFEST]
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]
