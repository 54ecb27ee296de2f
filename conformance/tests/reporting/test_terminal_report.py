"""A run in the terminal: five lines, a table that fits, and one failure of each kind on a screen."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

import pytest
from rich.console import Console

from conformance.reporting.failure_kinds import kinds_of
from conformance.reporting.result import Result
from conformance.reporting.summary import summary_lines
from conformance.reporting.terminal.report import print_results
from conformance.reporting.terminal.verdict_table import headings
from conformance.suite.events import FAMILIES

WIDTHS = (80, 100, 120, 200)
ABSENT = {"cuda": "no CUDA device"}


def result(name: str, verdict: str = "agrees", **changes: Any) -> Result:
    """A result with a figure in every family, and all that a table may show."""
    families = {family: {"numbers": 100_000, "worst": 0.00123, "undecided": 7} for family in FAMILIES[:-1]}
    given: dict[str, Any] = {
        "versions": {"keras": "3.15.1", "tensorflow-cpu": "2.21.0"},
        "paths": [],
        "cases": 12_345,
        "numbers": 1_234_567,
        "families": families,
        "coverage": {},
        "not_run": {"gates": "they are not told"},
        "refused": {},
        "divergences": {"one": "is known", "two": "is known"},
        "divergent_cases": {"one": 3},
        "failures": {},
        "seconds": 417.0,
    }
    return Result(name=name, device="cpu", verdict=verdict, **given | changes)


MANY = [
    result("keras-tensorflow"),
    result("a-name-that-is-far-longer-than-any-terminal-of-the-kind-that-people-use-is-wide-enough"),
    result("torch", "not run", families={}, why="torch is not installed", versions={}),
    result("fast-math", arithmetic={"float64": "bfloat16", "float32": "float32, products in TF32"}),
    result("crashes", "CRASHED", why="status 86"),
]


def printed(results: list[Result], width: int, verbose: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    print_results(console, results, ABSENT, verbose)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text.splitlines()


@pytest.mark.parametrize("shown", [MANY, MANY[2:], MANY[:1], MANY[-1:]], ids=["all", "short", "one", "crashed"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_fits_and_each_row_is_a_line(width: int, shown: list[Result]) -> None:
    lines = printed(shown, width)
    table = [line for line in lines if line.startswith(tuple("┏┃┡│└"))]
    assert len(table) == 3 + len(shown) + 1, "\n".join(table)
    assert {len(line) for line in table} <= set(range(width + 1)), max(map(len, table))
    for each, line in zip(shown, table[3:-1], strict=True):
        cells = [cell.strip() for cell in line.strip("│").split("│")]
        assert cells[0].removesuffix("…") in f"{each.name} (cpu)"
        assert cells[-1].startswith(each.verdict)
        assert all(cells), f"an empty cell: {cells}"
        assert not any("…" in cell for cell in cells[1:]), f"a cell is cut: {cells}"


def test_the_wider_the_table_the_more_it_shows() -> None:
    counts = [len(headings(MANY[2:], width)) for width in (*WIDTHS, 300)]
    assert counts == sorted(counts)
    assert len(set(counts)) >= 4, counts
    assert "versions" in headings(MANY[:1], 200)


@pytest.mark.parametrize("width", WIDTHS)
def test_versions_and_arithmetics_are_told_beside_or_below_the_table(width: int) -> None:
    said = " ".join(printed(MANY, width))
    assert "tensorflow-cpu" in said
    assert "float64: bfloat16; float32: float32, products in TF32" in said


def test_another_precision_than_the_case_has_is_in_the_verdict() -> None:
    (row,) = (line for line in printed(MANY, 120) if "fast-math" in line and "│" in line)
    assert "agrees in bfloat16 +2 known" in row
    assert not any("in bfloat16" in line for line in printed(MANY[:2], 120))


def test_five_lines_come_first() -> None:
    lines = summary_lines(MANY, ABSENT)
    assert printed(MANY, 200)[:5] == lines
    assert [line.partition(":")[0] for line in lines] == ["verdict", "compared", "known divergences", "not run", "more"]
    assert lines[0].startswith("verdict: 1 CRASHED (crashes); 1 not run (torch); 3 agrees")
    assert "cuda, torch" in lines[3]


def test_what_was_not_run_as_a_whole_has_its_reason_without_verbose() -> None:
    lines = printed(MANY, 100)
    assert "  cuda: no CUDA device" in lines
    assert "  torch: torch is not installed" in lines
    assert not any("they are not told" in line for line in lines)
    assert any("they are not told" in line for line in printed(MANY, 100, verbose=True))


def message(number: int, quantity: str, script_lines: int) -> str:
    head = [f"it (it 1.0) disagrees with the oracle\n  LSTM(input_size={number}, …), float64"]
    return "\n".join([*head, f"  {quantity}[0, {number}]: expected 1.0, got 2.0"] + ["x" * 500] * script_lines)


FAILURES = {
    "test_a[1]": message(1, "d_params.kernel", 90),
    "test_a[2]": message(2, "d_params.bias", 80),
    "test_b": message(3, "outputs", 70),
    "test_c[7]": "it disagrees\n  case 1\n  raised ValueError: 17 is too many",
    "test_c[9]": "it disagrees\n  case 2\n  raised ValueError: 4 is too many",
}


def test_failures_that_say_the_same_are_one_kind_with_the_shortest_message() -> None:
    kinds = kinds_of(FAILURES)
    assert [(kind.what, len(kind.tests)) for kind in kinds] == [
        ("d_params off", 2),
        ("raised ValueError: # is too many", 2),
        ("outputs off", 1),
    ]
    assert kinds[0].message == FAILURES["test_a[2]"]


@pytest.mark.parametrize("width", WIDTHS)
def test_one_of_each_kind_is_shown_on_one_screen(width: int) -> None:
    failing = [result("it", "DIVERGES", failures=FAILURES)]
    lines = printed(failing, width)
    starts = [k for k, line in enumerate(lines) if line.startswith("─")] + [len(lines)]
    assert len(starts) == 4
    assert all(b - a <= 41 for a, b in pairwise(starts)), starts
    assert max(map(len, lines[starts[0] :])) <= width
    assert sum("more lines" in line for line in lines) == 2
    assert any(line.startswith("the same (d_params off) in 1 more: test_a[1]") for line in lines)


def test_verbose_prints_every_failure_whole() -> None:
    failing = [result("it", "DIVERGES", failures=FAILURES)]
    lines = printed(failing, 100, verbose=True)
    assert lines.count("x" * 500) == 240
    assert not any("more lines" in line for line in lines)
