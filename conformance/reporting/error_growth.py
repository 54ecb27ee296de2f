"""Errors that grew within their bounds since an earlier run: an upgrade that loses a digit is seen early.

A family's worst error is one number of thousands. What all of them have in common (`many_errors`) is compared as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..common.reading import read_json
from ..common.schemas import mismatch
from ..judging.verdict import NEGLIGIBLE_RATIO
from .json_report import FORMAT
from .many_errors import Many, leaning_since
from .result import Result

FACTOR = 10.0  # a decimal digit

EarlierErrors = Mapping[tuple[str, str], Mapping[str, float]]
EarlierMany = Mapping[tuple[str, str], Many]
_SCHEMA = {
    "type": "object",
    "required": ["format", "implementations"],
    "properties": {
        "format": {"const": FORMAT},
        "implementations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "device", "families"],
                "properties": {
                    "families": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "required": ["worst"],
                            "properties": {"worst": {"type": ["number", "null"]}},
                        },
                    }
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Growth:
    """A family of quantities whose worst error grew: what it was before and is now, in units of its limit."""

    implementation: str
    device: str
    family: str
    before: float
    now: float

    def __str__(self) -> str:
        return f"{self.implementation} ({self.device}), {self.family}: {self.before:.2g} before, {self.now:.2g} now"


def read_earlier_errors(path: Path) -> tuple[EarlierErrors, EarlierMany]:
    """By name and device, the worst errors in what `run --json` wrote, and what all have in common.

    Raises `ValueError` for any other file.
    """
    content: dict[str, Any] = read_json(path)
    if wrong := mismatch(content, _SCHEMA):
        raise ValueError(f"{path}: expected what run --json wrote: {wrong}")
    runs = {(its["name"], its["device"]): its for its in content["implementations"]}
    worst = {
        run: {
            family: float("inf") if found["worst"] is None else found["worst"]
            for family, found in its["families"].items()
        }
        for run, its in runs.items()
    }
    return worst, {run: its.get("many", {}) for run, its in runs.items()}


def grown_errors(results: Sequence[Result], earlier: EarlierErrors) -> Iterator[Growth]:
    """The families of these results whose worst error grew by `FACTOR` or more."""
    for result in results:
        before = earlier.get((result.name, result.device), {})
        for family, found in result.families.items():
            if family in before and found["worst"] >= max(FACTOR * before[family], NEGLIGIBLE_RATIO):
                yield Growth(result.name, result.device, family, before[family], found["worst"])


def new_leanings(results: Sequence[Result], earlier: EarlierMany) -> Iterator[str]:
    """What the errors of these results do as a whole, and did not before."""
    for result in results:
        for said in leaning_since(result.many, earlier.get((result.name, result.device), {})):
            yield f"{result.name} ({result.device}), {said}"
