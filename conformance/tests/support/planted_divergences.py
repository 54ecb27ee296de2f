"""A sound implementation under any name, version and device, and entries of divergences about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from conformance.contract import Case
from conformance.judging.divergences import Divergence

from . import example
from .planted_faults import Sound


class Posing(Sound):
    """A sound implementation under another's name; ``off`` is added to its outputs relative to their size."""

    kernels: tuple[str, ...] = ()

    def __init__(self, name: str, versions: Mapping[str, str], off: float = 0.0, device: str = "cpu") -> None:
        self.name, self.versions, self.off, self.device = name, versions, off, device

    def observe(self, case: Case) -> dict[str, Any]:
        found = super().observe(case)
        return {**found, "outputs": found["outputs"] * (1 + self.off)}


def divergence_entry(effect: str, **changes: Any) -> Divergence:
    """An entry on LSTMs in float64 by the implementation ``posing``, from version 2.0 on and before 3."""
    entry = Divergence(
        id="an-entry",
        implementations=("posing",),
        versions={"framework": ">=2.0,<3"},
        when=({"kind": ("LSTM",), "dtype": ("float64",)},),
        effect=effect,
        summary="",
        violates="",
        reference="",
        minimal=example("LSTM"),
        message="not supported" if effect == "error" else "",
        precision="" if effect == "error" else "float32",
        families=() if effect == "error" else ("outputs",),
    )
    return dataclasses.replace(entry, **changes)
