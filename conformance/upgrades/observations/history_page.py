"""The history as a Markdown page: a table of releases for each package, what moved, and known divergences."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...judging.divergences import known_divergences
from .history import ReleaseSeries, record_files
from .history_plots import ERRORS, SPEED

PAGE = "README.md"
_FINDINGS_SHOWN = 8  # of a release


def history_page(series: Sequence[ReleaseSeries], folder: Path) -> str:
    """The history as Markdown."""
    made = [f"- `{path.name}`, SHA-256 `{digest_of(path)}`" for path in record_files(folder)]
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
    """The SHA-256 of a record's file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _table(series: ReleaseSeries) -> list[str]:
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
        severity = f"**{moved.severity}**" if moved.severity == "behaviour" else moved.severity
        cases = [f"{moved.cases.get(name, 0)} {name}" for name in ("behaviour", "rounding") if moved.cases.get(name)]
        alike = 100 * (1 - moved.changed / max(moved.numbers, 1))
        rows.append(
            f"| {release.version} | {counts} | {severity}{': ' + ', '.join(cases) if cases else ''} | {alike:.4g} % |"
        )
    return [*rows, ""]


def _findings(series: ReleaseSeries) -> Iterator[str]:
    for release in series.releases:
        findings = [] if release.moved is None else [f for f in release.moved.findings if f.severity != "rounding"]
        if not findings:
            continue
        yield f"**{series.package} {release.version}**"
        yield ""
        yield from (f"- {finding.severity}: {finding.where}: {finding.what}" for finding in findings[:_FINDINGS_SHOWN])
        if len(findings) > _FINDINGS_SHOWN:
            yield f"- and {len(findings) - _FINDINGS_SHOWN} more"
        yield ""


def _divergences(series: Sequence[ReleaseSeries]) -> Iterator[str]:
    """The releases in which each known divergence shows, as its minimal case did when they were recorded."""
    yield "| known divergence | implementation | shows in | gone in |"
    yield "| --- | --- | --- | --- |"
    for entry in known_divergences():
        for one in series:
            states = {r.version: r.observation.divergences.get(entry.id) for r in one.releases}
            if any(states.values()):
                shows, gone = (version_ranges(states, state) for state in ("shows", "gone"))
                yield f"| `{entry.id}` | {one.implementation} | {_versions(one, shows)} | {_versions(one, gone)} |"


def _versions(series: ReleaseSeries, ranges: str) -> str:
    return f"{series.package} {ranges}" if ranges else ""


def version_ranges(states: Mapping[str, str | None], state: str) -> str:
    """The versions in that state, as ranges of the versions that were recorded."""
    found: list[list[str]] = []
    before = None
    for version, its in states.items():
        if its == state:
            if before != state:
                found.append([])
            found[-1].append(version)
        before = its
    return ", ".join(each[0] if len(each) == 1 else f"{each[0]} to {each[-1]}" for each in found)
