"""The suite under plain pytest: with ``--implementation`` it is all that runs, without it does not run and says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..support import Running, python, start

PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "conformance")


@pytest.fixture(scope="module", autouse=True)
def checking() -> Iterator[Running]:
    """The oracle checked, with the repository's own settings: a warning from our code is an error."""
    running = start(*PYTEST, "--implementation", "oracle")
    yield running
    running.end()


def test_without_an_implementation_only_our_own_tests_are_collected_and_the_header_says_so() -> None:
    few = "--ignore-glob=*/tests/*/test_[!u]*.py"  # to collect all of our own takes half a minute
    status, said = python(*PYTEST, "--collect-only", few)
    assert status == 0, said
    assert "conformance: the suite itself is not run: no --implementation was named" in said, said
    assert "test_under_pytest.py" in said, said
    assert "test_agreement.py" not in said, said


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("tensorfow", "--implementation: expected one of "),
        ("no_such_package_anywhere:RNN", "not run: no_such_package_anywhere is not installed"),
    ],
)
def test_an_implementation_that_is_not_there_is_an_error_in_one_line(name: str, complaint: str) -> None:
    status, said = python(*PYTEST, "--implementation", name)
    assert status == pytest.ExitCode.USAGE_ERROR, said
    assert complaint in said, said
    assert "Traceback" not in said, said


def test_with_an_implementation_only_the_suite_runs_and_the_oracle_passes_it(checking: Running) -> None:
    status, said = checking.ended()
    assert status == 0, said
    assert "conformance: checking oracle (numpy " in said, said
    assert "test_agreement.py" in said, said
    assert "test_under_pytest.py" not in said, said
