"""Every reader takes damaged and hostile files: a clear line each, in bounded time and memory."""

from __future__ import annotations

import ast
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.common import reading
from conformance.tests.support import ROOT
from conformance.tests.support.damaged_files import damaged, finding, hostile
from conformance.tests.support.readers import AVAILABLE, READERS, Reader

PACKAGE = ROOT / "conformance"
_RAW = {
    *("json.loads", "json.load", "np.load", "tomllib.loads", "tomllib.load", "h5py.File", "onnx.load_model"),
    *("lzma.open", "lzma.decompress", "lzma.LZMADecompressor", "gzip.open", "gzip.decompress", "zipfile.ZipFile"),
    *("tarfile.open", "torch.load", "torch.jit.load", "torch.export.load", "zlib.decompress", "pickle.load"),
}
"""What parses a file without a limit of its own."""
INSIDE = {
    "conformance.common.reading": "the one path through which the others read",
    "conformance.models.files.readers.onnx_choices": "onnx.load_model of a file that the reader has read before",
    "conformance.models.files.published": "one member of a registry's archive, never more of it than of any file",
    "conformance.implementations.onnx.file_runs": "a runtime's own process",
    "conformance.models.files.readers.hdf5_probe": "in a process of its own, with a limit of time",
    "conformance.implementations.pytorch.file_runs": "PyTorch's own process, which is waited for",
    **dict.fromkeys(
        (
            "conformance.judging.divergences.catalogue",
            "conformance.upgrades.bisecting.questions",
            "conformance.upgrades.observations.record",
        ),
        "a schema of the package's own; what others wrote goes through the common path",
    ),
    **dict.fromkeys(
        (
            "conformance.implementations.child",
            "conformance.implementations.oracle.layers",
            "conformance.implementations.node",
            "conformance.running.events",
            "conformance.running.forking",
            "conformance.truth.accuracy",
            "conformance.truth.activation_accuracy",
            "conformance.truth.activation_worker",
            "conformance.models.jobs.worker",
            "conformance.models.jobs.frameworks",
            "conformance.models.training.tracing",
            "conformance.models.files.worker",
            "conformance.models.files.running",
            "conformance.power.tolerance_study.worker",
            "conformance.power.benchmark.worker",
            "conformance.power.benchmark.measuring",
        ),
        "what a process of ours says to another, in a folder that both made",
    ),
    "conformance.truth.corpus.writing": "counts the cases of files that it has just written",
}
"""The modules that parse files, and why they need no test here."""


@pytest.mark.parametrize("reader", AVAILABLE, ids=lambda reader: reader.name)
def test_a_good_file_is_read(reader: Reader, tmp_path: Path) -> None:
    if reader.name == "reviews":  # reads Keras's own file alone, whose pickles are not here
        with pytest.raises(reader.refused, match=r"expected SHA-256"):
            reader.read(reader.good(tmp_path))
    else:
        reader.read(reader.good(tmp_path))


def test_an_old_file_of_pytorch_takes_no_memory_for_what_it_only_says(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    reader = next(each for each in READERS if each.name == "PyTorch 1")
    path = tmp_path / "model.pt"
    path.write_bytes(b"\x80\x02X" + (2**32 - 1).to_bytes(4, "little") + b"a text of 4 GiB")
    assert finding(reader, path) == ""


@pytest.mark.parametrize("reader", AVAILABLE, ids=lambda reader: reader.name)
def test_damaged_files_are_one_clear_line_each(reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if reader.name.startswith("Keras"):
        from conformance.models.files.readers import keras_weights

        monkeypatch.setattr(keras_weights, "PROBE_SECONDS", 1.0)  # some files keep HDF5's library busy for ever
    assert damaged(reader, reader.share, 0, tmp_path) == []


@pytest.fixture(scope="module")
def hostile_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("hostile")
    hostile(folder)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("reader", AVAILABLE, ids=lambda reader: reader.name)
def test_hostile_files_are_one_clear_line_each(reader: Reader, hostile_files: list[Path], tmp_path: Path) -> None:
    path = reader.good(tmp_path)
    found = {}
    for file in hostile_files:
        path.unlink()
        path.symlink_to(file)
        found[file.name] = finding(reader, path)
    assert {kind: wrong for kind, wrong in found.items() if wrong} == {}


def test_a_thousand_damaged_files_are_shared_out() -> None:
    assert sum(reader.share for reader in READERS) >= 1000


def test_no_module_that_parses_files_is_forgotten() -> None:
    raw = {name for name, its in _parsing_modules().items() if its}
    known = {reader.module for reader in READERS} | set(INSIDE)
    assert raw - known == set(), "a new reader: see conformance/tests/support/readers.py"
    assert {reader.module for reader in READERS} <= set(_parsing_modules()), "a reader whose module is gone"
    assert set(INSIDE) <= raw, "an entry of INSIDE whose module parses nothing"


def _parsing_modules() -> dict[str, set[str]]:
    """Every module of the package, to the calls in it that parse files."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if "tests" in parts or "scripts" in parts or "programs" in parts:
            continue
        calls = (node.func for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call))
        names = {ast.unparse(call) for call in calls if isinstance(call, ast.Attribute)}
        found[".".join(parts)] = names & _RAW
    return found


def test_an_unreadable_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "secret.json"
    monkeypatch.setattr(os, "open", denied)  # root, as which tests may run, reads every file
    with pytest.raises(reading.Unreadable, match="Permission denied"):
        reading.read_json(path)


@pytest.mark.parametrize("pack", ["xz", "gzip"])
def test_what_unpacks_to_the_limit_is_read_and_one_byte_more_is_not(pack: str) -> None:
    packer: Any = {"xz": lzma.compress, "gzip": gzip.compress}[pack]
    unpack: Callable[[Path, bytes, int], bytes] = {"xz": reading.unpack_xz, "gzip": reading.unpack_gzip}[pack]
    path = Path("x")
    assert unpack(path, packer(bytes(1000)), 1000) == bytes(1000)
    with pytest.raises(reading.Unreadable, match="absurd size"):
        unpack(path, packer(bytes(1001)), 1000)
    with pytest.raises(reading.Unreadable, match="goes on after its end: 1 bytes"):
        unpack(path, packer(bytes(10)) + b"x", 1000)
    with pytest.raises(reading.Unreadable, match="is cut off"):
        unpack(path, packer(bytes(range(100)))[:-3], 1000)


def test_brackets_in_text_are_no_nesting() -> None:
    assert reading.parse_json("x", '"' + "[" * 1000 + '"') == "[" * 1000
    with pytest.raises(reading.Unreadable, match="more than 100 brackets"):
        reading.parse_json("x", "[" * 101 + "]" * 101)


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    kept = {"a": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "b": np.array(3), "c": np.zeros((0, 2), np.int8)}
    np.savez_compressed(tmp_path / "x.npz", **kept)  # type: ignore[arg-type]
    found = reading.read_npz(tmp_path / "x.npz")
    assert found.keys() == kept.keys()
    for name, value in kept.items():
        np.testing.assert_array_equal(found[name], value)
        assert (found[name].dtype, found[name].flags.writeable) == (value.dtype, True)
