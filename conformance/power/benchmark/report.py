"""What the benchmarks found, as tables, as JSON and as a plot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...common.atomic import write_atomically, write_figure
from ...implementations.timing import ORACLE, PRODUCT
from .measuring import Result
from .workloads import SCALING

Versions = Mapping[str, Mapping[str, str]]


def others(results: Sequence[Result]) -> list[str]:
    """Those that the oracle was timed beside, in the order in which they were named."""
    found = dict.fromkeys(name for result in results for name in (*result.seconds, *result.not_run))
    return [name for name in found if name not in (ORACLE, PRODUCT)]


def ratios(results: Sequence[Result], other: str) -> list[float]:
    """The oracle's time over another's, the median of each work."""
    return [found[1] for result in results if (found := result.ratio(other)) is not None]


def show(console: Console, results: Sequence[Result], scaling: Sequence[Result]) -> None:
    """Prints every work, then what they come to, how the oracle's time grows, and what did not run."""
    for (dtype, pass_), its in _by_pass(results):
        console.print(_table(f"{dtype}, {pass_}: the oracle's time, and over the others'", its, others(results)))
    if results:
        console.print(_summary(results))
    if scaling:
        console.print(_scaling(scaling))
    reasons = sorted({(name, why) for result in (*results, *scaling) for name, why in result.not_run.items()})
    for name, why in reasons:
        many = sum(result.not_run.get(name) == why for result in (*results, *scaling))
        console.print(f"{name}: not run in {many}: {escape(why)}", highlight=False, soft_wrap=True)


def _by_pass(results: Sequence[Result]) -> Iterator[tuple[tuple[str, str], list[Result]]]:
    key = lambda result: (result.work.dtype, result.work.pass_name)  # noqa: E731
    return ((which, list(its)) for which, its in groupby(sorted(results, key=key), key))


def _table(title: str, results: Sequence[Result], names: Sequence[str]) -> Table:
    table = Table(title=title)
    table.add_column("cell", no_wrap=True)
    for column in ("time", "batch", "input", "hidden", "oracle, ms", *names, "of a product", "peak, MiB", "of needed"):
        table.add_column(column, justify="right")
    for result in results:
        table.add_row(
            result.work.cell,
            *map(str, result.work.size),
            f"{1000 * median(result.seconds[ORACLE]):.3g}" if ORACLE in result.seconds else "–",
            *(_ratio(result.ratio(name)) for name in names),
            "–" if result.share_of_product is None else f"{100 * result.share_of_product:.0f} %",
            *_memory(result),
        )
    return table


def _ratio(found: tuple[float, float, float] | None) -> str:
    if found is None:
        return "–"
    low, middle, high = found
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def _memory(result: Result) -> tuple[str, str]:
    peak = result.peaks.get(ORACLE)
    if peak is None:
        return "–", "–"
    return f"{peak / 2**20:.1f}", f"{peak / result.work.adjoint_bytes:.2f}" if result.work.gradients else "–"


def _summary(results: Sequence[Result]) -> Table:
    table = Table(title="the oracle's time over another's: over all cells and sizes")
    for column in ("dtype", "pass", "other"):
        table.add_column(column, no_wrap=True)
    for column in ("works", "median", "least", "greatest", "greatest in"):
        table.add_column(column, justify="right")
    for (dtype, pass_), its in _by_pass(results):
        for name in others(its):
            found = ratios(its, name)
            if found:
                greatest = max((one for one in its if one.ratio(name)), key=lambda one: ratios([one], name)).work
                figures = (f"{value:.2f}" for value in (median(found), min(found), max(found)))
                table.add_row(dtype, pass_, name, str(len(found)), *figures, f"{greatest.cell} {greatest.size}")
    return table


