"""The jobs on text, sentiment and classification, on small archives of made-up sentences."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.commands.main import main
from conformance.models.jobs import classification, sentiment
from conformance.models.jobs.data import rated_sentences, reviews
from conformance.models.jobs.data.rated_sentences import SOURCES, DataRefused
from conformance.models.jobs.frameworks import Answer

from ..support import needs, python

pytestmark = pytest.mark.usefixtures("forked_frameworks")

GOOD, BAD = ("fine", "moving", "clever", "warm"), ("dull", "stale", "clumsy", "cold")


def _packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive like the real one: good words make a good review, and each source has a word of its own."""
    rng, files = np.random.default_rng(0), {}
    for source, member in SOURCES.items():
        lines = []
        for k in range(160):
            good = k % 2 == 0
            chosen = rng.choice(GOOD if good else BAD, 3)
            rating = 0.0 if k % 40 == 39 else (2.0 if good else -2.0)
            lines.append(f"{k + 1}\t{rating}\tA {' '.join(chosen)} one of {source}.")
        files[member] = "\r\n".join(lines).encode()
    path = tmp_path / "made-up.tar.gz"
    path.write_bytes(_packed({rated_sentences.INNER: _packed(files)}))
    monkeypatch.setattr(rated_sentences, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_reviews_rated_zero_are_left_out_and_one_in_five_held_out(made_up: Path) -> None:
    split = reviews.from_ratings(made_up, words=20, length=10)
    assert split.x.shape == (125, 10)
    assert split.validation_x.shape == (31, 10)
    assert set(np.unique(split.y)) == {0.0, 1.0}
    assert split.x.max() < 20
    assert (split.x[:, 0] == 0).all(), "padding stands before the words"
    assert ((split.x == 1).sum(axis=1) == 1).all(), "each sequence has one start"
    small = split.limited(40)
    assert (len(small.x), len(small.validation_x)) == (32, 8)


def test_keras_learns_what_the_oracle_learns(made_up: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needs("tensorflow")
    few = ("--cell", "GRU", "--epochs", "2", "--length", "8", "--words", "20", "--batch-size", "16")
    folder = tmp_path / "states"
    status = main(["job", "sentiment", *few, "--archive", str(made_up), "--folder", str(folder)])
    said = capsys.readouterr().out
    assert status == 0, said
    assert "greatest difference of the accuracies after the last epoch: 0.00 percentage points" in said
    assert not list(folder.iterdir())


@pytest.mark.parametrize(("accuracy", "status"), [(0.0, 1), (None, 0)])
def test_an_accuracy_too_far_off_fails(
    accuracy: float | None,
    status: int,
    made_up: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ours: list[sentiment.Side] = []
    train = sentiment._oracle

    def remembered(*arguments: Any) -> sentiment.Side:
        ours.append(train(*arguments))
        return ours[-1]

    def ask(*arguments: Any) -> Answer:
        side = vars(ours[-1])
        history = {name: side[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        if accuracy is not None:
            history["val_accuracy"] = [accuracy] * len(history["loss"])
        return Answer({}, {"history": history, "seconds": [1.0]}, {})

    monkeypatch.setattr(sentiment, "_oracle", remembered)
    monkeypatch.setattr(sentiment, "ask", ask)
    few = ("--cell", "SimpleRNN", "--epochs", "1", "--length", "8", "--words", "20", "--folder", str(tmp_path / "s"))
    assert main(["job", "sentiment", *few, "--archive", str(made_up)]) == status
    capsys.readouterr()


def test_pytorch_classifies_as_the_oracle_does(
    made_up: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    few = ("--layers", "3", "--hidden", "5", "--features", "4", "--words", "30", "--length", "9", "--epochs", "2")
    folder = tmp_path / "states"
    command = ("job", "classification", *few, "--archive", str(made_up), "--each", "100", "--folder", str(folder))
    status = main(list(command))
    said = capsys.readouterr().out
    assert status == 0, said
    rows = [line.split("│")[2:4] for line in said.splitlines() if "│ oracle" in line or "│ torch" in line]
    assert rows[0] == rows[1], said
    assert "after the first step" in said


def test_every_layers_tensors_have_pytorchs_names_and_shapes() -> None:
    model = classification.model_of(words=11, features=3, hidden=5, layers=2)
    tensors = classification.to_torch(model, model.init(np.random.default_rng(0), manner="pytorch"))
    assert {name: tensor.shape for name, tensor in tensors.items()} == {
        "embedding.weight": (11, 3),
        "rnn.weight_ih_l0": (5, 3),
        "rnn.weight_hh_l0": (5, 5),
        "rnn.bias_ih_l0": (5,),
        "rnn.bias_hh_l0": (5,),
        "rnn.weight_ih_l1": (5, 5),
        "rnn.weight_hh_l1": (5, 5),
        "rnn.bias_ih_l1": (5,),
        "rnn.bias_hh_l1": (5,),
        "linear.weight": (4, 5),
        "linear.bias": (4,),
    }


def test_nothing_is_unpickled_unless_it_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="nothing is unpickled unless --unpickle is given too"):
        reviews.from_imdb(tmp_path / "imdb.npz", "keras-tensorflow", 100, 10, unpickle=False)


def test_another_file_than_keras_s_is_never_given_to_its_loader(tmp_path: Path) -> None:
    path = tmp_path / "imdb.npz"
    path.write_bytes(b"anything")
    with pytest.raises(DataRefused, match=r"not Keras's imdb\.npz: expected SHA-256"):
        reviews.from_imdb(path, "keras-tensorflow", 100, 10, unpickle=True)
    with pytest.raises(DataRefused, match="cannot be read"):
        reviews.from_imdb(tmp_path / "absent.npz", "keras-tensorflow", 100, 10, unpickle=True)


def test_keras_s_own_loader_reads_its_format(tmp_path: Path) -> None:
    needs("tensorflow")
    path = tmp_path / "imdb.npz"
    rows = np.empty(3, object)
    rows[:] = [[1, 4, 30], [2, 9], [5, 6, 7, 8]]
    np.savez(path, x_train=rows, y_train=np.array([0, 1, 1]), x_test=rows[:2], y_test=np.array([1, 0]))
    code = f"""
import numpy as np
import keras.src.datasets.imdb as imdb
imdb.get_file = lambda fname, **options: fname  # which compares with the checksum of the real file
from conformance.implementations.keras.programs.jobs import load_imdb
found, _ = load_imdb({{}}, {{"path": {str(path)!r}, "num_words": 12}}, None)
for name in ("train", "test"):
    rows = np.split(found[name + ".words"], np.cumsum(found[name + ".lengths"])[:-1])
    print(sorted((row.tolist(), int(label)) for row, label in zip(rows, found[name + ".labels"])))
"""
    status, said = python("-c", code, KERAS_BACKEND="tensorflow")
    assert status == 0, said
    train, test = said.splitlines()[-2:]
    assert train == "[([1, 4, 7, 2], 0), ([1, 5, 2], 1), ([1, 8, 9, 10, 11], 1)]"
    assert test == "[([1, 4, 7, 2], 1), ([1, 5, 2], 0)]"
