"""A run as JUnit XML: one file, a test suite for each implementation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..common.atomic import write_atomically
from ..suite.runner import SuiteProcess


def write_junit(path: Path, processes: Sequence[SuiteProcess]) -> None:
    """Merges the JUnit XML of all processes into one file, which appears whole or not at all."""
    from junitparser import JUnitXml  # here, as a machine that is there for its GPU may lack it

    merged = JUnitXml()
    for process in processes:
        if process.junit.exists():
            for suite in JUnitXml.fromfile(str(process.junit)):
                suite.name = process.name
                merged.add_testsuite(suite)
    content: bytes = merged.tostring()  # type: ignore[no-untyped-call]  # junitparser has no types
    write_atomically(path, content.decode())
