"""Runs the suite against what ``--implementation`` names: ``pytest conformance --implementation torch``.

Without the option the suite is not collected, only the suite's own tests are; with it, only the suite is.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from conformance.cases.declarations import Misdeclared
from conformance.common.calling import CALLS
from conformance.common.printable import printable
from conformance.common.tracebacks import raised
from conformance.contract import NotRun
from conformance.implementations.finding import load
from conformance.judging.arithmetic import check_arithmetic
from conformance.judging.divergences import Disagreement
from conformance.running.events import append_event, record_named
from conformance.suite.call_limit import CallLimit
from conformance.suite.self_check import why_blind
from conformance.suite.session import PROFILES, SESSION, Session

_HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption("--implementation", help="what to check: a built-in, package.module:Class or file.py:Class")
    group.addoption("--device", default="cpu", help="where it computes: cpu (default) or cuda")
    group.addoption("--amount", default="quick", choices=list(PROFILES), help="how many cases are drawn")
    group.addoption("--cases", type=int, help="random cases, not the amount's")
    group.addoption("--call-timeout", type=float, default=120.0, help="seconds for one call, where there is a record")
    group.addoption("--record", type=record_named, help="append one JSON line for each event to this file")


def pytest_configure(config: pytest.Config) -> None:
    name = config.getoption("--implementation")
    if name is None:
        return
    record = config.getoption("--record")
    limit = CallLimit(record, config.getoption("--call-timeout")) if record is not None else None
    if limit is not None:
        CALLS.watch = limit.around
    try:
        with CALLS.around("its import, and to be made"):
            implementation = load(name, config.getoption("--device"))
    except NotRun as reason:
        append_event(config.getoption("--record"), event="unavailable", why=printable(reason))
        raise pytest.UsageError(f"{name}: not run: {reason}") from None
    except Misdeclared as error:
        _refuse(config, name, error)
    except ValueError as error:
        raise pytest.UsageError(f"--implementation: {error}") from None
    except Exception as error:
        append_event(record, event="unusable", why=raised(error))
        raise pytest.UsageError(f"{name}: cannot be made: {raised(error)}") from None
    profile = PROFILES[config.getoption("--amount")]
    if config.getoption("--cases"):
        profile = replace(profile, cases=config.getoption("--cases"))
    seed = str(config.getoption("hypothesis_seed", None))
    current = Session(implementation, profile, config.getoption("--record"), int(seed) if seed.isdigit() else 0)
    try:
        with CALLS.around("what it declares"):
            current.space  # noqa: B018  (which is checked before anything runs)
            check_arithmetic(implementation)
    except Misdeclared as error:
        _refuse(config, name, error)
    except Exception as error:
        append_event(record, event="unusable", why=raised(error))
        raise pytest.UsageError(f"{name}: cannot say what it has: {raised(error)}") from None
    if limit is not None:
        limit.script = current.script_of
    config.stash[SESSION] = current
    gc.freeze()  # a framework is a million objects that stay, and each full collection would look at all of them again


def _refuse(config: pytest.Config, name: str, error: Misdeclared) -> NoReturn:
    append_event(config.getoption("--record"), event="misdeclared", why=str(error))
    raise pytest.UsageError(f"{name}: {error}") from None


def pytest_report_header(config: pytest.Config) -> str:
    session = config.stash.get(SESSION, None)
    if session is None:
        return "conformance: the suite itself is not run: no --implementation was named"
    versions = ", ".join(f"{name} {version}" for name, version in session.implementation.versions.items())
    return f"conformance: checking {session.implementation.name} ({versions})"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if config.getoption("--implementation") is None:
        return True if collection_path == _HERE / "suite" else None
    left_out = [_HERE / "tests"]
    if config.getoption("--device") == "cpu":
        left_out.append(_HERE / "suite" / "test_devices.py")
    return True if collection_path in left_out else None


@pytest.fixture(scope="session")
def session(request: pytest.FixtureRequest) -> Session:
    """The run that the tests are part of."""
    return request.config.stash[SESSION]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Records how a test ended, and the message of one that failed."""
    outcome = yield
    report = outcome.get_result()
    current = item.config.stash.get(SESSION, None)
    if current is None:
        return
    test = item.nodeid.rpartition("/")[2]
    if report.failed:
        message = str(report.longrepr)
        cases: Sequence[Mapping[str, Any]] = ()
        if call.excinfo is not None:
            error = call.excinfo.value
            if isinstance(error, Disagreement):
                message, cases = str(error), error.failing_cases()
            else:
                message = call.excinfo.exconly()
        kept = current.record_failure(test, message, cases)
        if len(kept) < len(message):  # pytest writes it to the log and to JUnit XML too
            report.longrepr = kept
    if report.when == "call" or not report.passed:
        why = str(report.longrepr[-1]) if report.skipped and isinstance(report.longrepr, tuple) else ""
        current.record_outcome(test, report.outcome, report.duration, why)


def _check_ourselves(current: Session) -> None:
    """Records a failure where this process sees no fault any more."""
    try:
        why = why_blind()
    except Exception as error:
        why = raised(error)
    if why:
        message = f"NumPy, the oracle or the comparisons were changed in this process: {why}"
        current.record_failure("self-check", message)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    current = session.config.stash.get(SESSION, None)
    if current is not None:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        stats = reporter.stats if reporter is not None else {}
        reported = sum(len(stats.get(outcome, ())) for outcome in ("passed", "failed", "skipped", "error"))
        _check_ourselves(current)
        current.record_end(session.testscollected, reported)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if SESSION in config.stash:
        from conformance.suite.plan import MODULE_ORDER

        places = {f"test_{name}": place for place, name in enumerate(MODULE_ORDER)}
        items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def pytest_collection_finish(session: pytest.Session) -> None:
    current = session.config.stash.get(SESSION, None)
    if current is not None:
        from conformance.suite.plan import planned_cases

        current.record_start(planned_cases(current))
