"""Rated sentences: fetched by pip, checked, cached, and read without unpacking anything.

The data of C. J. Hutto and E. Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media
Text, ICWSM 2014, travel in an archive inside the source distribution of vaderSentiment 3.3.2 (MIT licence). Each file
has a line a sentence: a number, its mean rating from -4 to 4 by some twenty people, the sentence.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import math
import os
import shutil
import sys
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

from ....common.reading import Unreadable, read_file
from ....common.temporary import temporary_folder
from ....running.kept import run_kept

PACKAGE = "vaderSentiment==3.3.2"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
FILE = "vaderSentiment-3.3.2.tar.gz"
FETCH = "pip download --no-deps --no-binary vaderSentiment"
INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
SOURCES = {
    "films": "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt",
    "products": "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt",
    "editorials": "hutto_ICWSM_2014/nytEditorialSnippets_GroundTruth.txt",
    "tweets": "hutto_ICWSM_2014/tweets_GroundTruth.txt",
}
_LARGEST = 64 << 20  # bytes of one member: a forged archive must not fill the memory


class DataRefused(Exception):
    """Data that cannot be had or are not what they should be: what, where, and what would help."""


@dataclass(frozen=True)
class Sentence:
    """A sentence and its mean rating, from -4 (bad) to 4 (good)."""

    rating: float
    text: str


def cache_folder() -> Path:
    """Where this user's programs keep what they can fetch again; may not exist yet."""
    try:
        home = Path.home()
    except RuntimeError:
        raise DataRefused("no home folder is known, where finished epochs and data are kept: set HOME") from None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "rnn-conformance"


def sentences(source: str = "films", archive: Path | None = None) -> tuple[Sentence, ...]:
    """All sentences of a source, from the archive given, or from the cached one, fetched if it is not there."""
    path = archive or fetched()
    return read(_bytes(path), SOURCES[source], str(path))


def fetched(folder: Path | None = None) -> Path:
    """The source distribution in the cache; fetched by pip if it is not there, and checked either way."""
    folder = folder or cache_folder()
    path = folder / FILE
    if path.exists():
        _bytes(path, "delete it, and it is fetched again")
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with temporary_folder(".fetching-", folder) as temporary:
        _download(temporary)
        _bytes(temporary / FILE)
        os.replace(temporary / FILE, path)
    return path


def read(archive: bytes, member: str, name: str = FILE) -> tuple[Sentence, ...]:
    """The sentences of one file of the archive inside the source distribution; nothing is unpacked to disk."""
    text = _member(_member(archive, INNER, name), member, f"{name}: {INNER}")
    try:
        lines = text.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataRefused(f"{name}: {member}: not UTF-8: {error}") from None
    return tuple(_sentence(line, f"{name}: {member}: line {k}") for k, line in enumerate(lines, 1))


def _sentence(line: str, where: str) -> Sentence:
    fields = line.split("\t")
    try:
        _, rating, text = fields
        found = Sentence(float(rating), text)
    except ValueError:
        raise DataRefused(f"{where}: expected a number, a rating and a sentence, got {line!r:.80}") from None
    if not math.isfinite(found.rating) or abs(found.rating) > 4 or not text.strip():
        raise DataRefused(f"{where}: expected a rating from -4 to 4 and a sentence, got {line!r:.80}")
    return found


def _member(archive: bytes, member: str, name: str) -> bytes:
    """The bytes of one regular file in a tar.gz."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
            found = opened.getmember(member)
            if not found.isreg() or found.size > _LARGEST:
                raise DataRefused(f"{name}: {member} is no plain file of at most {_LARGEST:,} bytes")
            file = opened.extractfile(found)
            return b"" if file is None else file.read()
    except KeyError:
        raise DataRefused(f"{name}: there is no {member} in it") from None
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataRefused(f"{name}: no tar.gz archive, or a damaged one: {error}") from None


def _bytes(path: Path, remedy: str = f"{FETCH} {PACKAGE} gives the right one") -> bytes:
    """What the file holds, if it is the source distribution to the bit."""
    try:
        data = read_file(path)
    except Unreadable as error:
        raise DataRefused(str(error)) from None
    got = hashlib.sha256(data).hexdigest()
    if got != SHA256:
        raise DataRefused(f"{path}: not {FILE}: expected SHA-256 {SHA256}, got {got} ({remedy})")
    return data


def _download(folder: Path) -> None:
    """Fetches it with pip, which checks the same hash before it looks inside or runs anything."""
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n")
    command = [*_pip(), "download", "--quiet", "--no-deps", "--no-binary", "vaderSentiment", "--require-hashes"]
    command += ["--requirement", str(requirement), "--dest", str(folder)]
    done = run_kept(command, stdout=PIPE, stderr=PIPE, text=True)
    if done.returncode != 0:
        message = "\n".join(f"  {line}" for line in done.stderr.strip().splitlines()[-8:])
        raise DataRefused(
            f"{FILE} could not be fetched, pip said:\n{message}\n"
            f"  fetch it where there is a network ({FETCH} {PACKAGE}) and give it with --archive FILE"
        )


def _pip() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip") or shutil.which("pip3")
    if found is None:
        raise DataRefused(
            f"{FILE} could not be fetched: there is no pip here; fetch it elsewhere ({FETCH} {PACKAGE}) "
            "and give it with --archive FILE"
        )
    return [found]
