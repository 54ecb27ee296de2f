"""A run on GitHub: a summary of the job in Markdown, and an annotation for each kind of failure.

Source: GitHub's documentation of workflow commands (``::error``, ``::stop-commands``) and of `GITHUB_STEP_SUMMARY`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .failure_kinds import kinds_of
from .result import Result
from .summary import summary_lines
from .verdict_cells import arithmetic_of, verdict_of, versions_of, worst_of

_ANNOTATIONS = 10  # GitHub shows no more of a step
_MESSAGE = 2000  # characters of a failure in an annotation, and in the summary
_FAMILIES_HEADING = "worst error / bound"


def on_github() -> bool:
    """Whether this is a step of a workflow of GitHub's."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


@contextmanager
def workflow_commands_stopped() -> Iterator[None]:
    """While it lasts, no line that is printed is taken for a command of the workflow, whatever a plug-in says."""
    if not on_github():
        yield
        return
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", flush=True)
    try:
        yield
    finally:
        print(f"::{token}::", flush=True)


def print_annotations(results: Sequence[Result]) -> None:
    """Prints an error for each kind of failure, the first few of them; nothing where this is not GitHub."""
    if on_github():
        for title, message in _errors(results)[:_ANNOTATIONS]:
            print(f"::error title={_property(title)}::{_data(message[:_MESSAGE])}", flush=True)


def append_job_summary(results: Sequence[Result], absent: Mapping[str, str]) -> None:
    """Appends the run to the file that ``GITHUB_STEP_SUMMARY`` names; does nothing where it names none."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as summary:
            summary.write(as_markdown(results, absent) + "\n")


def as_markdown(results: Sequence[Result], absent: Mapping[str, str]) -> str:
    """The five lines, the table, and one failure of each kind."""
    lines = ["## Recurrent layers against the oracle", ""]
    lines += [f"- {_text(line)}" for line in summary_lines(results, absent)]
    heads = ("implementation", "verdict", "versions", "arithmetic", _FAMILIES_HEADING, "cases", "numbers", "seconds")
    lines += ["", _row(heads), _row(["---"] * 4 + ["---:"] * 4)]
    for result in results:
        figures = (f"{result.cases:,}", f"{result.numbers:,}", f"{result.seconds:.0f}")
        words = (f"{result.name} ({result.device})", verdict_of(result), versions_of(result), arithmetic_of(result))
        lines.append(_row([*map(_text, words), worst_of(result, list(result.families)), *figures]))
    for title, message in _errors(results)[:_ANNOTATIONS]:
        lines += [
            "",
            f"<details><summary>{_text(title)}</summary>",
            "",
            *_indented(message[:_MESSAGE]),
            "",
            "</details>",
        ]
    return "\n".join(lines)


def _errors(results: Sequence[Result]) -> list[tuple[str, str]]:
    """A title and a message for each kind of failure of each implementation, and for each crash."""
    found = []
    for result in results:
        for kind in kinds_of(result.failures):
            found.append((f"{result.name}: {kind.what}, in {len(kind.tests)} tests", kind.message))
        if result.why and not result.failures and result.verdict != "not run":
            found.append((f"{result.name}: {result.verdict}", result.why))
    return found


def _indented(text: str) -> list[str]:
    """As a block of code: no fence, which the text could end."""
    return [f"    {line}" for line in text.splitlines()]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """Text in which nothing is Markdown or HTML."""
    return "".join(f"&#{ord(c)};" if c in "&<>|`*_[]\\~" else c for c in text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
