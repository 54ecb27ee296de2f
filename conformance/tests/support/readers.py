"""Every reader of files that anybody may have written: a good file of its kind, and what it raises for a bad one."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import lzma
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from unittest import mock

import numpy as np

from conformance.common.fixtures import directory
from conformance.common.reading import Unreadable, read_file, read_json, read_npz, read_toml
from conformance.models.files import drawing, running, worker
from conformance.models.files.model import CannotRead, Input, Model
from conformance.models.files.readers.reading import read as read_model
from conformance.models.jobs.data import rated_sentences, reviews
from conformance.models.jobs.resumable import checkpoints
from conformance.reporting.error_growth import read_earlier_errors
from conformance.running.run_records import RunRecordRefused, read_run_record, run_records_folder
from conformance.tests.support.planted_changes import Small
from conformance.truth import corpus
from conformance.upgrades.bisecting.questions import question_of_case_file
from conformance.upgrades.observations.questions import questions
from conformance.upgrades.observations.record import Answer, Observation, RecordRefused, read_record, write_record

_CASE = 'implementation = "oracle"\n[options]\nkind = "GRU"\ndtype = "float64"\n[sizes]\nbatch = 2\ntime = 3\n'
_LSTM = {"class_name": "LSTM", "config": {"name": "lstm", "units": 3, "recurrent_activation": "sigmoid"}}
_INPUT = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 7, 2]}}
_MODEL: dict[str, Any] = {"class_name": "Sequential", "config": {"layers": [_INPUT, _LSTM]}}


@dataclass(frozen=True)
class Reader:
    """A reader of files.

    module    where it is
    good      writes a good file into a folder
    read      reads it
    refused   what it raises for a file that it does not read
    packed    how a damaged content is put into the file, where the file's checksum would else catch all damage
    inside    the content that is damaged, of the file as it is
    share     how many damaged files of a thousand it gets
    needs     the package without which it reads nothing
    """

    name: str
    module: str
    good: Callable[[Path], Path]
    read: Callable[[Path], Any]
    refused: type[Exception] | tuple[type[Exception], ...]
    packed: Callable[[Path, bytes], None] = lambda path, content: _write(path, content)
    inside: Callable[[Path], bytes] = Path.read_bytes
    share: int = 60
    needs: str = ""


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _file(name: str, content: str | bytes) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return made


def _family(folder: Path) -> Path:
    for name in ("hand_sized.json", "schema.json", "manifest.json"):
        shutil.copy(directory() / name, folder / name)
    return folder / "hand_sized.json"


def _listed(path: Path, content: bytes) -> None:
    """Puts the file in its place, and its new checksum into the manifest."""
    path.write_bytes(content)
    manifest = path.parent / "manifest.json"
    listed = json.loads(manifest.read_bytes())
    listed["files"][path.name]["sha256"] = hashlib.sha256(content).hexdigest()
    manifest.write_text(json.dumps(listed))


def _manifest(folder: Path) -> Path:
    return _family(folder).with_name("manifest.json")


def _record(folder: Path) -> Path:
    question = questions(Small())[0]
    answer = Answer(question, question.digest, {"outputs": np.ones((2, 3), np.float32)}, path="loop")
    path = folder / "small.jsonl.xz"
    write_record(path, [Observation("small", {"small": "1"}, {"system": "Linux"}, "2026-11-22", answers=(answer,))])
    return path


def _run_record(folder: Path) -> Path:
    smallest = min(run_records_folder().glob("cpu-*.json"), key=lambda path: path.stat().st_size)
    return Path(shutil.copy(smallest, folder / "run.json"))


_SETTINGS = {"seed": 0}


def _checkpoint(folder: Path) -> Path:
    path = folder / "job.npz"
    checkpoints.save(path, _SETTINGS, checkpoints.Checkpoint({"weights": np.arange(12.0)}, {"epoch": 1}))
    return path


def _inputs(name: str) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        path, value = folder / name, np.ones((2, 3), np.float32)
        if name.endswith(".npz"):
            np.savez(path, x=value)
        elif name.endswith(".npy"):
            np.save(path, value)
        else:
            path.write_text(json.dumps({"x": value.tolist()}))
        return path

    return made


def _given(path: Path) -> Any:
    return drawing.given(Model("x", "onnx", "", (Input("x", (None, 3), "float32"),), (), ()), path)


def _legacy(folder: Path) -> Path:
    import h5py

    path = folder / "legacy.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(_MODEL)
        file.attrs["keras_version"] = "2.15.0"
        group = file.create_group("model_weights/lstm")
        shapes = {"kernel:0": (2, 12), "recurrent_kernel:0": (3, 12), "bias:0": (12,)}
        group.attrs["weight_names"] = list(shapes)
        for name, shape in shapes.items():
            group[name] = np.full(shape, 0.25, np.float32)
    return path


def _keras(folder: Path) -> Path:
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(_MODEL))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.1.0"}))
        archive.writestr("model.weights.h5", _legacy(folder).read_bytes())
    return path


def _onnx(folder: Path) -> Path:
    from conformance.tests.support.planted_files import two_layers, write

    path = folder / "model.onnx"
    write(two_layers("LSTM"), path)
    return path


def _safetensors(folder: Path) -> Path:
    shapes = {"weight_ih_l0": (12, 2), "weight_hh_l0": (12, 3), "bias_ih_l0": (12,), "bias_hh_l0": (12,)}
    entries, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 4 * int(np.prod(shape))
        entries[f"rnn.{name}"] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    header = json.dumps(entries).encode()
    numbers = np.linspace(-1, 1, end // 4, dtype="<f4").tobytes()
    return _file("model.safetensors", struct.pack("<Q", len(header)) + header + numbers)(folder)


def _state_dict(folder: Path, archive: bool = True) -> Path:
    import torch

    torch.save(torch.nn.LSTM(2, 3).state_dict(), folder / "model.pt", _use_new_zipfile_serialization=archive)
    return folder / "model.pt"


def _old_state_dict(folder: Path) -> Path:
    return _state_dict(folder, archive=False)


def read_state_dict(path: Path) -> Any:
    """As it is read, but that PyTorch is asked in this process: it takes seconds to begin another."""

    def here(command: Sequence[str], **_: Any) -> CompletedProcess[str]:
        return CompletedProcess(command, worker.main(command[3:]))

    with mock.patch.object(running, "run_kept", here):
        return read_model(path)


def _distribution(folder: Path) -> Path:
    inner = _packed_as_tar("sentences.txt", b"1\t2.5\tgood film\n")
    path = folder / "vader.tar.gz"
    path.write_bytes(_packed_as_tar(rated_sentences.INNER, inner))
    return path


def _packed_as_tar(*names_and_contents: Any) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in zip(names_and_contents[::2], names_and_contents[1::2], strict=True):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def _archive(path: Path) -> Any:
    """The checksum of the distribution is looked at first: what stands behind it is read without it here."""
    return rated_sentences.read(read_file(path), "sentences.txt")


_READERS_PACKAGE = "conformance.models.files.readers"

READERS = [
    Reader(
        "family", "conformance.truth.corpus.reading", _family, corpus.read_family, corpus.FixtureRefused, packed=_listed
    ),
    Reader(
        "manifest",
        "conformance.truth.corpus.reading",
        _manifest,
        lambda path: corpus.read_family(path.with_name("hand_sized.json")),
        corpus.FixtureRefused,
    ),
    Reader("record", "conformance.upgrades.observations.record", _record, read_record, RecordRefused),
    Reader(
        "record's lines",
        "conformance.upgrades.observations.record",
        _record,
        read_record,
        RecordRefused,
        packed=lambda path, content: _write(path, lzma.compress(content)),
        inside=lambda path: lzma.decompress(path.read_bytes()),
    ),
    Reader("run's record", "conformance.running.run_records", _run_record, read_run_record, RunRecordRefused, share=20),
    Reader(
        "earlier errors", "conformance.reporting.error_growth", _run_record, read_earlier_errors, ValueError, share=20
    ),
    Reader(
        "checkpoint",
        "conformance.models.jobs.resumable.checkpoints",
        _checkpoint,
        lambda path: checkpoints.load(path, _SETTINGS),
        checkpoints.CheckpointRefused,
    ),
    Reader("arrays", "conformance.common.reading", _checkpoint, read_npz, Unreadable),
    Reader("JSON", "conformance.common.reading", _inputs("x.json"), read_json, Unreadable),
    Reader("TOML", "conformance.common.reading", _file("x.toml", _CASE), read_toml, Unreadable),
    *(
        Reader(f"inputs {name}", "conformance.models.files.drawing", _inputs(name), _given, CannotRead)
        for name in ("x.json", "x.npy", "x.npz")
    ),
    Reader(
        "case", "conformance.upgrades.bisecting.questions", _file("case.toml", _CASE), question_of_case_file, ValueError
    ),
    Reader(
        "sentences",
        "conformance.models.jobs.data.rated_sentences",
        _distribution,
        _archive,
        (rated_sentences.DataRefused, Unreadable),
    ),
    Reader(
        "reviews",
        "conformance.models.jobs.data.reviews",
        _inputs("imdb.npz"),
        lambda path: reviews.from_imdb(path, "torch", 10, 5, unpickle=True),
        rated_sentences.DataRefused,
        share=20,
    ),
    Reader("safetensors", f"{_READERS_PACKAGE}.safetensors", _safetensors, read_model, CannotRead),
    Reader("Keras 2", f"{_READERS_PACKAGE}.keras_weights", _legacy, read_model, CannotRead, needs="h5py"),
    Reader("Keras 3", f"{_READERS_PACKAGE}.keras_file", _keras, read_model, CannotRead, needs="h5py"),
    Reader("PyTorch", f"{_READERS_PACKAGE}.state_dict", _state_dict, read_state_dict, CannotRead, needs="torch"),
    Reader("PyTorch 1", f"{_READERS_PACKAGE}.state_dict", _old_state_dict, read_state_dict, CannotRead, needs="torch"),
    Reader("ONNX", f"{_READERS_PACKAGE}.onnx_file", _onnx, read_model, CannotRead, needs="onnx"),
]
"""Every reader; `conformance.tests.common.test_readers` sees to it that none is missing."""

AVAILABLE = [reader for reader in READERS if not reader.needs or importlib.util.find_spec(reader.needs)]
"""Those whose package is installed."""
