"""Walks through an HDF5 file: ``python hdf5_probe.py SECONDS FILE``, or without a name what comes by standard input.

HDF5's own library may crash, or never come to an end, in a damaged file (h5py 3.16, HDF5 2.0: one changed bit in the
heap of an attribute). So another process touches everything in it first, and this one reads what that one survived.
"""

from __future__ import annotations

import io
import signal
import sys
from typing import Any

import h5py

_MOST_BYTES = 2**28  # of one array: one that is larger is refused later, or is large because the file is


def main(arguments: list[str]) -> int:
    """Exit status 0 where the library came to an end, whatever it said of the file."""
    if hasattr(signal, "alarm"):  # the reader ends it before that, unless it was killed itself
        signal.alarm(int(arguments[0]) + 1)
    where: Any = arguments[1] if arguments[1:] else io.BytesIO(sys.stdin.buffer.read())
    try:
        with h5py.File(where, "r") as file:
            _touch(file)
            file.visititems(lambda _, found: _touch(found))
    except Exception:  # the reader meets it again, and has words for it
        return 0
    return 0


def _touch(found: Any) -> None:
    dict(found.attrs.items())
    if isinstance(found, h5py.Dataset) and found.size and found.size * found.dtype.itemsize <= _MOST_BYTES:
        found[()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
