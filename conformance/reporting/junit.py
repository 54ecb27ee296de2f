"""A run as JUnit XML: one file, a test suite for each implementation, a test case for each test that reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..common.atomic import write_atomically
from ..suite.runner import SuiteProcess
from .result import Result


def write_junit(
    path: Path,
    processes: Sequence[SuiteProcess],
    results: Sequence[Result],
    partial: str = "",
    nothing_ran: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Writes what the processes have reported; a suite that did not come to its end has an error that says why.

    partial       why the run has not come to its end; a property of each suite
    nothing_ran   what was asked for and not there, so that no process was begun, and why: an error each
    """
    from junitparser import Error, JUnitXml, TestCase, TestSuite  # here, as a machine there for its GPU may lack it

    merged = JUnitXml()
    for name, why in nothing_ran.items():
        suite, case = TestSuite(name), TestCase("the run", "suite")
        case.result = [_told(Error, f"not run: {why}")]
        suite.add_testcase(case)
        merged.add_testsuite(suite)
    for process, result in zip(processes, results, strict=True):
        suite = TestSuite(process.name)
        if partial:
            suite.add_property("partial", partial)
        suite.add_testcases(_cases(process, result))
        suite.time = result.seconds
        merged.add_testsuite(suite)
    content: bytes = merged.tostring()  # type: ignore[no-untyped-call]  # junitparser has no types
    write_atomically(path, content.decode())


def _cases(process: SuiteProcess, result: Result) -> list[Any]:
    from junitparser import Error, Failure, Skipped, TestCase

    found = []
    for event in process.of_kind("outcome"):
        module, _, name = event["test"].partition("::")
        case = TestCase(name, f"suite.{module.removesuffix('.py')}", event["seconds"])
        if event["outcome"] == "failed":
            message = result.failures.get(event["test"], event["why"])
            case.result = [_told(Failure, message)]
        elif event["outcome"] == "skipped":
            case.result = [Skipped(event["why"])]
        found.append(case)
    if result.verdict not in ("agrees", "DIVERGES"):
        case = TestCase("the run", "suite")
        kind = Skipped if result.verdict == "not run" else Error
        case.result = [_told(kind, f"{result.verdict}: {result.why}")]
        found.append(case)
    return found


def _told(kind: Any, message: str) -> Any:
    """The result with a message: its first line as the attribute, all of it as the text."""
    first, *_ = message.splitlines() or [""]
    found = kind(first)
    found.text = message
    return found
