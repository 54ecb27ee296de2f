"""What all tests of the oracle need."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay: to look at them again and again took a twentieth of their time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
