"""Records of runs as Markdown tables, as the README shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..running.run_records import RunRecord

_FAMILIES = ("outputs", "state", "gradients", "laws", "invariants", "stateful", "hand-sized")
_DEVICES = ("cpu", "cuda")


def as_markdown(records: Sequence[RunRecord]) -> str:
    """A table for each record, and a sentence for each device without one."""
    parts = [_table(record) for record in sorted(records, key=lambda one: (one["plan"]["device"], one["date"]))]
    recorded = {record["plan"]["device"] for record in records}
    parts += [f"No run on {device} is recorded." for device in _DEVICES if device not in recorded]
    return "\n\n".join(parts)


def _table(record: RunRecord) -> str:
    compared = any("devices" in its["families"] for its in record["implementations"])
    families = (*_FAMILIES, "devices") if compared else _FAMILIES
    cells = ("implementation", "versions", *families, "cases", "numbers", "seconds", "verdict")
    rule = ["---", "---", *["---:"] * (len(cells) - 3), "---"]
    rows = [_line(cells), _line(rule), *(_line(_cells(its, families)) for its in record["implementations"])]
    plan, facts = record["plan"], [f"`{record['command']}`", f"{record['date'][:10]}", _machine(record)]
    facts.append(f"profile {plan['amount']}, seed {plan['seed']}, {plan['jobs']} processes at a time")
    return f"**On {plan['device']}**: {'; '.join(facts)}.\n\n" + "\n".join(rows)


def _machine(record: RunRecord) -> str:
    machine, gpu = record["machine"], record["gpu"]
    host = f"{machine['processor']}, {machine['system']} {machine['architecture']}, CPython {machine['python']}"
    return host if gpu is None else f"{gpu['name']}, driver {gpu['driver']}, CUDA {gpu['cuda']}; {host}"


def _cells(its: Mapping[str, Any], families: Sequence[str]) -> list[str]:
    found = [its["name"], ", ".join(f"{name} {version}" for name, version in its["versions"].items())]
    found += [_worst(its["families"].get(family)) for family in families]
    count = len(its["divergences"])
    known = f", {count} known divergence{'s' if count > 1 else ''}" if count else ""
    verdict = f"not run: {its['why']}" if its["verdict"] == "not run" else its["verdict"] + known
    return [*found, f"{its['cases']:,}", f"{its['numbers']:,}", f"{its['seconds']:.0f}", verdict]


def _worst(family: Mapping[str, Any] | None) -> str:
    if family is None:
        return "–"
    return "∞" if family["worst"] is None else f"{family['worst']:.2g}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
