"""Many records as one table: runtimes by features. Each field is right, wrong, refused, absent or not tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .features import MEANINGS, SYMBOLS, Features, Field, Wanted
from .pages import anchor, page


@dataclass(frozen=True)
class Feature:
    """A column: the group that it belongs to, its name, and the options that a case of it has; None: gradients."""

    group: str
    name: str
    wanted: Wanted | None


_MASKS = ("full", "right", "left", "holes", "rows")
FEATURES = (
    *(Feature("cell", kind, {"kind": (kind,)}) for kind in ("SimpleRNN", "LSTM", "GRU")),
    Feature("reset gate", "before", {"kind": ("GRU",), "reset_after": ("False",)}),
    Feature("reset gate", "after", {"kind": ("GRU",), "reset_after": ("True",)}),
    *(Feature("direction", name, {"direction": (name,)}) for name in ("forward", "backward", "both")),
    Feature("sequence", "lengths", {"lengths": ("sorted", "unsorted", "zero")}),
    Feature("sequence", "masks", {"mask": _MASKS}),
    Feature("sequence", "initial state", {"initial_state": ("True",)}),
    Feature("LSTM", "peepholes", {"peepholes": ("True",)}),
    Feature("LSTM", "projection", {"projection": ("True",)}),
    Feature("cell", "clip", {"clip": ("True",)}),
    *(Feature("dtype", name, {"dtype": (name,)}) for name in ("float64", "float32", "float16", "bfloat16")),
    Feature("training", "gradients", None),
    Feature("training", "dropout", {"dropout": ("True",)}),
)
GROUPS = ("cell", "reset gate", "direction", "sequence", "LSTM", "dtype", "training")
COLUMNS = tuple(feature for group in GROUPS for feature in FEATURES if feature.group == group)


@dataclass(frozen=True)
class Row:
    """A runtime in the versions that the newest record of it has, and the page of that record."""

    name: str
    result: Mapping[str, Any]
    date: str
    address: str
    fields: Sequence[Field]


def scoreboard_rows(records: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """A row for each runtime and device, from the newest record that compared anything; by the address of its page."""
    newest: dict[tuple[str, str], tuple[str, str, Mapping[str, Any]]] = {}
    for address, record in sorted(records.items()):
        for result in record["implementations"]:
            key = (result["name"], result["device"])
            found = (record["date"], address, result)
            if result["numbers"] and (key not in newest or newest[key][0] <= found[0]):
                newest[key] = found
    return [
        Row(result["name"], result, date, address, _fields(result))
        for _, (date, address, result) in sorted(newest.items(), key=lambda item: item[0])
    ]


def scoreboard_page(records: Mapping[str, Mapping[str, Any]], history: str = "") -> str:
    """The page of many records, by the addresses of their own pages; ``history`` is that of the releases' page."""
    rows = scoreboard_rows(records)
    groups = [(group, sum(feature.group == group for feature in COLUMNS)) for group in GROUPS]
    return page(
        "scoreboard.html.jinja",
        ("scoreboard.js",),
        rows=rows,
        groups=groups,
        columns=COLUMNS,
        records=sorted(records.items(), key=lambda item: item[1]["date"], reverse=True),
        history=history,
        symbols=SYMBOLS,
        meanings=MEANINGS,
        ids=[anchor("runtime", row.name, row.result["device"]) for row in rows],
        partial=[address for address, record in records.items() if record.get("partial")],
    )


def _fields(result: Mapping[str, Any]) -> list[Field]:
    features = Features(result)
    return [features.gradients() if feature.wanted is None else features.field(feature.wanted) for feature in COLUMNS]
