"""Parity, put together: every framework on every task, each step by itself, the whole path, and how far it drifts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ...common.atomic import write_figure
from ...implementations.finding import offered
from . import single_steps, trajectories
from .tasks import TASKS
from .tracing import FrameworkTraces, framework_traces, oracle_trace

IMPLEMENTATIONS = tuple(offered("training"))


@dataclass(frozen=True)
class Parity:
    """What came of one framework and one task.

    worst        of each quantity, over the first ``steps`` steps, each made from the framework's own state
    trajectory   of the first ``steps`` steps, from the common start
    drift        the greatest difference of any parameter, before each step and after the last, as far as was trained
    """

    implementation: str
    task: str
    dtype: str
    steps: int
    worst: Sequence[single_steps.WorstError]
    trajectory: trajectories.Trajectory
    drift: Sequence[float]

    @property
    def nearest(self) -> single_steps.WorstError:
        """The quantity that is nearest to its bound, or furthest beyond."""
        return max(self.worst, key=lambda worst: worst.ratio)

    @property
    def holds(self) -> bool:
        """Whether every step, and the whole path as far as something is claimed of it, is within tolerance."""
        return bool(self.worst) and self.nearest.ratio <= 1 and max(self.trajectory.ratio) <= 1


@dataclass(frozen=True)
class ParityReport:
    """All that was compared, the versions, and what was not run: implementation to task to reason."""

    parities: Sequence[Parity]
    versions: Mapping[str, Mapping[str, str]]
    not_run: Mapping[str, Mapping[str, str]]

    @property
    def holds(self) -> bool:
        """Whether anything was compared and all of it holds."""
        return bool(self.parities) and all(parity.holds for parity in self.parities)


def train_each(names: Sequence[str], tasks: Sequence[str], steps: int) -> Iterator[tuple[str, FrameworkTraces]]:
    """Each implementation's traces, one implementation after the other."""
    for name in names:
        yield name, framework_traces(name, tasks, steps)


def check_parity(name: str, answer: FrameworkTraces, task: str, steps: int) -> Parity:
    """One framework's trace of one task against the oracle."""
    trace = answer.traces[task]
    built = TASKS[task](answer.manner).in_dtype(answer.dtype)
    oracle = oracle_trace(built, trace.steps)
    first = trace.first(steps)
    return Parity(
        name,
        task,
        answer.dtype,
        steps,
        single_steps.check_each_step(built, first),
        trajectories.follow_trajectory(built, first, oracle.first(steps), steps),
        trajectories.differences(oracle, trace),
    )


def show(console: Console, found: ParityReport) -> None:
    """The table, what is wrong, and what was not run."""
    table = Table(title="training, step for step")
    for column in ("implementation", "task", "precision"):
        table.add_column(column)
    for column in (
        "each step\nratio",
        "the path\nratio",
        "steps\nclaimed",
        "difference",
        "tolerance",
        "difference\nat the end",
    ):
        table.add_column(column, justify="right")
    for p in found.parities:
        known = p.trajectory.claimed_steps()
        table.add_row(
            p.implementation,
            p.task,
            p.dtype,
            f"{p.nearest.ratio:.2g}",
            f"{max(p.trajectory.ratio):.2g}",
            str(known),
            f"{p.trajectory.difference[known]:.1e}",
            f"{p.trajectory.tolerance[known]:.1e}",
            f"{p.drift[-1]:.1e} ({len(p.drift) - 1})",
        )
    console.print(table)
    for p in found.parities:
        if not p.holds:
            console.print(f"{p.implementation}: {p.task}: {worst_disagreement(p)}", markup=False)
    for name, versions in found.versions.items():
        console.print(f"{name}: {', '.join(f'{k} {v}' for k, v in versions.items()) or 'not here'}")
        for task, why in found.not_run[name].items():
            console.print(f"  not run: {task}: {why}", markup=False)


def worst_disagreement(parity: Parity) -> str:
    """What of it is beyond its bound, first what says most."""
    beyond = sorted((w for w in parity.worst if not w.ratio <= 1), key=lambda w: w.step)
    if beyond:
        return str(beyond[0])
    ratios = parity.trajectory.ratio
    step = max(range(len(ratios)), key=ratios.__getitem__)
    return f"before step {step}: {parity.trajectory.where[step]} has drifted {ratios[step]:.3g} times its tolerance"


def plot(found: ParityReport, path: Path) -> None:
    """The divergence curves: each task a panel, each framework a line, its tolerance dotted. Needs matplotlib."""
    from matplotlib.figure import Figure  # an optional extra: pip install 'rnn-conformance[plot]'

    tasks = list(dict.fromkeys(p.task for p in found.parities))
    names = list(dict.fromkeys(p.implementation for p in found.parities))
    rows = -(-len(tasks) // 3)
    figure = Figure(figsize=(13, 1 + 3 * rows), layout="constrained")
    panels: Any = figure.subplots(rows, min(3, len(tasks)), squeeze=False).flat
    for axes, task in zip(panels, tasks, strict=False):
        for p in (p for p in found.parities if p.task == task):
            colour = f"C{names.index(p.implementation)}"
            its = [max(value, 1e-17) for value in p.drift]
            axes.plot(its, color=colour, label=f"{p.implementation}, {p.dtype}")
            axes.plot(p.trajectory.tolerance, ":", color=colour)
        axes.set(yscale="log", title=task, xlabel="optimizer steps", ylabel="greatest difference")
        axes.grid(alpha=0.3)
    for axes in list(panels)[len(tasks) :]:
        axes.set_visible(False)
    lines: dict[str, Any] = {}
    for axes in figure.axes:
        lines |= {str(line.get_label()): line for line in axes.get_legend_handles_labels()[0]}
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=4)
    write_figure(path, figure, dpi=120)
