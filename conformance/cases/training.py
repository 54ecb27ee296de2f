"""Training, as a case: what is trained goes in as a `Task`, what every step did comes out as a `Trace`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.optimizers import Clip, Optimizer, OptimizerState

Array = Any
Batch = tuple[Array, Array]
Named = Mapping[str, Array]


@dataclass(frozen=True)
class Task:
    """A model, where it starts, and what it is trained on: step ``t`` takes batch ``t`` modulo their number."""

    name: str
    manner: str
    model: ri.Model
    loss: ri.losses.Loss
    optimizer: Optimizer
    params: Mapping[str, Array]
    batches: tuple[Batch, ...]
    clip: Clip | None = None

    @property
    def logits_shortcut(self) -> bool:
        """Whether the loss is computed from the logits behind the last activation, as Keras does on TensorFlow."""
        last = self.model.layers[-1].activation
        return self.manner == "keras-tensorflow" and last in ("sigmoid", "softmax")

    @property
    def dtype(self) -> np.dtype[Any]:
        """The working precision."""
        dtype: np.dtype[Any] = next(iter(self.params.values())).dtype
        return dtype

    def in_dtype(self, dtype: Any) -> Task:
        """The same task with all its floats in another precision."""

        def cast(array: Array) -> Array:
            return array.astype(dtype) if np.issubdtype(array.dtype, np.floating) else array

        params = {name: cast(value) for name, value in self.params.items()}
        return replace(self, params=params, batches=tuple((cast(x), cast(t)) for x, t in self.batches))

    def batch(self, step: int) -> Batch:
        """What step ``step``, from 0, takes."""
        return self.batches[step % len(self.batches)]


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
