"""Traces of a training: the oracle's own, and those of a framework that trains in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from subprocess import PIPE
from typing import Any

import numpy as np

import refimpl as ri

from ...cases.training import Task, Trace
from ...common.temporary import temporary_folder
from ...implementations.finding import source_of
from ...running.kept import run_kept
from ...running.processes import subprocess_environment

Array = Any
Named = Mapping[str, Array]


def oracle_trace(task: Task, steps: int) -> Trace:
    """The oracle's own trace."""
    params, state = dict(task.params), task.optimizer.start(dict(task.params))
    losses, gradients, every, slots = [], [], [params], [dict(state.slots)]
    for k in range(steps):
        done = ri.training.step(
            task.model, task.loss, task.optimizer, params, state, *task.batch(k), task.clip, task.logits_shortcut
        )
        params, state = done.params, done.state
        losses.append(float(done.loss))
        gradients.append(done.gradients)
        every.append(params)
        slots.append(dict(state.slots))
    return Trace(losses, gradients, every, slots)


@dataclass(frozen=True)
class FrameworkTraces:
    """A framework's traces by task, its versions, its manner and dtype, and why other tasks did not run."""

    traces: Mapping[str, Trace]
    versions: Mapping[str, str]
    manner: str
    dtype: str
    not_run: Mapping[str, str]


def framework_traces(name: str, tasks: Sequence[str], steps: int) -> FrameworkTraces:
    """Lets the implementation of that name train, in a process of its own: Keras fixes its backend on import."""
    with temporary_folder("conformance-parity-") as folder:
        command = [sys.executable, "-m", "conformance.models.training.worker", name, str(folder), str(steps), *tasks]
        variables = subprocess_environment(**source_of(name).environment)
        done = run_kept(command, stdout=PIPE, stderr=PIPE, text=True, env=variables)
        if done.returncode != 0:
            last = [f"exit status {done.returncode}", *done.stderr.strip().splitlines()][-1]
            return FrameworkTraces({}, {}, "", "", {task: f"crashed: {last}" for task in tasks})
        report = json.loads((folder / "report.json").read_text())
        traces = {}
        for task in report["done"]:
            with np.load(folder / f"{task}.npz", allow_pickle=False) as stored:
                traces[task] = Trace.from_arrays(dict(stored))
    return FrameworkTraces(traces, report["versions"], report["manner"], report["dtype"], report["not_run"])
