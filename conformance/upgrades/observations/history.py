"""What changed for recurrent layers from release to release: records of many releases, in order, as a page.

A folder holds a record for each package whose releases follow each other in it, ``keras.jsonl.xz`` and so on; all else
is the same from one to the next as far as it can be.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from packaging.version import Version

from ...common.atomic import write_figure
from ...contract import Observed
from ...judging.divergences import known_divergences
from ...judging.verdict import judge
from .answers import Truths
from .comparing import Difference, difference
from .record import SUFFIX, Observation, Record, read

PAGE, ERRORS, SPEED = "README.md", "errors.png", "speed.png"
_SUCCESSORS = {"keras2": "keras-tensorflow"}  # in whose history it stands
_TOLD = 8  # findings of a release told on the page


@dataclass(frozen=True)
class Release:
    """One release of a package, with one implementation.

    standing   how many cases ``agree`` with the oracle, lie ``outside`` their bounds, ``raised``
    errors     dtype to the median over agreeing cases of the worst error in units of its bound
    moved      what moved since the release before, None for the first
    """

    version: str
    observation: Observation
    standing: Mapping[str, int]
    errors: Mapping[str, float]
    moved: Difference | None


@dataclass(frozen=True)
class Series:
    """A package's releases in order, with one implementation."""

    package: str
    implementation: str
    releases: Sequence[Release]


def histories(folder: Path) -> list[Series]:
    """The series of every record in the folder."""
    return [series for path in records(folder) for series in of_record(path.name.removesuffix(SUFFIX), read(path))]


def records(folder: Path) -> list[Path]:
    """The records in a folder; `ValueError` where there is none."""
    found = sorted(folder.glob(f"*{SUFFIX}"))
    if not found:
        raise ValueError(f"{folder}: holds no record (*{SUFFIX})")
    return found


def of_record(package: str, record: Record) -> Iterator[Series]:
    """The series of one package's record, an implementation each."""
    parts: dict[str, list[Observation]] = {}
    for one in record:
        if package not in one.versions:
            raise ValueError(f"{package}{SUFFIX}: {one.label} says nothing of {package}")
        parts.setdefault(_SUCCESSORS.get(one.implementation, one.implementation), []).append(one)
    for implementation, its in parts.items():
        truths, releases = Truths(), list[Release]()
        for one in sorted(its, key=lambda each: Version(each.versions[package])):
            before = releases[-1].observation if releases else None
            standing, errors = judged(one, truths)
            moved = difference(before, one, truths) if before else None
            releases.append(Release(Version(one.versions[package]).public, one, standing, errors, moved))
        yield Series(package, implementation, releases)


def judged(observation: Observation, truths: Truths) -> tuple[dict[str, int], dict[str, float]]:
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


# --- the page ----------------------------------------------------------------------------------------------------


def page(series: Sequence[Series], folder: Path) -> str:
    """The history as Markdown."""
    made = [f"- `{path.name}`, SHA-256 `{digest_of(path)}`" for path in records(folder)]
    parts = [
        "# Recurrent layers, release by release",
        "",
        "What released frameworks answered to a fixed corpus of cases, and what moved from each release to the next.",
        "Made by `python -m conformance history fixtures/observations` from the records beside this page; any two",
        "releases in them can be compared in full, for instance",
        "`python -m conformance diff fixtures/observations/keras.jsonl.xz@keras==3.11.3"
        " fixtures/observations/keras.jsonl.xz@keras==3.12.4 --all`.",
        "",
        "*Agree*, *outside* and *raised* count cases: all numbers within their bounds, some outside, an exception.",
        "A case outside its bounds may be a known divergence. *Moved* is what happened since the release above:",
        "the cases that behave otherwise, and those in which only bits changed.",
        "",
        f"![errors, release by release]({ERRORS})",
        "",
        f"![time of a call, release by release]({SPEED})",
        "",
        "The time of a call is the suite's, forward and backward with setting the weights, over the oracle's, in turn",
        "in one process on one thread; where there is no line, none was timed.",
        "",
    ]
    for one in series:
        parts += [*_table(one), *_findings(one)]
    parts += ["## Divergences", "", *_divergences(series), "", "## Made from", "", *made]
    return "\n".join(parts) + "\n"


