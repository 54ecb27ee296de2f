"""Where the wall time of processes went, as a table."""

from __future__ import annotations

from collections.abc import Mapping

from ...running.profiling.accounts import ACCOUNTS, share_outside_framework
from . import Table


def time_accounts_table(processes: Mapping[str, Mapping[str, float]]) -> Table:
    """A column of shares in percent for each process, and one for all of them."""
    every = {name: sum(its.get(name, 0.0) for its in processes.values()) for name in ACCOUNTS}
    columns = dict(processes) | ({"all": every} if len(processes) > 1 else {})
    found = Table(title="Where the wall time of the processes went, in percent")
    found.add_column("account", no_wrap=True)
    for name in columns:
        found.add_column(name.replace("-", "-\n", 1), justify="right")  # so that many stand side by side
    for account in ACCOUNTS:
        shares = (its.get(account, 0.0) / (sum(its.values()) or 1.0) for its in columns.values())
        found.add_row(account, *(f"{100 * share:.1f}" for share in shares))
    found.add_section()
    found.add_row(
        "outside of the framework", *(f"{100 * share_outside_framework(its):.1f}" for its in columns.values())
    )
    found.add_row("seconds", *(f"{sum(its.values()):.0f}" for its in columns.values()))
    return found
