"""What changed for recurrent layers from release to release: the records of a folder, in order of release.

A folder holds a record for each package whose releases follow each other in it, ``keras.jsonl.xz`` and so on; all else
is the same from one to the next as far as it can be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from packaging.version import Version

from ...contract import Observed
from ...judging.verdict import judge
from ..environments.compatibility import successors
from .answers import TruthCache
from .comparing import Difference, difference
from .record import SUFFIX, Observation, Record, read_record


@dataclass(frozen=True)
class Release:
    """One release of a package, with one implementation.

    standing   how many cases ``agree`` with the oracle, are ``outside`` their bounds, or ``raised``
    errors     dtype to the median over agreeing cases of the worst error in units of its bound
    moved      what moved since the previous release, None for the first
    """

    version: str
    observation: Observation
    standing: Mapping[str, int]
    errors: Mapping[str, float]
    moved: Difference | None


@dataclass(frozen=True)
class ReleaseSeries:
    """A package's releases in order, with one implementation."""

    package: str
    implementation: str
    releases: Sequence[Release]


def histories_in(folder: Path) -> list[ReleaseSeries]:
    """The series of every record in the folder."""
    return [
        series
        for path in record_files(folder)
        for series in series_of_record(path.name.removesuffix(SUFFIX), read_record(path))
    ]


def record_files(folder: Path) -> list[Path]:
    """The records in a folder; `ValueError` where there is none."""
    found = sorted(folder.glob(f"*{SUFFIX}"))
    if not found:
        raise ValueError(f"{folder}: holds no record (*{SUFFIX})")
    return found


def series_of_record(package: str, record: Record) -> Iterator[ReleaseSeries]:
    """The series of one package's record, an implementation each."""
    parts: dict[str, list[Observation]] = {}
    for one in record:
        if package not in one.versions:
            raise ValueError(f"{package}{SUFFIX}: {one.label} says nothing of {package}")
        parts.setdefault(successors().get(one.implementation, one.implementation), []).append(one)
    for implementation, its in parts.items():
        truths, releases = TruthCache(), list[Release]()
        for one in sorted(its, key=lambda each: Version(each.versions[package])):
            before = releases[-1].observation if releases else None
            standing, errors = standing_and_errors(one, truths)
            moved = difference(before, one, truths) if before else None
            releases.append(Release(Version(one.versions[package]).public, one, standing, errors, moved))
        yield ReleaseSeries(package, implementation, releases)


def standing_and_errors(observation: Observation, truths: TruthCache) -> tuple[dict[str, int], dict[str, float]]:
    """How its answers stand to the oracle, and how large its errors are where they agree."""
    standing: Counter[str] = Counter()
    worst: dict[str, list[float]] = {}
    for answer in observation.answers:
        if answer.raised:
            standing["raised"] += 1
            continue
        verdict = judge(truths.expected(observation, answer), Observed(answer.values))
        standing["outside" if verdict.disagreements else "agree"] += 1
        if verdict.agrees:
            ratios = worst.setdefault(str(answer.question.options["dtype"]), [])
            ratios.append(max(comparison.ratio for comparison in verdict.comparisons))
    return dict(standing), {dtype: median(ratios) for dtype, ratios in sorted(worst.items())}
