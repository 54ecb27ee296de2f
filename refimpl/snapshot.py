"""What must be kept of training to go on where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks
from .arrays import Array
from .errors import InvalidArgument
from .model import Model
from .optimizers import Optimizer, OptimizerState
from .parameters import Parameters

OPTIMIZER = "an optimizer of `optimizers`"
_HISTORIES = ("loss", "metric", "val_loss", "val_metric")
_MOST = 2**53  # beyond which not every count is a float, as the corrections of Adam need it


@dataclass(frozen=True)
class Snapshot:
    """All that training needs to go on after an epoch.

    epoch     how many epochs are done
    history   ``loss`` and, where asked for, ``metric``, ``val_loss``, ``val_metric``: one number an epoch
    """

    epoch: int
    params: Parameters
    state: OptimizerState
    history: Mapping[str, tuple[float, ...]]

    def __post_init__(self) -> None:
        checks.fields(self, epoch=checks.count, params=_params, state=_state, history=_history)

    @staticmethod
    def fresh(params: Parameters, optimizer: Optimizer) -> Snapshot:
        """Before the first epoch."""
        state = checks.instance("optimizer", optimizer, Optimizer, OPTIMIZER).start(params)
        return Snapshot(0, dict(params), state, {})

    def arrays(self) -> dict[str, Array]:
        """Everything as arrays by flat names, none of them of objects."""
        found: dict[str, Array] = {"epoch": np.array(self.epoch), "step": np.array(self.state.step)}
        found |= {f"params/{name}": value for name, value in self.params.items()}
        for slot, values in self.state.slots.items():
            found |= {f"slots/{slot}/{name}": value for name, value in values.items()}
        return found | {f"history/{name}": np.array(values, np.float64) for name, values in self.history.items()}

    @staticmethod
    def from_arrays(arrays: Mapping[str, Any], model: Model, optimizer: Optimizer, dtype: Any) -> Snapshot:
        """The inverse of `arrays`; `InvalidArgument` where they do not fit the model, the optimizer or the dtype."""
        checks.instance("model", model, Model, "a Model")
        checks.instance("optimizer", optimizer, Optimizer, OPTIMIZER)
        dtype, arrays = checks.dtype("dtype", dtype), checks.names("arrays", arrays)
        history = {name: arrays[name] for kept in _HISTORIES if (name := f"history/{kept}") in arrays}
        shapes = model.parameter_shapes
        expected: dict[str, tuple[int, ...]] = {"epoch": (), "step": ()}
        for prefix in ("params", *(f"slots/{slot}" for slot in optimizer.slot_names)):
            expected |= {f"{prefix}/{name}": shape for name, shape in shapes.items()}
        checks.mapping("arrays", arrays, [*expected, *history])
        for name, shape in expected.items():
            if name not in ("epoch", "step"):
                label = f"arrays[{name!r}]"
                checks.shaped(label, arrays[name], shape, dtype=dtype, check_finite=False, source="the model")
        epoch, count = (_count(name, arrays[name]) for name in ("epoch", "step"))
        for name, values in history.items():
            axes = {"epochs": epoch}
            checks.array(
                f"arrays[{name!r}]", values, axes, dtype=np.dtype(float), check_finite=False, source="a history"
            )
        return Snapshot(
            epoch,
            {name: np.asarray(arrays[f"params/{name}"]) for name in shapes},
            OptimizerState(
                count,
                {s: {name: np.asarray(arrays[f"slots/{s}/{name}"]) for name in shapes} for s in optimizer.slot_names},
            ),
            {name.removeprefix("history/"): tuple(map(float, values)) for name, values in history.items()},
        )


def _params(name: str, value: Any) -> Parameters:
    """NaN and infinity too, where training has diverged."""
    return checks.named_floats(name, value, check_finite=False)


def _state(name: str, value: Any) -> Any:
    return checks.instance(name, value, OptimizerState, "an OptimizerState")


def _history(name: str, value: Any) -> Mapping[str, tuple[float, ...]]:
    """Numbers by name; NaN and infinity too, where a loss became so."""
    for key, numbers in checks.names(name, value).items():
        checks.one_of(f"{name}: a key", key, _HISTORIES)
        for number in checks.sequence(f"{name}[{key!r}]", numbers, "a tuple of numbers"):
            checks.instance(f"{name}[{key!r}]", number, float | np.floating, "a tuple of numbers")
    return {key: tuple(map(float, numbers)) for key, numbers in value.items()}


def _count(name: str, value: Any) -> int:
    found = checks.as_array(f"arrays[{name!r}]", value)
    if found.shape != () or found.dtype.kind not in "iu" or not 0 <= found <= _MOST:
        raise InvalidArgument(f"arrays[{name!r}]", expected="an integer from 0 to 2**53", got=checks.described(found))
    return int(found)
