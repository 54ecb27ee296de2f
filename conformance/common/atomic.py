"""Writing a file so that it appears whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import Any


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes beside the file, then replaces it: a reader sees the old or the new content, never a part."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", text=False)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_figure(path: Path, figure: Any, **options: Any) -> None:
    """Writes a figure of matplotlib's in the format that the file's name ends with."""
    drawn = io.BytesIO()
    figure.savefig(drawn, **{"format": path.suffix.removeprefix("."), **options})
    write_atomically(path, drawn.getvalue())
