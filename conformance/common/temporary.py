"""Temporary folders that are gone when this process is, however it ends."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REMOVE = 'read -r _; mv -- "$0" "$0-gone"; for _ in 1 2 3 4 5; do rm -rf -- "$0" "$0-gone" && exit; sleep 1; done'
"""It waits for the end of its standard input. What still writes into the folder could make each removal fail, and no
longer finds it under another name."""


@contextmanager
def temporary_folder(prefix: str, where: Path | None = None) -> Iterator[Path]:
    """A new folder that is removed after the block, and where this process is killed within it.

    A process that is killed can remove nothing, so that a shell of its own session waits for either.
    """
    if os.name == "nt":  # which has no such shell
        with tempfile.TemporaryDirectory(prefix=prefix, dir=where) as name:
            yield Path(name)
        return
    folder = Path(where or tempfile.gettempdir()).absolute() / f"{prefix}{secrets.token_hex(8)}"
    silent = subprocess.DEVNULL
    command = ["sh", "-c", _REMOVE, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=silent, stderr=silent, cwd="/", start_new_session=True
    ):  # it waits before the folder is there: whenever we are killed, somebody removes it
        folder.mkdir(mode=0o700)
        yield folder
