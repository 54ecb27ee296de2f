"""How far the oracle and each framework lie from the truth, in units in the last place.

The truth in float64 is the corpus. In float32 the inputs are rounded first, and the truth of the rounded inputs is
certified anew, so that what is measured is an implementation's arithmetic and not the storing of its inputs.

An error is counted in the spacing of the working precision at the exact value: ``|got - truth| / ulp(truth)``. Where
the truth is zero there is no such unit: any other answer counts as infinitely far.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ..common.atomic import write_figure
from ..common.temporary import temporary_folder
from ..contract import Array, family_of
from ..implementations.finding import FRAMEWORKS
from ..running.kept import run_kept
from ..running.processes import subprocess_environment
from . import corpus
from .certificates import certify
from .corpus import Fixture

PARTS = ("values", "gradients")
DTYPES = ("float64", "float32")


@dataclass(frozen=True)
class Distance:
    """The errors of one implementation in one dtype over one family, in ulp.

    part      ``values`` (outputs, states and gates) or ``gradients``
    numbers   how many were compared
    """

    implementation: str
    dtype: str
    family: str
    part: str
    numbers: int
    median: float
    percentile_99: float
    maximum: float


@dataclass(frozen=True)
class Accuracy:
    """All distances, the versions measured, and what was not run: implementation to reason to number of cases."""

    distances: tuple[Distance, ...]
    versions: Mapping[str, Mapping[str, str]]
    not_run: Mapping[str, Mapping[str, int]]


def measure_accuracy(
    implementations: Sequence[str] = ("oracle", *FRAMEWORKS),
    families: Sequence[str] | None = None,
    console: Console | None = None,
) -> Accuracy:
    """Measures each implementation, in a process of its own, on each family of the corpus."""
    names = tuple(families or corpus.families())
    distances: list[Distance] = []
    versions: dict[str, Mapping[str, str]] = {}
    not_run: dict[str, dict[str, int]] = {}
    with Progress(console=console or Console(stderr=True), transient=True) as bar:
        task = bar.add_task("certifying in float32", total=len(names) + len(implementations))
        truth: dict[str, Mapping[str, Array]] = {}
        for family in names:
            for fixture in corpus.read(family):
                truth |= _truth(family, fixture)
            bar.update(task, advance=1)
        for name in implementations:
            bar.update(task, description=name)
            answers, report = _ask(name, names)
            versions[name] = report["versions"]
            reasons = not_run.setdefault(name, {})
            for why in [report["unavailable"]] if report["unavailable"] else report["not_run"].values():
                reasons[why] = reasons.get(why, 0) + 1
            distances += _distances(name, names, truth, answers)
            bar.update(task, advance=1)
    return Accuracy(tuple(distances), versions, not_run)


def show(console: Console, found: Accuracy) -> None:
    """The table: one line for each family, implementation and dtype."""
    table = Table(title="distance from the certified truth, in ulp")
    for column in ("family", "implementation", "dtype"):
        table.add_column(column)
    for part in PARTS:
        for column in ("numbers", "median", "99 %", "max"):
            table.add_column(f"{part}\n{column}", justify="right")
    rows: dict[tuple[str, str, str], dict[str, Distance]] = {}
    for d in found.distances:
        rows.setdefault((d.family, d.implementation, d.dtype), {})[d.part] = d
    for key in sorted(rows, key=lambda key: [d.family for d in found.distances].index(key[0])):
        cells: list[str] = []
        for part in PARTS:
            its = rows[key].get(part)
            cells += ["–"] * 4 if its is None else [str(its.numbers), *map(_short, _three(its))]
        table.add_row(*key, *cells)
    console.print(table)
    for name, versions in found.versions.items():
        console.print(f"{name}: {', '.join(f'{k} {v}' for k, v in versions.items()) or 'not here'}")
        for why, count in found.not_run[name].items():
            console.print(f"  not run: {count} × {why}")


def plot(found: Accuracy, path: Path) -> None:
    """A picture: each family a row, each implementation a line from the median to the maximum. Needs matplotlib."""
    from matplotlib.figure import Figure  # an optional extra: pip install 'rnn-conformance[plot]'

    families = list(dict.fromkeys(d.family for d in found.distances))
    subjects = list(dict.fromkeys((d.implementation, d.dtype) for d in found.distances))
    names = list(dict.fromkeys(name for name, _ in subjects))
    figure = Figure(figsize=(12, 1.5 + 0.16 * len(families) * len(subjects)), layout="constrained")
    for axes, part in zip(figure.subplots(1, 2, sharey=True), PARTS, strict=True):
        for d in (d for d in found.distances if d.part == part):
            subject = subjects.index((d.implementation, d.dtype))
            height = families.index(d.family) + 0.8 * (subject / len(subjects) - 0.5)
            ends = [max(min(value, 1e20), 0.1) for value in _three(d)]
            colour, style = f"C{names.index(d.implementation)}", "-" if d.dtype == "float64" else ":"
            label = f"{d.implementation}, {d.dtype}" if d.family == families[0] else None
            axes.plot(ends, [height] * 3, style, color=colour, label=label)
            axes.plot(ends, [height] * 3, linestyle="", marker="|", color=colour)
        axes.set(xscale="log", xlabel="ulp: median, 99th percentile, maximum", title=part)
        axes.set_yticks(range(len(families)), families)
        axes.grid(axis="x", alpha=0.3)
    axes.invert_yaxis()
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    write_figure(path, figure, dpi=120)


def ulps(truth: Array, got: Array, dtype: Any) -> Array:
    """``|got - truth|`` in spacings of the dtype at the truth, flattened; what the dtype cannot hold is left out."""
    with np.errstate(all="ignore"):
        unit = np.spacing(np.abs(truth).astype(dtype)).astype(np.float64)
        error = np.abs(got.astype(np.float64) - truth)
        found = np.where(error == 0, 0.0, np.where(truth == 0, np.inf, error / unit))
    distances: Array = np.nan_to_num(found, nan=np.inf, posinf=np.inf)[np.isfinite(unit)]
    return distances


def _truth(family: str, fixture: Fixture) -> Iterator[tuple[str, Mapping[str, Array]]]:
    yield f"{family}/{fixture.id}/float64", fixture.expected
    narrow = fixture.case.in_dtype(np.float32).in_dtype(np.float64)
    certificate = certify(narrow)
    if certificate.is_complete:  # rounding the inputs may put a case exactly on a kink
        yield f"{family}/{fixture.id}/float32", certificate.values


def _ask(name: str, families: Sequence[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    with temporary_folder("conformance-accuracy-") as folder:
        command = [sys.executable, "-m", "conformance.truth.accuracy_worker", name, str(folder), *families]
        done = run_kept(command, stdout=PIPE, stderr=PIPE, text=True, env=subprocess_environment())
        if done.returncode != 0:
            last = [f"exit status {done.returncode}", *done.stderr.strip().splitlines()][-1]
            why = f"crashed: {last}"
            return {}, {"versions": {}, "unavailable": why, "not_run": {}}
        with np.load(folder / "answers.npz", allow_pickle=False) as stored:
            return dict(stored), json.loads((folder / "report.json").read_text())


def _distances(
    name: str, families: Sequence[str], truth: Mapping[str, Mapping[str, Array]], answers: Mapping[str, Array]
) -> Iterator[Distance]:
    errors: dict[tuple[str, str, str], list[Array]] = {}
    for key, got in answers.items():
        family, case, dtype, quantity = key.split("/")
        expected = truth.get(f"{family}/{case}/{dtype}", {}).get(quantity)
        if expected is None:  # gradients that nobody asked for
            continue
        part = "gradients" if family_of(quantity) == "gradients" else "values"
        errors.setdefault((dtype, family, part), []).append(ulps(expected, got, dtype))
    for dtype in DTYPES:
        for family in families:
            for part in PARTS:
                found = np.concatenate(errors.get((dtype, family, part), [np.zeros(0)]))
                if found.size:
                    # "higher": an interpolation between finite and infinite would be neither
                    median, high = np.percentile(found, (50, 99), method="higher")
                    yield Distance(
                        name, dtype, family, part, found.size, float(median), float(high), float(found.max())
                    )


def _three(d: Distance) -> tuple[float, float, float]:
    return d.median, d.percentile_99, d.maximum


def _short(value: float) -> str:
    return "∞" if np.isinf(value) else f"{value:.2f}" if value < 100 else f"{value:.3g}"
