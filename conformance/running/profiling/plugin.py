"""The pytest plugin that keeps the accounts.

``pytest -p conformance.running.profiling.plugin conformance --implementation …``

They go into the record; where none is written, they are shown at the end.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .accounts import ACCOUNTS, Accountant, share_outside_framework
from .sampling import Sampler

_SAMPLER = pytest.StashKey[Sampler]()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begins before anything of ours is imported."""
    sampler = Sampler(Accountant().account_of)
    early_config.stash[_SAMPLER] = sampler
    sampler.start()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Learns what the framework's own packages are, before it is imported."""
    name = config.getoption("--implementation", None)
    if name is not None:
        from conformance.implementations.finding import packages_of

        config.stash[_SAMPLER].account_of = Accountant(packages_of(name)).account_of


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Shows where the time went until now."""
    if _record(config) is None:
        seconds = config.stash[_SAMPLER].seconds
        total = sum(seconds.values()) or 1.0
        shares = {name: seconds[name] / total for name in ACCOUNTS if name in seconds}
        terminalreporter.section("where the wall time went, in percent")
        for name, share in (shares | {"outside of the framework": share_outside_framework(seconds)}).items():
            terminalreporter.write_line(f"{100 * share:5.1f}  {name}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends, and writes the accounts into the record."""
    sampler, record = config.stash[_SAMPLER], _record(config)
    sampler.stop()
    if record is not None:
        from conformance.running.events import append_event

        append_event(record, event="accounts", began=sampler.began, ended=sampler.ended, seconds=sampler.seconds)


def _record(config: pytest.Config) -> Path | int | None:
    found: Path | int | None = config.getoption("--record", None)
    return found
