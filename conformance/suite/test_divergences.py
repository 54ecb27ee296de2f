"""Every known divergence of this implementation still shows; one that is gone must be closed."""

from __future__ import annotations

import pytest

from conformance.judging.divergences import Disagreement, Divergence, still_shows
from conformance.suite.session import SESSION, Session


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each entry that concerns this implementation in its installed versions."""
    session = metafunc.config.stash[SESSION]
    entries = [entry for entry in session.known_divergences if entry.minimal and _can_show(session, entry)]
    metafunc.parametrize("entry", entries, ids=[entry.id for entry in entries])


def _can_show(session: Session, entry: Divergence) -> bool:
    """Whether the implementation has the minimal case's options, as it need not where its kernel alone is concerned."""
    if entry.minimal is None or session.implementation.name in entry.implementations:
        return True
    nearest = session.space.nearest(entry.minimal.options)
    return nearest is not None and entry.minimal.call_options.items() <= nearest.items()


def test_the_known_divergence_still_shows(session: Session, entry: Divergence) -> None:
    if not still_shows(session.implementation, entry):
        raise Disagreement(
            f"known divergence {entry.id} is gone or has changed in {dict(session.implementation.versions)}: "
            "its minimal case no longer shows it. Close the entry with an upper end in its versions."
        )
    session.record_divergence(entry.id, entry.summary)
