"""The report of a study: as a table, as JSON and as a plot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...common.atomic import write_atomically, write_figure
from .cases import GROUP_SIZE
from .measuring import Study
from .sensitivity import TARGETS, WANTED_SENSITIVITY

_SHOWN = 5
MANNERS = ("ordinary", "probing", "as drawn")
_LINES = {"ordinary": "-", "probing": "--"}


def passed(studies: Sequence[Study]) -> bool:
    """Whether something was compared, all of it agreed, and every process came to its end."""
    return any(s.numbers for s in studies) and not any(s.alarms or s.broken for s in studies)


def summary(study: Study) -> dict[str, Any]:
    """The figures of one implementation in one dtype.

    typical      the median over cases of the worst error in units of its bound, and the greatest
    families     the same by kind of cell and family of quantities, the median alone
    deviations   family to the root mean square of all errors in sampled deviations
    farthest     the greatest error of a case in sampled deviations: median, 99th percentile and greatest of the cases
    cost         the processor's seconds of sampled deviations, in units of those of the oracle's run and gradients
    least_seen   target to the median, the 99th percentile, and the share of cases in which a change of wanted size was
                 seen in the implementation itself; by how the cases are drawn; a fault that moves nothing at all counts
                 as not seen
    """
    ratios = [ratio for (_, family), its in study.worst.items() if family == "all" for ratio in its]
    return {
        "implementation": study.implementation,
        "dtype": study.dtype,
        "versions": study.versions,
        "asked": study.asked,
        "cases": study.cases,
        "numbers": study.numbers,
        "undecided": study.undecided,
        "alarms": {str(number): message for number, message in study.alarms.items()},
        "broken": study.broken,
        "not_run": study.not_run,
        "typical": _quantiles(ratios, 0.5, 1.0),
        "cost": study.seconds[1] / study.seconds[0] if study.seconds[0] else None,
        "families": {
            f"{kind} {family}": _quantiles(its, 0.5)[0]
            for (kind, family), its in sorted(study.worst.items())
            if family != "all"
        },
        "deviations": {
            family: (squares / count) ** 0.5 for family, (count, squares) in study.measured.items() if count
        },
        "farthest": _quantiles(study.farthest, 0.5, 0.99, 1.0),
        "least_seen": {
            target: {
                which: _seen([(least, at_bar) for manner, least, at_bar in study.seen[target] if manner == which])
                for which in MANNERS
            }
            for target in TARGETS
            if target in study.seen
        },
    }


def _quantiles(values: Sequence[float], *at: float) -> list[float]:
    return [float(q) for q in np.quantile(values, at)] if len(values) else [float("nan")] * len(at)


def _seen(faults: Sequence[tuple[float, bool | None]]) -> dict[str, float | int | None]:
    """Statistics of the least changes seen; None for a percentile that lies among those that are not seen at all."""
    values = np.array([least if least >= 0 else np.inf for least, _ in faults])
    asked = [at_bar for _, at_bar in faults if at_bar is not None]
    moving = [at_bar for least, at_bar in faults if at_bar is not None and least >= 0]

    def quantile(at: float) -> float | None:
        found = float(np.quantile(values, at, method="higher")) if len(values) else np.inf
        return found if np.isfinite(found) else None

    return {
        "cases": len(values),
        "inert": int(np.isinf(values).sum()),
        "median": quantile(0.5),
        "percentile_99": quantile(0.99),
        "share_at_bar": float(np.mean(asked)) if asked else None,
        "share_at_bar_of_those_that_move": float(np.mean(moving)) if moving else None,
    }


def show(console: Console, studies: Sequence[Study]) -> None:
    """Prints what was found: alarms, errors in units of their bounds, the least faults seen, what did not run."""
    console.print(_errors(studies))
    console.print(_deviations(studies))
    if any(study.seen for study in studies):
        console.print(_faults(studies))
    for study in studies:
        where = f"{study.implementation} {study.dtype}"
        for number, message in list(study.alarms.items())[:_SHOWN]:
            console.print(f"{where}: case {number}: {escape(message)}", highlight=False, soft_wrap=True)
        if len(study.alarms) > _SHOWN:
            console.print(f"{where}: … and {len(study.alarms) - _SHOWN} more")
        for message in [study.not_run and f"not run: {study.not_run}", *study.broken]:
            if message:
                console.print(f"{where}: {escape(message)}", highlight=False, soft_wrap=True)


def _errors(studies: Sequence[Study]) -> Table:
    table = Table(title="the worst error of a case, in units of its limit")
    table.add_column("implementation", no_wrap=True)
    table.add_column("dtype")
    names = ("cases", "alarms", "numbers", "undecided", "median", "greatest", "least median of a family", "cost")
    for column in names:
        table.add_column(column, justify="right")
    for study in studies:
        found = summary(study)
        least = min(found["families"].items(), key=lambda pair: pair[1], default=("–", float("nan")))
        total = max(study.numbers + study.undecided, 1)
        table.add_row(
            study.implementation,
            study.dtype,
            f"{study.cases:,}",
            f"{len(study.alarms):,}",
            f"{study.numbers:,}",
            f"{100 * study.undecided / total:.2g} %",
            *(f"{value:.2g}" for value in found["typical"]),
            f"{least[1]:.2g} ({least[0]})",
            "–" if found["cost"] is None else f"{found['cost']:.0f}",
        )
    return table


def _deviations(studies: Sequence[Study]) -> Table:
    table = Table(title="errors in sampled deviations")
    for column in ("implementation", "dtype"):
        table.add_column(column)
    names = ("outputs", "state", "gradients", "greatest of a case, median", "99 %", "greatest")
    for column in names:
        table.add_column(column, justify="right")
    for study in studies:
        found = summary(study)
        mean_squares = (found["deviations"].get(family) for family in names[:3])
        table.add_row(
            study.implementation,
            study.dtype,
            *("–" if value is None else f"{value:.2f}" for value in mean_squares),
            *(f"{value:.2g}" for value in found["farthest"]),
        )
    return table


def _faults(studies: Sequence[Study]) -> Table:
    table = Table(title="the least relative change that is seen")
    for column in ("implementation", "dtype", "of a", "cases are"):
        table.add_column(column)
    for column in ("cases", "inert", "median", "99 %", "share at the bar", "… of those not inert"):
        table.add_column(column, justify="right")
    for study in studies:
        for target, by_magnitude in summary(study)["least_seen"].items():
            for which, found in by_magnitude.items():
                table.add_row(study.implementation, study.dtype, target, which, *_cells(found))
    return table


def _cells(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['cases']:,}"
    yield f"{found['inert']:,}"
    for name in ("median", "percentile_99"):
        yield "–" if found[name] is None else f"{found[name]:.1e}"
    for name in ("share_at_bar", "share_at_bar_of_those_that_move"):
        yield "–" if found[name] is None else f"{100 * found[name]:.1f} %"


def write_json(path: Path, studies: Sequence[Study], seed: int) -> None:
    """Writes the figures, with what is needed to have any case again, atomically."""
    content = {
        "format": 1,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "cases in a group": GROUP_SIZE,
        "bar": WANTED_SENSITIVITY,
        "studies": [summary(study) for study in studies],
    }
    write_atomically(path, json.dumps(without_nan(content), indent=1, allow_nan=False) + "\n")


def without_nan(value: Any) -> Any:
    """JSON has neither NaN nor infinity: None."""
    if isinstance(value, dict):
        return {name: without_nan(each) for name, each in value.items()}
    if isinstance(value, list):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def plot(path: Path, studies: Sequence[Study]) -> None:
    """The distribution of error / bound, and that of the least change of a recurrent weight that is seen."""
    from matplotlib.figure import Figure  # an optional extra: pip install 'rnn-conformance[plot]'

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    errors, faults = figure.subplots(1, 2)
    for k, study in enumerate(s for s in studies if s.cases):
        look: dict[str, Any] = {"color": f"C{k}", "label": f"{study.implementation} {study.dtype}"}
        ratios = [r for (_, family), its in study.worst.items() if family == "all" for r in its if r > 0]
        errors.plot(*_distribution(ratios), **look)
        for manner, line in _LINES.items():
            least = [value for drawn, value, _ in study.seen["recurrent weight"] if drawn == manner and value > 0]
            faults.plot(*_distribution(least), color=look["color"], linestyle=line)
    errors.set(
        xscale="log", xlim=(1e-4, 2), xlabel="a case's worst error in units of its bound", ylabel="share of cases below"
    )
    errors.axvline(1.0, color="black", linestyle=":")
    faults.set(
        xscale="log", xlabel="relative change of a recurrent weight", ylabel="share of cases in which it is seen"
    )
    for dtype, bar in WANTED_SENSITIVITY.items():
        if any(study.dtype == dtype for study in studies):
            faults.axvline(bar, color="black", linestyle=":")
    for axes in (errors, faults):
        axes.grid(alpha=0.3)
    for manner, line in _LINES.items():
        faults.plot([], [], color="black", linestyle=line, label=f"{manner} cases")
    faults.legend(fontsize="small")
    errors.legend(fontsize="small")
    write_figure(path, figure, dpi=120)


def _distribution(values: Sequence[float]) -> tuple[Any, Any]:
    return np.sort(values), np.arange(1, len(values) + 1) / max(len(values), 1)
