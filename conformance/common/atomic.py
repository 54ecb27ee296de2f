"""Writing a file so that it appears whole or not at all."""

from __future__ import annotations

import glob
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

_UNFINISHED = ".unfinished"
_LONGEST_WRITE = 3600.0  # seconds


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes beside the file, then replaces it: a reader sees the old or the new content, never a part.

    What a link points to is replaced, not the link. A fifo, a device and what standard output goes to are written
    through, as they cannot be replaced.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    if _is_standard_output(path):
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    elif path.exists() and not path.is_file():
        with path.open("wb") as file:
            file.write(data)
    else:
        target = Path(os.path.realpath(path))
        _with_temporary(target, data, lambda temporary: os.replace(temporary, target))


def write_new(paths: Iterable[Path], content: str | bytes) -> Path:
    """Writes the first of the files that does not exist yet, whole, and returns it: of two writers none loses his."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    for path in paths:
        try:
            _with_temporary(path, data, lambda temporary, path=path: os.link(temporary, path))  # type: ignore[misc]
        except FileExistsError:
            continue
        return path
    raise FileExistsError("every file of these names exists")


def _with_temporary(path: Path, data: bytes, place: Callable[[str], None]) -> None:
    for left in path.parent.glob(f".{glob.escape(path.name)}.{'?' * 8}{_UNFINISHED}"):  # by a writer that was killed
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _LONGEST_WRITE:
                left.unlink()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED, text=False)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        place(temporary)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _is_standard_output(path: Path) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError, AttributeError):  # there is no such file, or nothing that is one
        return False


def write_figure(path: Path, figure: Any, **options: Any) -> None:
    """Writes a figure of matplotlib's in the format that the file's name ends with."""
    drawn = io.BytesIO()
    figure.savefig(drawn, **{"format": path.suffix.removeprefix("."), **options})
    write_atomically(path, drawn.getvalue())
