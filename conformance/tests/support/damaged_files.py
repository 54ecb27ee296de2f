"""Damages files and gives them to every reader: ``python -m conformance.tests.support.damaged_files COUNT SEED``.

A reader may read a damaged file where the damage makes no difference that it can see. Else it raises what it raises for
a file that it does not read, in one line. Anything else is a finding, and so is what takes long or much memory.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import re
import sys
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from conformance.tests.support.readers import AVAILABLE, Reader

MOST_SECONDS = 40  # twice what a reader gives the process that walks through a file first
MOST_MEMORY = 600 * 2**20  # of Python and NumPy, while one damaged file is read
_BOMB = 140 * 2**20  # more than any of the readers unpacks
_ODD = [b"NaN", b"1e999", b"-1", b"null", b"[]", b"{}", b'""', b"1" * 5000, b'"\\ud800"', b"\xff\xfe", b"true", b"0.5"]

Change = Callable[[np.random.Generator, bytes], bytes]


def flipped(rng: np.random.Generator, content: bytes) -> bytes:
    """Some bytes with one bit another."""
    changed = bytearray(content)
    for place in rng.integers(0, max(len(content), 1), rng.integers(1, 9)):
        if changed:
            changed[place] ^= 1 << int(rng.integers(0, 8))
    return bytes(changed)


def cut(rng: np.random.Generator, content: bytes) -> bytes:
    """The beginning alone."""
    return content[: int(rng.integers(0, max(len(content), 1)))]


def moved(rng: np.random.Generator, content: bytes) -> bytes:
    """A part of it once more at another place."""
    begin, end, place = sorted(int(each) for each in rng.integers(0, len(content) + 1, 3))
    return content[:place] + content[begin:end] + content[place:]


def longer(rng: np.random.Generator, content: bytes) -> bytes:
    """Something behind its end."""
    return content + rng.bytes(int(rng.integers(1, 100)))


def odd_value(rng: np.random.Generator, content: bytes) -> bytes:
    """A number or text of it made another, as a program's fault would."""
    values = list(re.finditer(rb'"[^"\n]{0,80}"|-?\d[\d.e+-]*|true|false|null', content[:100_000]))
    if not values:
        return flipped(rng, content)
    place = values[int(rng.integers(0, len(values)))]
    return content[: place.start()] + _ODD[int(rng.integers(0, len(_ODD)))] + content[place.end() :]


CHANGES: tuple[Change, ...] = (flipped, flipped, cut, moved, longer, odd_value, odd_value)


def hostile(folder: Path) -> None:
    """Fills a folder with what is no file of any kind, or unpacks to more than it may."""
    zeros = bytes(_BOMB)
    packed_npz = io.BytesIO()
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000,), }"
    with zipfile.ZipFile(packed_npz, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117) + b"\n" + zeros)
    contents = {
        "nothing": b"",
        "not UTF-8": b"\xff\xfe\x00" * 50,
        "nested JSON": b"[" * 10**6,
        "nested tables": b"a = " + b"[" * 10**5,
        "duplicate keys": b'{"format": 1, "format": 1}',
        "brackets": b"[" + b"[]," * (6 * 10**6) + b"[]]",
        "gzip": gzip.compress(zeros, 1),
        "xz": lzma.compress(zeros, preset=0),
        "npz": packed_npz.getvalue(),
        "npy": b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117) + b"\n",
        "pickle": b"\x80\x04cposix\nsystem\n.",
    }
    for kind, content in contents.items():
        (folder / kind).write_bytes(content)
    (folder / "folder").mkdir()
    os.mkfifo(folder / "fifo")
    (folder / "loop").symlink_to(folder / "loop")


def finding(reader: Reader, path: Path) -> str:
    """What is wrong with how the reader took the file; empty where nothing is."""
    tracemalloc.start()
    began = time.monotonic()
    try:
        reader.read(path)
        said = ""
    except reader.refused as error:
        said = str(error)
        if not said.strip() or "\n" in said or len(said) > 1000:
            return f"its complaint is not one short line: {said[:200]!r}"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    if taken > MOST_MEMORY or time.monotonic() - began > MOST_SECONDS:
        return f"took {taken / 2**20:.0f} MiB and {time.monotonic() - began:.0f} s"
    return ""


def damaged(reader: Reader, count: int, seed: int, folder: Path) -> list[str]:
    """Findings in so many damaged files, each with what reproduces it.

    HDF5's library does not end in a few of them, which takes as long as it is waited for.
    """
    path = reader.good(folder)
    good, content = path.read_bytes(), reader.inside(path)
    others = {other: other.read_bytes() for other in folder.iterdir() if other.is_file() and other != path}
    found = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        change = CHANGES[int(rng.integers(0, len(CHANGES)))]
        reader.packed(path, change(rng, content))
        if wrong := finding(reader, path):
            found.append(f"{reader.name}: seed {seed}, number {number}, {change.__name__}: {wrong}")
        for other, its in (others | {path: good}).items():
            other.write_bytes(its)
    return found


def main(count: int, seed: int) -> int:
    """Shares so many damaged files out over the readers and prints what was found."""
    shares = sum(reader.share for reader in AVAILABLE)
    tried, findings = 0, list[str]()
    for reader in AVAILABLE:
        mine = max(1, round(count * reader.share / shares))
        with tempfile.TemporaryDirectory() as folder:
            its = damaged(reader, mine, seed, Path(folder))
        tried, findings = tried + mine, findings + its
        print(f"{reader.name}: {mine} files, {len(its)} findings", flush=True)
    print(*findings, f"{tried} damaged files, {len(findings)} findings", sep="\n")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
