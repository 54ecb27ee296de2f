"""What the command line's options may be; argparse says with an option's name what it was given instead."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from .environments.partners import NoSet, known
from .implementations import source_of
from .implementations.timed import ORACLE, PRODUCT, contestant

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


def release(text: str) -> str:
    """A framework's release, as ``keras==3.9.2``, or what chooses one, as ``keras``."""
    try:
        known(text)
    except NoSet as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return requirement(text)


def requirement(text: str) -> str:
    """Any package's requirement, as installers take it."""
    try:
        return str(Requirement(text))
    except InvalidRequirement as error:
        raise argparse.ArgumentTypeError(str(error).splitlines()[0]) from None


def cpython(text: str) -> str:
    """A minor release of CPython, as ``3.12``."""
    if not re.fullmatch(r"3\.\d+", text):
        raise argparse.ArgumentTypeError("a minor release of CPython is needed, as 3.12")
    return text


def implementation(name: str) -> str:
    """The name of an implementation, built in or not."""
    return _named(name, source_of)


def timed(name: str) -> str:
    """The name of what the benchmarks can time beside the oracle, built in or not."""
    if name in (ORACLE, PRODUCT):
        raise argparse.ArgumentTypeError(f"{name} is timed in any case")
    return _named(name, contestant)


def _named(name: str, find: Callable[[str], object]) -> str:
    try:
        find(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return name
