"""Records: their nouns, and the file that keeps them.

The file is a text of lines of JSON, compressed by xz, whose SHA-256 guards it: the format and its version first, then
one observation a line, then ``{"end": …}`` with the count of answers of each. (Records of version 1 end without it.)
An array is written ``float32[2,3]:`` and its bytes, little-endian, in base64. Any language
reads it; ``schema.json`` beside this file says what a line holds. What several observations have in common is stored
once, since xz finds it.
"""

from __future__ import annotations

import base64
import binascii
import json
import lzma
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...cases.numbers import numpy_dtype
from ...common.atomic import write_atomically
from ...common.reading import Unreadable, parse_json, read_file, unpack_xz
from ...common.schemas import mismatch
from ...contract import Array, Quantities
from .questions import Question

FORMAT = "rnn-conformance record"
VERSION = 2
_WITHOUT_END = 1  # the version whose records end without a count
SUFFIX = ".jsonl.xz"
MAX_BYTES = 2**27
"""The most that a file may hold, and unpack to; more is refused before it is parsed."""
_ARRAY = re.compile(r"(float64|float32|float16|bfloat16)\[((?:\d+(?:,\d+)*)?)\]:([A-Za-z0-9+/=]*)")


class RecordRefused(ValueError):
    """A file that is no record, or a damaged one: the file, and what is wrong."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


@dataclass(frozen=True)
class Raised:
    """What an implementation raised instead of answering."""

    type: str
    message: str


@dataclass(frozen=True)
class Answer:
    """What an implementation gave for a question.

    values   quantity name to array, empty where it raised; at real sizes what `thinning` keeps of it
    path     the code path that ran, in the framework's terms
    bits     a digest of every bit, where not all numbers are kept
    """

    question: Question
    digest: str
    values: Quantities = field(default_factory=dict)
    raised: Raised | None = None
    path: str = ""
    bits: str = ""


@dataclass(frozen=True)
class Observation:
    """One implementation in one environment.

    versions      package to version, of the framework and of what it computes with
    machine       platform, processor and its vector extensions, threads
    arithmetic    dtype to the name of the arithmetic that it says it computes with
    surface       class to its signature, defaults and weights, and how dropout is drawn (`conformance.suite.drawing`)
    divergences   id of a known divergence to whether its minimal case ``shows`` or is ``gone``
    speed         kind of cell to the seconds of a call, forward and backward, over those of the oracle
    not_run       what was not asked and why, empty where all was
    """

    implementation: str
    versions: Mapping[str, str]
    machine: Mapping[str, Any]
    recorded: str
    arithmetic: Mapping[str, str] = field(default_factory=dict)
    surface: Mapping[str, Any] = field(default_factory=dict)
    divergences: Mapping[str, str] = field(default_factory=dict)
    speed: Mapping[str, float] = field(default_factory=dict)
    answers: Sequence[Answer] = ()
    not_run: str = ""

    @property
    def name(self) -> str:
        """The implementation's: what is asked of an implementation is asked of an observation too."""
        return self.implementation

    @property
    def label(self) -> str:
        """The implementation and its versions."""
        return f"{self.implementation} ({', '.join(f'{k} {v}' for k, v in self.versions.items())})"


Record = tuple[Observation, ...]


