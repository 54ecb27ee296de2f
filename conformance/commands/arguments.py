"""Types of command-line options that name releases and implementations (`conformance.common.arguments` has others)."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

from packaging.requirements import InvalidRequirement, Requirement

from ..implementations.finding import source_of
from ..implementations.timing import ORACLE, PRODUCT, contestant
from ..upgrades.environments.compatibility import NoEnvironmentKnown, listed_package


def release(text: str) -> str:
    """A requirement of a framework for which environments are known, as ``keras==3.9.2`` or ``keras``."""
    try:
        listed_package(text)
    except NoEnvironmentKnown as error:
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
    """The name of what the benchmarks time beside the oracle, built in or not."""
    if name in (ORACLE, PRODUCT):
        raise argparse.ArgumentTypeError(f"{name} is timed in any case")
    return _named(name, contestant)


def _named(name: str, find: Callable[[str], object]) -> str:
    try:
        find(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return name
