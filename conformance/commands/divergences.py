"""``python -m conformance divergences``: print the known divergences."""

from __future__ import annotations

import argparse
from typing import Any

from ..judging import divergences


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    listed = commands.add_parser("divergences", help="print the known divergences, as a Markdown table")
    listed.set_defaults(command=_divergences)


def _divergences(parsed: argparse.Namespace) -> int:
    print(divergences.as_markdown())
    return 0
