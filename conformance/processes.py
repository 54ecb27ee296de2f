"""What the processes that frameworks run in are started with: Keras fixes its backend when it is imported."""

from __future__ import annotations

import os
from pathlib import Path


def environment(**more: str) -> dict[str, str]:
    """This process's environment, changed so that ``python -m conformance…`` finds this package, and with ``more``."""
    root = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, **more}
