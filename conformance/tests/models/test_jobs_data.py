"""The data of the jobs: fetched once and checked, read with nothing unpacked, refused in words where they are wrong."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from conformance.models.jobs.data import rated_sentences, vocabulary
from conformance.models.jobs.data.rated_sentences import SOURCES, DataRefused, Sentence

FILMS = SOURCES["films"]
_TWO = b"1\t2.5\tA fine caf\xc3\xa9.\r\n2\t-1.25\tDull.\r\n"


def tar(files: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.type, entry.linkname = len(data), kind, "/etc/passwd"
            made.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def distribution(lines: bytes = _TWO, member: str = FILMS) -> bytes:
    return tar({rated_sentences.INNER: tar({member: lines})})


def test_sentences_are_read_with_their_ratings() -> None:
    assert rated_sentences.read(distribution(), FILMS) == (Sentence(2.5, "A fine café."), Sentence(-1.25, "Dull."))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "no tar.gz archive, or a damaged one"),
        (b"<html>404</html>", "no tar.gz archive, or a damaged one"),
        (distribution()[:200], "no tar.gz archive, or a damaged one"),
        (tar({"other.txt": b""}), f"there is no {rated_sentences.INNER}"),
        (tar({rated_sentences.INNER: b"not a tar"}), "no tar.gz archive, or a damaged one"),
        (distribution(member="other.txt"), f"there is no {FILMS}"),
        (tar({rated_sentences.INNER: b""}, tarfile.SYMTYPE), "is no plain file"),
        (distribution(b"1\t2.5\n"), "line 1: expected a number, a rating and a sentence"),
        (distribution(_TWO + b"3\tgood\tA film.\n"), "line 3: expected a number, a rating and a sentence"),
        (distribution(b"1\t4.5\tA film.\n"), "line 1: expected a rating from -4 to 4"),
        (distribution(b"1\tnan\tA film.\n"), "line 1: expected a rating from -4 to 4"),
        (distribution(b"1\t1\t \n"), "line 1: expected a rating from -4 to 4 and a sentence"),
        (distribution(b"1\t1\t\xff\n"), "not UTF-8"),
    ],
)
def test_a_wrong_archive_is_refused_in_words(data: bytes, complaint: str) -> None:
    with pytest.raises(DataRefused, match=complaint.replace(".", r"\.")):
        rated_sentences.read(data, FILMS)


def test_a_bit_flipped_anywhere_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = distribution()
    monkeypatch.setattr(rated_sentences, "SHA256", hashlib.sha256(good).hexdigest())
    path = tmp_path / "given.tar.gz"
    path.write_bytes(good)
    assert len(rated_sentences.sentences("films", path)) == 2
    path.write_bytes(good[:20] + bytes([good[20] ^ 1]) + good[21:])
    with pytest.raises(DataRefused, match="expected SHA-256"):
        rated_sentences.sentences("films", path)
    with pytest.raises(DataRefused, match="cannot be read: No such file"):
        rated_sentences.sentences("films", tmp_path / "absent")


class Pip:
    """Stands for pip: it leaves these bytes in the folder, or fails."""

    def __init__(self, data: bytes | None) -> None:
        self.data, self.requirements = data, ""

    def __call__(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        folder = Path(command[command.index("--dest") + 1])
        self.requirements = Path(command[command.index("--requirement") + 1]).read_text()
        if self.data is None:
            return subprocess.CompletedProcess(command, 1, "", "ERROR: no network\n")
        (folder / rated_sentences.FILE).write_bytes(self.data)
        return subprocess.CompletedProcess(command, 0, "", "")


def test_it_is_fetched_once_by_its_hash_and_then_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = Pip(distribution())
    monkeypatch.setattr(rated_sentences, "SHA256", hashlib.sha256(distribution()).hexdigest())
    monkeypatch.setattr(rated_sentences, "run_kept", pip)
    folder = tmp_path / "cache"
    path = rated_sentences.fetched(folder)
    assert f"--hash=sha256:{rated_sentences.SHA256}" in pip.requirements
    assert [p.name for p in folder.iterdir()] == [rated_sentences.FILE]
    pip.data = None
    assert rated_sentences.fetched(folder) == path


@pytest.mark.parametrize(("data", "complaint"), [(None, "pip said:\n  ERROR: no network"), (b"other", "SHA-256")])
def test_what_cannot_be_fetched_leaves_nothing_behind(
    data: bytes | None, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rated_sentences, "run_kept", Pip(data))
    with pytest.raises(DataRefused, match=complaint):
        rated_sentences.fetched(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_damaged_cached_file_is_named_and_not_used(tmp_path: Path) -> None:
    (tmp_path / rated_sentences.FILE).write_bytes(distribution())
    with pytest.raises(DataRefused, match="delete it, and it is fetched again"):
        rated_sentences.fetched(tmp_path)


def test_words_are_those_that_keras_finds() -> None:
    assert vocabulary.words("It's a film, isn't it?\tA-ha! (2002)") == [
        "it's",
        "a",
        "film",
        "isn't",
        "it",
        "a",
        "ha",
        "2002",
    ]


def test_numbers_follow_the_conventions_of_keras_for_imdb() -> None:
    ranks = vocabulary.ranks(["the film the", "a film the rare"])
    assert ranks == {"the": 1, "film": 2, "a": 3, "rare": 4}
    assert vocabulary.encoded("The rare film, unseen", ranks, num_words=7) == [1, 4, 2, 5, 2]
    assert vocabulary.encoded("The rare film, unseen", ranks, num_words=8) == [1, 4, 7, 5, 2]


def test_without_pip_it_is_said_how_else_to_come_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DataRefused, match=r"there is no pip here; .* give it with --archive FILE"):
        rated_sentences.fetched(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")
def test_the_cache_is_where_the_user_keeps_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert rated_sentences.cache_folder() == tmp_path / "rnn-conformance"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert rated_sentences.cache_folder() == Path.home() / ".cache" / "rnn-conformance"
