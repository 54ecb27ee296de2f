"""Film reviews as padded sequences of numbers: rated sentences, or Keras's IMDB file where somebody has it."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import refimpl as ri

from ....common.reading import Unreadable, read_file
from ....contract import Array, NotRun
from ..frameworks import ask
from . import rated_sentences, vocabulary
from .rated_sentences import DataRefused

IMDB_SHA256 = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"  # keras/src/datasets/imdb.py
_HELD_OUT = 5  # one review in that many is for validation


@dataclass(frozen=True)
class Split:
    """Texts and their labels, to train on and to validate with, and a description for the reader.

    x, validation_x   ``(rows, length)``, words by their numbers
    y, validation_y   of reviews ``(rows, 1)``, 1 for a good one; of classes ``(rows,)``
    """

    x: Array
    y: Array
    validation_x: Array
    validation_y: Array
    description: str

    def limited(self, rows: int | None) -> Split:
        """The first rows of each part, in their shares."""
        if rows is None:
            return self
        whole = len(self.x) + len(self.validation_x)
        train = max(1, rows * len(self.x) // whole)
        held_out = max(1, rows - train)
        return dataclasses.replace(
            self,
            x=self.x[:train],
            y=self.y[:train],
            validation_x=self.validation_x[:held_out],
            validation_y=self.validation_y[:held_out],
            description=f"{self.description}; of these the first {train} and {held_out}",
        )


def from_ratings(path: Path | None, words: int, length: int) -> Split:
    """The rated sentences; those rated exactly 0 are neither good nor bad, and left out."""
    rated = rated_sentences.sentences("films", path)
    kept = [sentence for sentence in rated if sentence.rating != 0]
    order = np.random.default_rng(0).permutation(len(kept))
    held_out = len(kept) // _HELD_OUT
    parts = [[kept[k] for k in part] for part in (order[held_out:], order[:held_out])]
    rank_of = vocabulary.ranks(sentence.text for sentence in parts[0])
    arrays: list[Array] = []
    for part in parts:
        rows = vocabulary.encode_all([sentence.text for sentence in part], rank_of, words)
        arrays += [_padded(rows, length), _labels([sentence.rating > 0 for sentence in part])]
    good = sum(sentence.rating > 0 for sentence in kept)
    description = (
        f"{len(rated):,} sentences of film reviews, {len(rated) - len(kept)} rated 0 left out, {good:,} good; "
        f"{len(parts[0]):,} to train on, {held_out:,} to validate with; {len(rank_of):,} words"
    )
    x, y, validation_x, validation_y = arrays
    return Split(x, y, validation_x, validation_y, description)


def from_imdb(path: Path, framework: str, words: int, length: int, unpickle: bool) -> Split:
    """Keras's ``imdb.npz``, through Keras's own loader, in a process of its own; its halves, train and test.

    The file is a pickle, so it is read only with --unpickle, and only if it is Keras's to the bit: Keras's loader would
    replace any other file by its own from the network.
    """
    if not unpickle:
        raise DataRefused(
            f"{path}: this format holds pickles, and unpickling may run whatever the file's maker wrote into it; "
            "nothing is unpickled unless --unpickle is given too"
        )
    try:
        got = hashlib.sha256(read_file(path)).hexdigest()
    except Unreadable as error:
        raise DataRefused(str(error)) from None
    if got != IMDB_SHA256:
        raise DataRefused(f"{path}: not Keras's imdb.npz: expected SHA-256 {IMDB_SHA256}, got {got}")
    try:
        found = ask(framework, "load_imdb", {}, {"path": str(path.resolve()), "num_words": words}).arrays
    except NotRun as reason:
        raise DataRefused(f"{path}: only Keras's own loader reads it: {reason}") from None
    arrays: list[Array] = []
    for half in ("train", "test"):
        rows = np.split(found[f"{half}.words"], np.cumsum(found[f"{half}.lengths"])[:-1])
        arrays += [_padded(rows, length), _labels(found[f"{half}.labels"])]
    x, y, validation_x, validation_y = arrays
    description = f"Keras's IMDB reviews: {len(x):,} to train on, {len(validation_x):,} to validate with"
    return Split(x, y, validation_x, validation_y, description)


def _padded(rows: Any, length: int) -> Array:
    padded: Array = ri.preprocessing.pad_sequences(rows, maxlen=length)
    return padded


def _labels(good: Any) -> Array:
    return np.asarray(good, np.float32)[:, None]
