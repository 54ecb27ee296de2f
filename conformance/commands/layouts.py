"""``python -m conformance layouts``: print how each framework lays out its weights."""

from __future__ import annotations

import argparse
from typing import Any

from refimpl.layouts import table


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    listed = commands.add_parser("layouts", help="print every weight layout, as a Markdown table")
    listed.set_defaults(command=_layouts)


def _layouts(parsed: argparse.Namespace) -> int:
    print(table.as_markdown())
    return 0