def write_record(path: Path, record: Iterable[Observation]) -> None:
    """Writes the file; it appears whole or not at all."""
    encoded = [_encoded(observation) for observation in record]
    end = {"end": [len(line["answers"]) for line in encoded]}
    lines = [{"format": FORMAT, "version": VERSION}, *encoded, end]
    text = "".join(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n" for line in lines)
    write_atomically(path, lzma.compress(text.encode(), check=lzma.CHECK_SHA256, preset=9))


def read_record(path: Path) -> Record:
    """The observations in the file, each checked; `RecordRefused` where anything is amiss."""
    header, *lines = _lines(path)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise RecordRefused(path, "is no record of `python -m conformance record`")
    version = header.get("version")
    if type(version) is not int or version not in (VERSION, _WITHOUT_END):
        raise RecordRefused(path, f"expected version {VERSION} of the format, got {version!r:.80}")
    end = lines.pop() if version == VERSION and lines else None
    for number, line in enumerate(lines, 2):
        if wrong := mismatch(line, _schema()):
            raise RecordRefused(path, f"line {number}: {wrong}")
    counts = {"end": [len(line["answers"]) for line in lines]}
    if version == VERSION and end != counts:
        raise RecordRefused(path, f"does not end with the count of its answers, {counts}: some are missing")
    try:
        return tuple(_decoded(line) for line in lines)
    except ValueError as error:
        raise RecordRefused(path, str(error)) from error


def encoded_values(values: Quantities) -> dict[str, str]:
    """Arrays as they are written."""
    return {name: _text_of(np.asarray(value)) for name, value in values.items()}


def _lines(path: Path) -> list[Any]:
    try:
        text = unpack_xz(path, read_file(path, MAX_BYTES), MAX_BYTES).decode("utf-8")
    except Unreadable as error:
        raise RecordRefused(path, error.problem) from None
    except UnicodeDecodeError as error:
        raise RecordRefused(path, f"is not lines of JSON: {error}") from None
    try:
        lines = [parse_json(path, line) for line in text.splitlines()]
    except Unreadable as error:
        raise RecordRefused(path, f"is not lines of JSON: {error.problem}") from None
    if not lines:
        raise RecordRefused(path, "is empty")
    return lines


@cache
def _schema() -> Any:
    return json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))


def _encoded(observation: Observation) -> dict[str, Any]:
    plain = {name: value for name, value in vars(observation).items() if name != "answers"}
    return plain | {"answers": [_encoded_answer(answer) for answer in observation.answers]}


def _encoded_answer(answer: Answer) -> dict[str, Any]:
    question = answer.question
    found: dict[str, Any] = {
        "options": dict(question.options),
        "draw": question.draw,
        "digest": answer.digest,
        "path": answer.path,
        "values": encoded_values(answer.values),
    }
    found |= question_extras(question)
    if answer.bits:
        found["bits"] = answer.bits
    if answer.raised:
        found["raised"] = vars(answer.raised)
    return found


def question_extras(question: Question) -> dict[str, Any]:
    """What a question says beyond options and draw, as it is written."""
    found: dict[str, Any] = {
        name: getattr(question, name) for name in ("size", "divergence") if getattr(question, name)
    }
    return found | ({"sizes": dict(question.sizes)} if question.sizes else {})


def _decoded(line: Mapping[str, Any]) -> Observation:
    return Observation(**{**line, "answers": tuple(decoded_answer(each) for each in line["answers"])})


def decoded_answer(line: Mapping[str, Any]) -> Answer:
    """The inverse of what a line of a record says of an answer; `ValueError` for an array that is none."""
    return Answer(
        Question(line["options"], line["draw"], line.get("sizes"), line.get("size", ""), line.get("divergence", "")),
        line["digest"],
        {name: _array_of(name, text) for name, text in line["values"].items()},
        Raised(**line["raised"]) if "raised" in line else None,
        line["path"],
        line.get("bits", ""),
    )


def _text_of(array: Array) -> str:
    shape = ",".join(map(str, array.shape))
    little = array.astype(array.dtype.newbyteorder("<")) if array.dtype.name != "bfloat16" else array
    return f"{array.dtype.name}[{shape}]:{base64.b64encode(np.ascontiguousarray(little).tobytes()).decode()}"


def _array_of(name: str, text: str) -> Array:
    found = _ARRAY.fullmatch(text)
    if found is None:
        raise ValueError(f"{name}: expected dtype[shape]:base64, got {text[:40]!r}")
    dtype, shape = numpy_dtype(found[1]), tuple(int(size) for size in found[2].split(",") if size)
    try:
        content = base64.b64decode(found[3], validate=True)
        return np.frombuffer(content, dtype).reshape(shape)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{name}: {found[1]}{list(shape)}: {error}") from None
