"""Sizes are checked before memory is taken: a file must not make its reader allocate what it does not hold."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

from .model import CannotRead

MOST_BYTES = 4 * 2**30
"""Of all arrays of a file."""
MOST_TEXT = 64 * 2**20
"""Of a configuration."""


def size_of(path: Path) -> int:
    """The file's size; `CannotRead` where there is none, or too large a one."""
    if path.is_dir():
        raise CannotRead(f"{path}: a folder, not a file")
    if not path.is_file():
        raise CannotRead(f"{path}: {'a pipe or a device, not a file' if path.exists() else 'no such file'}")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise CannotRead(f"{path.name}: {size:,} bytes, more than the {MOST_BYTES:,} that are read")
    return size


def within(path: Path) -> int:
    """The bytes that the arrays of a file may take: numbers hardly compress, so many times its size is a fault."""
    return min(MOST_BYTES, 2**26 + 20 * size_of(path))


class Budget:
    """What a file may still ask for."""

    def __init__(self, name: str, most: int = MOST_BYTES) -> None:
        self.name, self.left = name, most

    def take(self, what: str, shape: Any, item: int) -> None:
        """Counts an array in; `CannotRead` where the file has asked for too much."""
        dims = [int(size) for size in shape]
        if any(size < 0 for size in dims):
            raise CannotRead(f"{self.name}: {what} has the shape {dims}")
        asked = math.prod(dims) * item
        if asked > self.left:
            raise CannotRead(f"{self.name}: {what} asks for {asked:,} bytes, more than are read of one file")
        self.left -= asked


def member(archive: zipfile.ZipFile, name: str, most: int, file: str) -> bytes:
    """One member of a zip archive, never more than ``most`` bytes, whatever its header says."""
    try:
        with archive.open(name) as stream:
            return _bounded(stream, most, f"{file}: {name}")
    except KeyError:
        raise CannotRead(f"{file}: it holds no {name}") from None


def _bounded(stream: IO[bytes], most: int, what: str) -> bytes:
    found = stream.read(most + 1)
    if len(found) > most:
        raise CannotRead(f"{what} is longer than {most:,} bytes")
    return found