def scaling_exponents(scaling: Sequence[Result]) -> dict[tuple[str, str], float]:
    """Cell and what grows to the power of it that the oracle's time grows with: a line fitted to the logarithms."""
    found = {}
    for (cell, name), its in _curves(scaling):
        sizes, seconds = zip(*its, strict=True)
        found[cell, name] = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    return found


def _curves(scaling: Sequence[Result]) -> Iterator[tuple[tuple[str, str], list[tuple[int, float]]]]:
    for cell in dict.fromkeys(result.work.cell for result in scaling):
        timed = {r.work.size: median(r.seconds[ORACLE]) for r in scaling if r.work.cell == cell and ORACLE in r.seconds}
        for place, (name, sizes) in enumerate(SCALING.items()):
            points = [(size[place], timed[size]) for size in sizes if size in timed]
            if len(points) > 1:
                yield (cell, name), points


def _scaling(scaling: Sequence[Result]) -> Table:
    table = Table(title="float64, gradients: the power with which the oracle's time grows")
    table.add_column("cell", no_wrap=True)
    for place, (name, sizes) in enumerate(SCALING.items()):
        table.add_column(f"{name}, {sizes[0][place]} to {sizes[-1][place]}", justify="right")
    found = scaling_exponents(scaling)
    for cell in dict.fromkeys(cell for cell, _ in found):
        table.add_row(cell, *(f"{found[cell, name]:.2f}" if (cell, name) in found else "–" for name in SCALING))
    return table


def write_json(
    path: Path, results: Sequence[Result], scaling: Sequence[Result], versions: Versions, about: Mapping[str, Any]
) -> None:
    """Writes every time of every round, and what follows from them."""
    found = {
        **about,
        "versions": versions,
        "grid": [_as_json(result) for result in results],
        "growth": [_as_json(result) for result in scaling],
        "exponents": [
            {"cell": cell, "grows": name, "power": p} for (cell, name), p in scaling_exponents(scaling).items()
        ],
    }
    write_atomically(path, json.dumps(found, indent=1) + "\n")


def _as_json(result: Result) -> dict[str, Any]:
    return asdict(result) | {
        "needed": result.work.adjoint_bytes,
        "operations": result.work.operations,
        "share_of_product": result.share_of_product,
        "ratios": {name: result.ratio(name) for name in others([result]) if name in result.seconds},
    }


def plot(path: Path, results: Sequence[Result], scaling: Sequence[Result]) -> None:
    """Draws the ratios by the work's operations, and the growth of time."""
    from matplotlib.figure import Figure

    passes = list(_by_pass(results))
    columns = max(1, len(passes), len(SCALING) if scaling else 0)
    figure = Figure(figsize=(6 * columns, 9 if scaling else 5), layout="constrained")
    axes = figure.subplots(2 if scaling else 1, columns, squeeze=False)
    for axis, ((dtype, pass_), its) in zip(axes[0], passes, strict=False):
        for name in others(results):
            drawn = [(r.work.operations, found) for r in its if (found := r.ratio(name)) is not None]
            if drawn:
                operations, found = zip(*drawn, strict=True)
                low, middle, high = np.array(found).T
                axis.errorbar(operations, middle, (middle - low, high - middle), fmt="o", label=name, alpha=0.7)
        axis.axhline(1.0, color="black", linewidth=0.8, label="equal")
        axis.set(xscale="log", yscale="log", title=f"{dtype}, {pass_}", xlabel="operations of the matrix products")
        axis.set_ylabel("oracle's time over theirs: median, quartiles")
    for axis, grows in zip(axes[1] if scaling else (), SCALING, strict=False):
        for (cell, name), points in _curves(scaling):
            if name == grows:
                axis.plot(*zip(*points, strict=True), marker="o", label=cell)
        axis.set(xscale="log", yscale="log", xlabel=grows, ylabel="seconds, float64, gradients")
    for axis in axes.flat:
        if axis.has_data():
            axis.legend()
        else:
            axis.remove()
    write_figure(path, figure, dpi=100)
