"""The processor of this machine, as py-cpuinfo describes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any


@cache
def processor() -> Mapping[str, Any]:
    """Its description; empty where py-cpuinfo is not installed, as on a machine that is there for its GPU."""
    try:
        import cpuinfo
    except ModuleNotFoundError:
        return {}
    found: Mapping[str, Any] = cpuinfo.get_cpu_info()
    return found


def is_x86_without(instruction_sets: Collection[str]) -> bool:
    """Whether it is known to be an x86-64 processor that has none of these, by their names in ``/proc/cpuinfo``."""
    return processor().get("arch") == "X86_64" and not set(instruction_sets) & set(processor().get("flags", ()))