def digest_of(path: Path) -> str:
    """Of a record's file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _table(series: Series) -> list[str]:
    first = series.releases[0].observation
    beside = {k: v for k, v in first.versions.items() if k != series.package}
    same = ", ".join(f"{name} {version}" for name, version in beside.items())
    rows = [
        f"## {series.package}, as {series.implementation}",
        "",
        f"Beside it in the first release: {same}; recorded {first.recorded} on {first.machine['processor']}, "
        f"{first.machine['system']} {first.machine['architecture']}, CPython {first.machine['python']}, "
        f"{first.machine['threads']} thread.",
        "",
        f"| {series.package} | agree | outside | raised | moved | numbers of the same bits |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for release in series.releases:
        counts = " | ".join(str(release.standing.get(name, 0)) for name in ("agree", "outside", "raised"))
        moved = release.moved
        if moved is None or not moved.compared:
            rows.append(f"| {release.version} | {counts} | {'' if moved is None else 'no case in common'} | |")
            continue
        said = f"**{moved.severity}**" if moved.severity == "behaviour" else moved.severity
        cases = [f"{moved.cases.get(name, 0)} {name}" for name in ("behaviour", "rounding") if moved.cases.get(name)]
        alike = 100 * (1 - moved.changed / max(moved.numbers, 1))
        rows.append(
            f"| {release.version} | {counts} | {said}{': ' + ', '.join(cases) if cases else ''} | {alike:.4g} % |"
        )
    return [*rows, ""]


def _findings(series: Series) -> Iterator[str]:
    for release in series.releases:
        told = [] if release.moved is None else [f for f in release.moved.findings if f.severity != "rounding"]
        if not told:
            continue
        yield f"**{series.package} {release.version}**"
        yield ""
        yield from (f"- {finding.severity}: {finding.where}: {finding.what}" for finding in told[:_TOLD])
        if len(told) > _TOLD:
            yield f"- and {len(told) - _TOLD} more"
        yield ""


def _divergences(series: Sequence[Series]) -> Iterator[str]:
    """In which releases each known divergence shows, as its minimal case told in each."""
    yield "| known divergence | implementation | shows in | gone in |"
    yield "| --- | --- | --- | --- |"
    for entry in known_divergences():
        for one in series:
            told = {r.version: r.observation.divergences.get(entry.id) for r in one.releases}
            if any(told.values()):
                shows, gone = (ranges(told, state) for state in ("shows", "gone"))
                yield f"| `{entry.id}` | {one.implementation} | {_of(one, shows)} | {_of(one, gone)} |"


def _of(series: Series, ranges: str) -> str:
    return f"{series.package} {ranges}" if ranges else ""


def ranges(told: Mapping[str, str | None], state: str) -> str:
    """The versions in that state, as ranges of the versions that were asked."""
    found: list[list[str]] = []
    before = None
    for version, its in told.items():
        if its == state:
            if before != state:
                found.append([])
            found[-1].append(version)
        before = its
    return ", ".join(each[0] if len(each) == 1 else f"{each[0]} to {each[-1]}" for each in found)


# --- plots -------------------------------------------------------------------------------------------------------


def plot_errors(series: Sequence[Series], path: Path) -> None:
    """The median case's worst error in units of its bound, by release, for float64 and float32."""
    lines = [
        (one, dtype, [release.errors.get(dtype, np.nan) for release in one.releases])
        for one in series
        for dtype in ("float64", "float32")
    ]
    _plot(series, path, "worst error / bound, median over cases", lines)


def plot_speed(series: Sequence[Series], path: Path) -> None:
    """The time of a call, forward and backward, over the oracle's, by release and kind of cell."""
    lines = [
        (one, kind, [release.observation.speed.get(kind, np.nan) for release in one.releases])
        for one in series
        for kind in ("SimpleRNN", "LSTM", "GRU")
    ]
    _plot(series, path, "time of a call / the oracle's", lines)


def _plot(series: Sequence[Series], path: Path, label: str, lines: Sequence[tuple[Series, str, list[float]]]) -> None:
    from matplotlib.figure import Figure

    lines = [line for line in lines if not np.isnan(line[2]).all()]
    packages = list(dict.fromkeys(one.package for one, _, _ in lines))
    figure: Any = Figure(figsize=(10, 3.6 * max(len(packages), 1)), layout="constrained")
    panels = figure.subplots(len(packages), squeeze=False)[:, 0] if packages else []
    styles = {"float64": "-", "float32": "--", "SimpleRNN": ":", "LSTM": "-", "GRU": "--"}
    for panel, package in zip(panels, packages, strict=True):
        its = [one for one in series if one.package == package]
        colours = {one.implementation: f"C{k}" for k, one in enumerate(its)}
        order = sorted({release.version for one in its for release in one.releases}, key=Version)
        for one, what, values in lines:
            if one.package == package:
                at = [order.index(release.version) for release in one.releases]
                name = f"{one.implementation}, {what}"
                panel.plot(at, values, styles[what], marker=".", color=colours[one.implementation], label=name)
        panel.set_xticks(range(len(order)), order, rotation=45, ha="right")
        panel.set_title(package)
        panel.set_ylabel(label)
        panel.set_yscale("log")
        panel.grid(alpha=0.3)
        panel.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    write_figure(path, figure, dpi=110, format="png", metadata={"Software": None})
