"""What the command line's options may be; argparse says with an option's name what it was given instead."""

from __future__ import annotations

import argparse
from pathlib import Path

from .implementations import source_of


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


def implementation(name: str) -> str:
    """The name of an implementation, built in or not."""
    try:
        source_of(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return name
