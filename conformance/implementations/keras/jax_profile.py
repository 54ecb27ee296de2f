"""Which recurrent kernels JAX really ran on a GPU: its profiler's word, not a flag's."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import jax

from ..device_kernels import recurrent_kernels

_PARTS = "no recurrent kernel on the device, but its parts"
T = TypeVar("T")


def profiled(call: Callable[[], T], device: str) -> tuple[T, str]:
    """What the call gives, all of it computed, and the recurrent kernels that it ran on the device."""
    options = jax.profiler.ProfileOptions()
    if device != "cpu":
        options.python_tracer_level = options.host_tracer_level = 0
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder, profiler_options=options):
            found = call()
        (written,) = Path(folder).rglob("*.xplane.pb")
        planes = jax.profiler.ProfileData.from_file(str(written)).planes
        return found, kernels(planes, "/device:GPU" if device == "cuda" else "/host:CPU")


def kernels(planes: Iterable[Any], device: str) -> str:
    """The recurrent kernels among the events of the planes whose names begin so."""
    lines = [line for plane in planes if plane.name.startswith(device) for line in plane.lines]
    return recurrent_kernels(event.name for line in lines for event in line.events) or _PARTS
