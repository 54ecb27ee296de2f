"""Implementations that fail other than by a wrong number: they raise, return nothing, or end their process.

`Small` is the sound one that the others derive from.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class Small:
    """A SimpleRNN in float64, forward only, and right."""

    name = "small"
    versions: Mapping[str, str] = {"small": "1.0"}
    dtypes: Sequence[str] = ("float64",)
    cells: Sequence[Mapping[str, Any]] = ({"kind": "SimpleRNN", "activation": ("tanh",)},)

    def observe(self, case: Any) -> dict[str, Any]:
        (h,) = case.initial_state_or_zeros()
        steps = []
        for t in range(case.x.shape[1]):
            projected = case.x[:, t] @ case.params["kernel"] + case.params["bias"]
            h = np.tanh(projected + h @ case.params["recurrent_kernel"])
            steps.append(h)
        return {"outputs": np.stack(steps, 1), "state.h": h}


class Raises(Small):
    """Its framework refuses sequences of ten steps and more, which no law has."""

    name = "raises"

    def observe(self, case: Any) -> dict[str, Any]:
        if case.x.shape[1] < 10:
            return super().observe(case)
        raise RuntimeError("ten steps are too many")


class Silent(Small):
    """It answers every case with nothing."""

    name = "silent"

    def observe(self, case: Any) -> dict[str, Any]:
        return {}


class OutputsOnly(Small):
    """It is right, and tells its outputs alone."""

    name = "outputs-only"

    def observe(self, case: Any) -> dict[str, Any]:
        return {"outputs": super().observe(case)["outputs"]}


class Wider(Small):
    """It is right, and answers every case in float64."""

    name = "wider"
    dtypes = ("float64", "float32")

    def observe(self, case: Any) -> dict[str, Any]:
        return {name: value.astype(np.float64) for name, value in super().observe(case).items()}


class Leaves(Small):
    """It ends its process on the fifth call, with a status that claims success."""

    name = "leaves"
    calls = 0

    def observe(self, case: Any) -> dict[str, Any]:
        self.calls += 1
        if self.calls == 5:
            os._exit(0)
        return super().observe(case)


class Exits(Small):
    """It ends its process, and says why on standard error."""

    name = "exits"

    def observe(self, case: Any) -> dict[str, Any]:
        os.write(2, b"CHECK failed: stream is broken\n")
        os._exit(86)


class Segfaults(Small):
    """It reads where nothing is."""

    name = "segfaults"

    def observe(self, case: Any) -> dict[str, Any]:
        return {"outputs": ctypes.string_at(0)}
