"""Types of command-line options that name releases and implementations (`conformance.common.arguments` has others)."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import TypeVar

from packaging.requirements import InvalidRequirement, Requirement

from ..implementations.finding import source_of
from ..implementations.timing import ORACLE, PRODUCT, contestant
from ..upgrades.environments.compatibility import listed_package

T = TypeVar("T")


def argument_type(read: Callable[[str], T]) -> Callable[[str], T]:
    """A type of options: the message of the reader's `ValueError` is printed as argparse's complaint."""

    def read_argument(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_argument


def release(text: str) -> str:
    """A requirement of a framework for which environments are known, as ``keras==3.9.2`` or ``keras``."""
    argument_type(listed_package)(text)
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
    argument_type(source_of)(name)
    return name


def timed(name: str) -> str:
    """The name of what the benchmarks time beside the oracle, built in or not."""
    if name in (ORACLE, PRODUCT):
        raise argparse.ArgumentTypeError(f"{name} is timed in any case")
    argument_type(contestant)(name)
    return name
