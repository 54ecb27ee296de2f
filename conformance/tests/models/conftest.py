"""What the tests of models share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.models.jobs import frameworks
from conformance.models.training import tracing

from ..support import forked_frameworks as forked


@pytest.fixture(scope="module")
def forked_frameworks() -> Iterator[None]:
    """What a job or a training asks a framework is asked of processes that are forked, with the imports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frameworks, "Kept", forked.kept)
        patch.setattr(tracing, "run_kept", forked.run)
        yield
