"""Types of command-line options: each checks its value, and argparse prints the option's name with the complaint."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

_FIGURES = (".png", ".svg", ".pdf")


def count(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a positive whole number is needed")
    return int(text)


def natural(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("a whole number from 0 on is needed")
    return int(text)


def seconds(text: str) -> float:
    """A number of seconds above zero."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError("a number of seconds above zero is needed")
    return found


def share(text: str) -> float:
    """A share of a whole: above 0, at most 1."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1:
        raise argparse.ArgumentTypeError("a number above 0 and at most 1 is needed")
    return found


def same_file(parsed: argparse.Namespace, *options: str) -> str:
    """What is wrong where two of these options name one file, so that the second would write over the first."""
    seen: dict[Path, str] = {}
    for option in options:
        path = getattr(parsed, option)
        if path is not None and (first := seen.setdefault(path.resolve(), option)) != option:
            return f"--{first} and --{option} name the same file: {path}"
    return ""


def output_file(name: str) -> Path:
    """A file to be written; its folder must exist."""
    path = output_place(name)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"is a folder: {path}")
    return path


def output_place(name: str) -> Path:
    """A file to be written, or a folder in which it gets a name."""
    path = Path(name)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"no such folder: {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"cannot be written: {path}")
    return path


def folder(name: str) -> Path:
    """A folder that is there."""
    path = Path(name)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"no such folder: {path}")
    return path


def figure_file(name: str) -> Path:
    """A file to write a plot to: PNG, SVG or PDF."""
    path = output_file(name)
    if path.suffix not in _FIGURES:
        raise argparse.ArgumentTypeError(f"a name that ends in {', '.join(_FIGURES)} is needed, got {path.name}")
    return path


def require_matplotlib() -> None:
    """Raises `ModuleNotFoundError` before minutes of work whose plot could not be drawn, not after them."""
    import matplotlib  # noqa: F401
