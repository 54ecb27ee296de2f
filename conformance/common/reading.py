"""Reading files that anybody may have written: in bounded memory, and with one line of complaint.

Every reader of this project goes through these functions. What a file declares of itself is never believed before it
has been counted: its size, what it unpacks to, the shapes of its arrays, the depth of its nesting.
"""

from __future__ import annotations

import io
import json
import lzma
import math
import os
import re
import stat
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 64 * 2**20
"""The most that a file holds, and the most that a packed one unpacks to, where its reader says nothing else."""
MOST_NESTED = 100
"""The most brackets that JSON or TOML may have open at a time; none of ours has more than 12."""
MOST_ELEMENTS = 5_000_000
"""The most commas and brackets of JSON or TOML: a text of brackets alone takes twenty times its size in memory."""
_MOST_MEMBERS = 10_000  # of an archive
_CHUNK = 2**20
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class Unreadable(ValueError):
    """A file that cannot be read, or is not of the kind that was asked for; the message is one line.

    problem   the message without the file's name
    """

    def __init__(self, path: Path | str, problem: object) -> None:
        lines = str(problem).splitlines() or [type(problem).__name__]
        self.problem = lines[0][:300]
        super().__init__(f"{path}: {self.problem}")


def read_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a regular file; a folder, a fifo, a device and what is larger than ``most`` are `Unreadable`."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Unreadable(path, "cannot be read: it is no regular file")
            content = file.read(most + 1)
    except OSError as error:
        raise Unreadable(path, f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(repr(str(path)), f"cannot be read: {error}") from None  # a name with a zero in it
    if len(content) > most:
        raise Unreadable(path, f"absurd size: more than {most} bytes")
    return content


def unpack_xz(path: Path, content: bytes, most: int = MOST_BYTES) -> bytes:
    """What one xz stream unpacks to, at most ``most`` bytes; what is cut off or goes on after it is `Unreadable`."""
    unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=2**28)
    try:
        found = unpacker.decompress(content, max_length=most + 1)
        if len(found) > most:
            raise Unreadable(path, f"is of absurd size: unpacked more than {most} bytes")
    except lzma.LZMAError as error:
        raise Unreadable(path, f"is damaged or no xz file: {error}") from None
    if not unpacker.eof:
        raise Unreadable(path, "is cut off")
    if unpacker.unused_data:
        raise Unreadable(path, f"goes on after its end: {len(unpacker.unused_data)} bytes stand behind the xz stream")
    return found


def unpack_gzip(path: Path | str, content: bytes, most: int = MOST_BYTES) -> bytes:
    """`unpack_xz` for one member of gzip."""
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        found = unpacker.decompress(content, most + 1)
    except zlib.error as error:
        raise Unreadable(path, f"is damaged or no gzip file: {error}") from None
    if len(found) > most:
        raise Unreadable(path, f"is of absurd size: unpacked more than {most} bytes")
    if not unpacker.eof:
        raise Unreadable(path, "is cut off")
    if unpacker.unused_data:
        raise Unreadable(path, f"goes on after its end: {len(unpacker.unused_data)} bytes stand behind the gzip stream")
    return found


def parse_json(path: Path | str, content: bytes | str) -> Any:
    """The document; `Unreadable` for duplicate keys, numbers that are not finite, deep nesting and non-UTF-8."""
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        _check_structure(text)
        return json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise Unreadable(path, f"is not valid JSON: {error}") from None


def read_json(path: Path, most: int = MOST_BYTES) -> Any:
    """The document in a file, as `parse_json` reads it."""
    return parse_json(path, read_file(path, most))


def read_toml(path: Path, most: int = MOST_BYTES) -> dict[str, Any]:
    """The tables of a TOML file, whose numbers are finite too."""
    content = read_file(path, most)
    try:
        text = content.decode("utf-8")
        _check_structure(text)
        return tomllib.loads(text, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Unreadable(path, f"is not valid TOML: {error}") from None


def read_npy(path: Path, most: int = MOST_BYTES) -> NDArray[Any]:
    """The array of a ``.npy`` file. What its header declares is what it must hold; nothing is unpickled."""
    return _array(path, read_file(path, most))


def read_npz(path: Path, most: int = MOST_BYTES) -> dict[str, NDArray[Any]]:
    """The arrays of a ``.npz`` file, together at most ``most`` bytes, each as `read_npy` reads it."""
    content, found = read_file(path, most), {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name, member in members(path, archive, most):
                key = name.removesuffix(".npy")
                if key in found:
                    raise Unreadable(path, f"{key!r:.80} is in it twice")
                found[key] = _array(f"{path}: {key!r:.80}", member)
    except zipfile.BadZipFile as error:
        raise Unreadable(path, f"is damaged or no npz file: {error}") from None
    return found


def members(path: Path, archive: zipfile.ZipFile, most: int) -> Iterator[tuple[str, bytes]]:
    """The members of a zip archive by name, together at most ``most`` bytes, whatever their headers say."""
    if len(archive.infolist()) > _MOST_MEMBERS:
        raise Unreadable(path, f"has more than {_MOST_MEMBERS} members")
    left = most
    for info in archive.infolist():
        try:
            with archive.open(info) as stream:
                content = stream.read(left + 1)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError) as error:
            raise Unreadable(path, f"{info.filename!r:.80} is damaged: {error}") from None
        left -= len(content)
        if left < 0:
            raise Unreadable(path, f"is of absurd size: unpacked more than {most} bytes")
        yield info.filename, content


def _array(path: Path | str, content: bytes) -> NDArray[Any]:
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise ValueError(f"version {version} of the format is not read")
        shape, by_columns, dtype = _HEADERS[version](stream)
    except Exception as error:  # NumPy parses the header as Python: what that raises is not listed anywhere
        raise Unreadable(path, f"is damaged or no array: {error}") from None
    if dtype.hasobject or dtype.itemsize == 0:
        raise Unreadable(path, f"holds {dtype} and no numbers")
    numbers = content[stream.tell() :]
    if any(type(size) is not int or size < 0 for size in shape) or math.prod(shape) * dtype.itemsize != len(numbers):
        raise Unreadable(path, f"declares the shape {shape!s:.80} of {dtype}, and holds {len(numbers)} bytes")
    try:
        return np.frombuffer(bytearray(numbers), dtype).reshape(shape, order="F" if by_columns else "C")
    except ValueError as error:
        raise Unreadable(path, f"is damaged or no array: {error}") from None


def _check_structure(text: str) -> None:
    if sum(map(text.count, ",[{")) > MOST_ELEMENTS:
        raise ValueError(f"it has more than {MOST_ELEMENTS:,} elements")
    if _nesting(text) > MOST_NESTED and _nesting(_STRING.sub("", text)) > MOST_NESTED:
        raise ValueError(f"more than {MOST_NESTED} brackets are open at a time")


def _nesting(text: str) -> int:
    """How many brackets are open at a time, those in strings among them."""
    codes = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    places = np.flatnonzero((codes | 32 == ord("{")) | (codes | 32 == ord("}")))  # "[" | 32 is "{"
    opened = np.where(codes[places] | 32 == ord("{"), 1, -1)
    return int(np.cumsum(opened).max(initial=0))


def _refuse(constant: str) -> Any:
    raise ValueError(f"non-finite number {constant}")


def _finite(number: str) -> float:
    found = float(number)
    if not math.isfinite(found):
        raise ValueError(f"non-finite number {number:.40}")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found
