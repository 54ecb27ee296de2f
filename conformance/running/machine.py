"""A description of this machine, for records: what decides which instructions a framework's kernels use."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any

from ..common.processor import processor

_VECTORS = ("sse", "ssse", "avx", "fma", "f16c", "amx", "asimd", "neon", "sve", "bf16", "fphp")


def machine() -> dict[str, Any]:
    """Platform, processor, its vector extensions, and the threads that a framework was given.

    The processor is unknown where py-cpuinfo is not installed.
    """
    found = processor()
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": found.get("brand_raw", "unknown"),
        "vectors": sorted(flag for flag in found.get("flags", ()) if flag.startswith(_VECTORS)),
        "threads": int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)),
        "python": platform.python_version(),
    }


def machine_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Differences of two machines that alone may change how frameworks round."""
    return [
        f"{name}: {old.get(name)} before, {new.get(name)} now"
        for name in ("system", "architecture", "processor", "vectors", "threads")
        if old.get(name) != new.get(name)
    ]
