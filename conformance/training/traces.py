"""What a framework did, step by step, and how the oracle's models and optimizers are told to a framework."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.optimizers import OptimizerState

from ..implementations import source_of
from ..processes import environment
from .tasks import Task

Array = Any
Named = Mapping[str, Array]


@dataclass(frozen=True)
class Trace:
    """Each step's loss and gradients, and the parameters and slots before it; of these, one more after the last."""

    losses: Sequence[float]
    gradients: Sequence[Named]
    params: Sequence[Named]
    slots: Sequence[Mapping[str, Named]]

    @property
    def steps(self) -> int:
        return len(self.losses)

    def first(self, steps: int) -> Trace:
        """Only the first steps."""
        return Trace(self.losses[:steps], self.gradients[:steps], self.params[: steps + 1], self.slots[: steps + 1])

    def state(self, step: int) -> OptimizerState:
        """The optimizer's state before step ``step``, from 0."""
        return OptimizerState(step, {slot: dict(named) for slot, named in self.slots[step].items()})

    def arrays(self) -> dict[str, Array]:
        """Everything by flat names, steps on the first axis."""
        found = {"losses": np.array(self.losses)}
        found |= {f"gradients/{name}": np.stack([g[name] for g in self.gradients]) for name in self.gradients[0]}
        found |= {f"params/{name}": np.stack([p[name] for p in self.params]) for name in self.params[0]}
        for slot, named in self.slots[0].items():
            found |= {f"slots/{slot}/{name}": np.stack([s[slot][name] for s in self.slots]) for name in named}
        return found

    @staticmethod
    def from_arrays(arrays: Named) -> Trace:
        """The inverse of `arrays`."""
        steps = len(arrays["losses"])

        def part(prefix: str, step: int) -> dict[str, Array]:
            return {n.removeprefix(prefix): a[step] for n, a in arrays.items() if n.startswith(prefix)}

        slots = sorted({name.split("/")[1] for name in arrays if name.startswith("slots/")})
        return Trace(
            [float(loss) for loss in arrays["losses"]],
            [part("gradients/", k) for k in range(steps)],
            [part("params/", k) for k in range(steps + 1)],
            [{slot: part(f"slots/{slot}/", k) for slot in slots} for k in range(steps + 1)],
        )


def by_the_oracle(task: Task, steps: int) -> Trace:
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
class Answer:
    """A framework's traces by task, its versions, how it was asked, and why others are not there."""

    traces: Mapping[str, Trace]
    versions: Mapping[str, str]
    manner: str
    dtype: str
    not_run: Mapping[str, str]


def by(name: str, tasks: Sequence[str], steps: int) -> Answer:
    """Lets the implementation of that name train, in a process of its own: Keras fixes its backend on import."""
    with tempfile.TemporaryDirectory(prefix="conformance-parity-") as folder:
        command = [sys.executable, "-m", "conformance.training.worker", name, folder, str(steps), *tasks]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment(**source_of(name).environment), check=False
        )
        if done.returncode != 0:
            last = [f"exit status {done.returncode}", *done.stderr.strip().splitlines()][-1]
            return Answer({}, {}, "", "", {task: f"crashed: {last}" for task in tasks})
        report = json.loads((Path(folder) / "report.json").read_text())
        traces = {}
        for task in report["done"]:
            with np.load(Path(folder) / f"{task}.npz", allow_pickle=False) as stored:
                traces[task] = Trace.from_arrays(dict(stored))
    return Answer(traces, report["versions"], report["manner"], report["dtype"], report["not_run"])
