"""Counting parameters: what a summary prints, from the shapes alone.

A SimpleRNN of ``H`` units on ``I`` features has ``H (I + H + 1)`` parameters, whatever the number of steps: an LSTM
four times as many, a GRU three times (Keras's, which resets after, has a second bias: ``3 H (I + H + 2)``; PyTorch has
two biases in every cell). A Dense layer of one unit adds ``H + 1``.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from typing import Any

from rich.console import Console
from rich.table import Table

import refimpl as ri

from ...contract import NotRun
from .frameworks import ask, frameworks_with

HELP = "parameter counts of small models, against the frameworks' own summaries"
STEPS, FEATURES, UNITS = 3, 2, (3, 4)
KINDS = ("SimpleRNN", "LSTM", "GRU")


def add_arguments(parser: ArgumentParser) -> None:
    """It takes none of its own."""


def models(kind: str, units: int, biases: str = "keras") -> tuple[ri.Model, ri.Model]:
    """The recurrent layer alone, and with a Dense layer of one unit, with the biases that the framework has."""
    options = {"use_recurrent_bias": True} if biases == "pytorch" else {}
    cell = getattr(ri, kind)(FEATURES, units, **options)
    return ri.Model((cell,)), ri.Model((cell, ri.Dense(units, 1)))


def counts(biases: str) -> dict[str, list[int]]:
    """Each model's name to its counts, alone and with the Dense layer, as the oracle has them."""
    return {
        f"{kind}({units})": [model.parameter_count for model in models(kind, units, biases)]
        for kind in KINDS
        for units in UNITS
    }


def total_in(summary: str) -> int:
    """The total that a summary in Keras's manner prints."""
    (found,) = re.findall(r"Total params: ([\d,]+)", summary)
    return int(found.replace(",", ""))


def run(parsed: Namespace, console: Console) -> int:
    """Prints the table; 1 where anybody counts otherwise."""
    options = {"kinds": KINDS, "units": UNITS, "steps": STEPS, "features": FEATURES}
    table = Table(title=f"parameters, on {STEPS} steps of {FEATURES} features: alone, and with Dense(1)")
    for column in ("model", "oracle", "keras", "oracle, two biases", "torch"):
        table.add_column(column, justify="left" if column == "model" else "right")
    theirs: dict[str, dict[str, Any]] = {}
    for framework in frameworks_with("count"):
        try:
            theirs[framework] = dict(ask(framework, "count", {}, options).report)
        except NotRun as reason:
            console.print(f"{framework}: not run: {reason}", markup=False)
    wrong = 0
    keras = [name for name in theirs if name.startswith("keras")]
    for name, expected in counts("keras").items():
        two_biases = counts("pytorch")[name]
        found = [theirs[k]["counts"][name] for k in keras] + [
            [total_in(summary) for summary in theirs[k]["summaries"][name]] for k in keras
        ]
        torch = theirs.get("torch", {"counts": {name: None}})["counts"][name]
        wrong += any(one != expected for one in found) or torch not in (None, two_biases)
        table.add_row(
            name, _as_text(expected), _as_text(found[0]) if found else "–", _as_text(two_biases), _as_text(torch)
        )
    console.print(table)
    console.print(f"summaries read: {', '.join(keras) or 'none'}; {wrong} differ from the oracle", highlight=False)
    console.print(models("SimpleRNN", 3)[1].summary(), markup=False, highlight=False)
    return 1 if wrong or not theirs else 0


def _as_text(pair: list[int] | None) -> str:
    return "–" if pair is None else f"{pair[0]}, {pair[1]}"
