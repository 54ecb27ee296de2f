"""What options of a command line may be; argparse says with an option's name what it was given instead."""

from __future__ import annotations

import argparse
from pathlib import Path

_FIGURES = (".png", ".svg", ".pdf")


def count(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a positive whole number is needed")
    return int(text)


def output(name: str) -> Path:
    """A file in a folder that is there."""
    path = Path(name)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"no such folder: {path.parent}")
    return path


def figure(name: str) -> Path:
    """A file that a plot can be written to."""
    path = output(name)
    if path.suffix not in _FIGURES:
        raise argparse.ArgumentTypeError(f"a name that ends in {', '.join(_FIGURES)} is needed, got {path.name}")
    return path
