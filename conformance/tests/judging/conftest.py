"""What the tests of known divergences share."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judging.divergences import catalogue


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the given entries the only ones that are known."""
    return lambda *chosen: monkeypatch.setattr(catalogue, "known_divergences", lambda: chosen)
