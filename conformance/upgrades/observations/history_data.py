"""The history as data that JSON holds, for pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from .history import Release, ReleaseSeries, record_files, series_of_record
from .history_page import version_ranges
from .record import SUFFIX, read_record

_FINDINGS_SHOWN = 20  # of a release


def history_data(folder: Path) -> list[dict[str, Any]]:
    """Each series of a folder's records with its releases.

    Answers to cases that this version of the project draws otherwise cannot be judged: they are left out, and counted.
    `ValueError` where there is no record.

    left_out   how many answers of the whole record are left out

    standing   how many cases ``agree``, are ``outside`` their bounds, ``raised``; ``errors`` and ``speed`` as in
               `Release` and `Observation`
    moved      the gravest severity of what moved since the release before, empty of the first; ``findings`` the first
               ones in words, and ``more`` how many there are beside
    alike      the share of numbers of the same bits as before; None where none were compared
    """
    found = []
    for path in record_files(folder):
        record = read_record(path)
        judged = [[a for a in one.answers if a.question.digest == a.digest] for one in record]
        kept = tuple(replace(one, answers=its) for one, its in zip(record, judged, strict=True))
        left_out = sum(len(one.answers) for one in record) - sum(len(one.answers) for one in kept)
        found += [_series(one, left_out) for one in series_of_record(path.name.removesuffix(SUFFIX), kept)]
    return found


def _series(one: ReleaseSeries, left_out: int) -> dict[str, Any]:
    return {
        "package": one.package,
        "implementation": one.implementation,
        "beside": {k: v for k, v in one.releases[0].observation.versions.items() if k != one.package},
        "machine": dict(one.releases[0].observation.machine),
        "recorded": one.releases[0].observation.recorded,
        "releases": [_release(release) for release in one.releases],
        "divergences": _divergences(one),
        "left_out": left_out,
    }


def _release(release: Release) -> dict[str, Any]:
    moved = release.moved
    findings = [] if moved is None else [one for one in moved.findings if one.severity != "rounding"]
    return {
        "version": release.version,
        "standing": {name: release.standing.get(name, 0) for name in ("agree", "outside", "raised")},
        "errors": dict(release.errors),
        "speed": dict(release.observation.speed),
        "moved": "" if moved is None else moved.severity,
        "alike": None if moved is None or not moved.numbers else 1 - moved.changed / moved.numbers,
        "findings": [f"{one.severity}: {one.where}: {one.what}" for one in findings[:_FINDINGS_SHOWN]],
        "more": max(0, len(findings) - _FINDINGS_SHOWN),
    }


def _divergences(series: ReleaseSeries) -> dict[str, dict[str, str]]:
    """Each divergence that was looked for, to the releases in which it ``shows`` and is ``gone``."""
    names = dict.fromkeys(name for release in series.releases for name in release.observation.divergences)
    states = {name: {r.version: r.observation.divergences.get(name) for r in series.releases} for name in names}
    return {name: {state: version_ranges(its, state) for state in ("shows", "gone")} for name, its in states.items()}
