"""The results of chunks in a folder: ``results/ENVIRONMENT/ID.json``, the ID being the chunk's identity.

A file appears whole or not at all, and the same chunk in the same environment is the same file to the byte. So folders
of several machines are put together by copying them into one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...common.atomic import write_atomically
from ...common.reading import Unreadable, read_json
from ...common.schemas import mismatch
from .chunks import Chunk, Found, canonical, digest_of
from .environment import Environment

_FORMAT = 1
_ABOUT = "environment.json"
_LETTERS = 16  # of an environment's digest, in the name of its folder
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["format", "work", "parameters", "environment", "found", "sha256"],
    "properties": {
        "format": {"const": _FORMAT},
        "work": {"type": "string"},
        "parameters": {"type": "object"},
        "environment": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "found": {"type": "object"},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    },
}


class Damaged(ValueError):
    """A result's file that is not as it was written: which, and what is wrong."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


@dataclass(frozen=True)
class Store:
    """A folder of results.

    schema   of what a chunk finds
    """

    folder: Path
    schema: Mapping[str, Any]

    def path(self, chunk: Chunk, environment: str) -> Path:
        """Where the result of the chunk is, in the environment of that digest."""
        return self.folder / "results" / environment[:_LETTERS] / f"{chunk.identity(environment)}.json"

    def add(self, chunk: Chunk, environment: Environment, found: Found) -> Path:
        """Writes a result. `ValueError` for one that is not as the schema says."""
        if wrong := mismatch(found, self.schema):
            raise ValueError(f"its result is not as it should be: {wrong}")
        digest = digest_of(environment)
        path = self.path(chunk, digest)
        about = path.parent / _ABOUT
        if not about.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(about, canonical(environment) + b"\n")
        content = {
            "format": _FORMAT,
            "work": f"{chunk.work.__module__}:{chunk.work.__qualname__}",
            "parameters": chunk.parameters,
            "environment": digest,
            "found": found,
        }
        write_atomically(path, canonical({**content, "sha256": digest_of(content)}) + b"\n")
        return path

    def has(self, chunk: Chunk, environment: str) -> bool:
        """Whether there is a result, good or damaged."""
        return self.path(chunk, environment).exists()

    def read(self, chunk: Chunk, environment: str) -> Found:
        """The result of the chunk; `Damaged` where its file is not one that was written whole, by us, for the chunk."""
        path = self.path(chunk, environment)
        try:
            content = read_json(path)
        except Unreadable as error:
            raise Damaged(path, error.problem) from None
        if wrong := mismatch(content, _SCHEMA):
            raise Damaged(path, f"is no result: {wrong}")
        if content.pop("sha256") != digest_of(content):
            raise Damaged(path, "is not what its checksum was made of")
        asked = {name: content[name] for name in ("work", "parameters", "environment")}
        if digest_of(asked) != path.stem:
            raise Damaged(path, "is the result of another chunk")
        if wrong := mismatch(content["found"], self.schema):
            raise Damaged(path, f"holds what the work does not give: {wrong}")
        found: Found = content["found"]
        return found

    def drop_damaged(self, chunk: Chunk, environment: str) -> str:
        """Removes the result where it is damaged, and says so; empty where it is good, or there is none."""
        if not self.has(chunk, environment):
            return ""
        try:
            self.read(chunk, environment)
        except Damaged as problem:
            self.path(chunk, environment).unlink()
            return str(problem)
        return ""

    def environments(self) -> Iterator[tuple[str, Environment]]:
        """The digest and the description of each environment in which something was done. `Damaged` for a bad one."""
        for path in sorted(self.folder.glob(f"results/*/{_ABOUT}")):
            try:
                about = read_json(path)
            except Unreadable as error:
                raise Damaged(path, error.problem) from None
            digest = digest_of(about)
            if path.parent.name != digest[:_LETTERS]:
                raise Damaged(path, "does not describe the environment that its folder is named by")
            yield digest, about

    def size(self, environment: str) -> tuple[int, int]:
        """How many results of the environment there are, of whatever campaign, and their bytes."""
        with os.scandir(self.folder / "results" / environment[:_LETTERS]) as entries:
            sizes = [one.stat().st_size for one in entries if one.name.endswith(".json") and one.name != _ABOUT]
        return len(sizes), sum(sizes)
