"""Writing a folder of vectors so that it appears whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...common.reading import read_json

MANIFEST = "vectors.json"
"""The file that says what the folder holds. A folder with it is ours, if it holds the listed files and no other."""
FORMAT = 1


class FolderRefused(ValueError):
    """A folder that may hold what somebody else has put there."""


def write_folder(folder: Path, fill: Callable[[Path], Mapping[str, Any]]) -> None:
    """Fills a new folder beside it with ``fill``, which returns what the manifest says, and puts it in its place.

    Raises `FolderRefused` where ``folder`` is a file, or holds anything but vectors that were written by this function.
    """
    refuse_what_is_not_ours(folder)
    folder = folder.absolute()
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        (made / "new").mkdir()
        content = fill(made / "new")
        files = sorted(path.relative_to(made / "new").as_posix() for path in _files(made / "new"))
        manifest = {"rnn_conformance_vectors": FORMAT, **content, "files": files}
        (made / "new" / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        if folder.exists():
            os.replace(folder, made / "old")
        os.replace(made / "new", folder)
    finally:
        if (made / "old").exists() and not folder.exists():
            os.replace(made / "old", folder)
        shutil.rmtree(made, ignore_errors=True)


def refuse_what_is_not_ours(folder: Path) -> None:
    """Raises `FolderRefused` where writing to the folder would overwrite or remove what is not ours."""
    if not folder.parent.is_dir():
        raise FolderRefused(f"no such folder: {folder.parent}")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise FolderRefused(f"{folder} is a file")
    found = {path.relative_to(folder).as_posix() for path in _files(folder)}
    foreign = sorted(found - _listed(folder / MANIFEST))
    if foreign:
        raise FolderRefused(f"{folder} is not empty, and {foreign[0]} was not written by this command")


def _listed(manifest: Path) -> set[str]:
    """The files that the manifest lists and itself; nothing where it is not a manifest of ours."""
    try:
        content = read_json(manifest)
        ours = content["rnn_conformance_vectors"] == FORMAT
        return {MANIFEST, *content["files"]} if ours else set()
    except (ValueError, KeyError, TypeError):
        return set()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]
