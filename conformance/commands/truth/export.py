"""``python -m conformance export``: the certified corpus as test vectors in forms that other projects load."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ...truth.vectors import FORMS, FolderRefused, export

_DESCRIPTION = """Writes the certified corpus as test vectors. npz: float64, every case, with gates and gradients. onnx:
models of one node with their inputs and outputs in float32, for onnx.backend.test. wpt: WebNN's lstm, gru, lstmCell and
gruCell in float32, in the form of web-platform-tests. What a form cannot express is counted by reason and listed in the
folder's vectors.json. The folder appears whole or not at all; one that holds other files is refused."""


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "export", help="write the certified corpus as test vectors: ONNX, WebNN or npz", description=_DESCRIPTION
    )
    parser.add_argument("--format", choices=FORMS, required=True, help="the form of the vectors")
    parser.add_argument(
        "--family", action="append", metavar="NAME", help="a family of fixtures/, may be repeated (default: all)"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to write; made, or replaced if it is ours")
    parser.set_defaults(command=_export)


def _export(parsed: argparse.Namespace) -> int:
    from ...truth.corpus import FixtureRefused

    try:
        found = export(
            parsed.format, parsed.folder, parsed.family, lambda family: print(family, file=sys.stderr, flush=True)
        )
    except (FolderRefused, FixtureRefused) as refused:
        print(f"nothing was written: {refused}", file=sys.stderr)
        return 2
    print(f"{found.written} of {found.tried} vectors written to {parsed.folder}")
    if found.left_out:
        print(f"{len(found.left_out)} left out:")
    for reason, cases in found.reasons.items():
        print(f"{cases:5}  {reason}")
    return 0 if found.written else 1


def _begins(family: str) -> None:
    print(family, file=sys.stderr, flush=True)
