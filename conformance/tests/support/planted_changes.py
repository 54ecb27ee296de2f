"""The oracle as a framework whose next release has changed, each class in one way; `planted_keras` does so with Keras.

Each is named as ``conformance.tests.support.planted_changes:NAME``, and calls itself ``small``, so that a record of it
is compared with the sound one's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.contract import Case, NotRun, Observed
from conformance.implementations.oracle.layers import Oracle


class Small(Oracle):
    """The oracle, with few options, under a name of its own; subclasses change what it answers."""

    name = "small"
    versions: Mapping[str, str] = {"small": "1.0"}
    dtypes = ("float64", "float32")
    expensive = True  # few questions
    cells: Sequence[Mapping[str, Any]] = (
        {"kind": "LSTM", "activation": ("tanh", "relu"), "mask": ("none", "right", "holes")},
        {"kind": "GRU", "reset_after": (True,), "recurrent_activation": ("sigmoid", "hard_sigmoid")},
    )

    def interface(self) -> dict[str, Any]:
        return {"small.LSTM": {"signature": {"units": "required", "unroll": "False"}, "weights": [["kernel", [2, 12]]]}}

    def changed(self, case: Case, observed: Observed) -> Observed:
        return observed

    def observe(self, case: Case) -> Observed:
        return self.changed(case, super().observe(case))


class Later(Small):
    """A sound release after it."""

    versions: Mapping[str, str] = {"small": "1.1"}


class Absent(Later):
    """Cannot run here."""

    def __init__(self) -> None:
        raise NotRun("small is not installed")


class Stops(Later):
    """Takes its process down at GRUs with a hard sigmoid."""

    def observe(self, case: Case) -> Observed:
        if case.options.get("recurrent_activation") == "hard_sigmoid":
            os._exit(3)
        return super().observe(case)


class Hangs(Later):
    """Never answers GRUs with a hard sigmoid in float32."""

    def observe(self, case: Case) -> Observed:
        if (case.options.get("recurrent_activation"), case.dtype_name) == ("hard_sigmoid", "float32"):
            time.sleep(600)
        return super().observe(case)


class Leaves(Later):
    """Ends its process with status 0, as if all were done, at GRUs with a hard sigmoid."""

    def observe(self, case: Case) -> Observed:
        if case.options.get("recurrent_activation") == "hard_sigmoid":
            os._exit(0)
        return super().observe(case)


class Refuses(Later):
    """Raises for masks with holes."""

    def observe(self, case: Case) -> Observed:
        if case.options["mask"] == "holes":
            raise NotImplementedError("masks must be right-padded")
        return super().observe(case)


class Broken(Later):
    """Raises in every case."""

    def observe(self, case: Case) -> Observed:
        raise TypeError("no")


class Wrong(Later):
    """Forgets the mask's last step."""

    def observe(self, case: Case) -> Observed:
        if case.mask is not None:
            case = case.replace(mask=np.concatenate([case.mask[:, :-1], np.ones_like(case.mask[:, -1:])], axis=1))
        return super().observe(case)


class Other(Later):
    """Another default, an argument more, the weights in another layout, and no gradient of x."""

    def interface(self) -> dict[str, Any]:
        signature = {"units": "required", "unroll": "True", "use_cudnn": "'auto'"}
        return {"small.LSTM": {"signature": signature, "weights": [["kernel", [12, 2]]]}}

    def changed(self, case: Case, observed: Observed) -> Observed:
        values = {name: value for name, value in observed.values.items() if name != "d_x"}
        return Observed(values, observed.missing, observed.path)


class Rounds(Later):
    """Rounds a gradient in float32 otherwise, by one place, but for numbers that are zero."""

    def changed(self, case: Case, observed: Observed) -> Observed:
        name = "d_params.recurrent_kernel"
        if case.dtype_name != "float32" or name not in observed.values:
            return observed
        exact = observed.values[name]
        nudged = np.where(exact == 0, exact, np.nextafter(exact, np.float32(np.inf)))
        return Observed({**observed.values, name: nudged}, observed.missing, observed.path)


class Loses(Later):
    """Loses a digit of the outputs of GRUs, within what may be lost."""

    def changed(self, case: Case, observed: Observed) -> Observed:
        if case.kind != "GRU":
            return observed
        outputs = observed.values["outputs"]
        worse = outputs + (outputs * 1.5 * np.finfo(outputs.dtype).eps).astype(outputs.dtype)
        return Observed({**observed.values, "outputs": worse}, observed.missing, observed.path)
