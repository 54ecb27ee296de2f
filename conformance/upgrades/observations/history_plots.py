"""The history as two plots: errors and time, release by release. They need matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from packaging.version import Version

from ...common.atomic import write_figure
from .history import ReleaseSeries

ERRORS, SPEED = "errors.png", "speed.png"


def plot_errors(series: Sequence[ReleaseSeries], path: Path) -> None:
    """The median case's worst error in units of its bound, by release, for float64 and float32."""
    lines = [
        (one, dtype, [release.errors.get(dtype, np.nan) for release in one.releases])
        for one in series
        for dtype in ("float64", "float32")
    ]
    _plot(series, path, "worst error / bound, median over cases", lines)


def plot_speed(series: Sequence[ReleaseSeries], path: Path) -> None:
    """The time of a call, forward and backward, over the oracle's, by release and kind of cell."""
    lines = [
        (one, kind, [release.observation.speed.get(kind, np.nan) for release in one.releases])
        for one in series
        for kind in ("SimpleRNN", "LSTM", "GRU")
    ]
    _plot(series, path, "time of a call / the oracle's", lines)


def _plot(
    series: Sequence[ReleaseSeries], path: Path, label: str, lines: Sequence[tuple[ReleaseSeries, str, list[float]]]
) -> None:
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
