"""The verdict of one release.

``python -m conformance.upgrades.bisecting.worker RECORD IMPLEMENTATION case|divergence WHICH``

Writes a line of JSON when the framework is imported, so that a later crash is known to come from the question, and one
for the verdict.
"""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from ...cases.asking import observe
from ...contract import Case, Implementation, attribute_of
from ...implementations.finding import load
from ...judging.arithmetic import arithmetic_of
from ...judging.divergences import Divergence, script_of, still_shows
from ...judging.expected import expect
from ...judging.verdict import judge
from ...running.events import append_event, record_named
from .questions import known_divergence, question_of_case_file
from .search import Verdict


def main(arguments: Sequence[str]) -> int:
    """Puts the question, and writes the verdict, or why there is none, to the record."""
    record, (name, kind, which) = record_named(arguments[0]), arguments[1:]
    subject = question_of_case_file(Path(which)).subject if kind == "case" else known_divergence(which)
    if isinstance(subject, Divergence) and subject.minimal is None:
        append_event(record, event="begun")
        verdict = verdict_of_script(script_of(subject))
    else:
        try:
            implementation = load(name)
        except Exception as error:  # whatever an old release does when it is imported
            append_event(record, event="unusable", why=f"{name} cannot be made: {type(error).__name__}: {error}")
            return 0
        case = subject.minimal if isinstance(subject, Divergence) else subject
        declared = {name for entry in implementation.cells for name in entry}
        if (
            unknown := (case.call_options.keys() if case else set()) - declared
        ):  # a misspelt option would change nothing
            append_event(
                record, event="unusable", why=f"{name} has no option {', '.join(sorted(unknown))} in this release"
            )
            return 0
        append_event(record, event="begun")
        if isinstance(subject, Divergence):
            verdict = _shows(still_shows(implementation, subject))
        else:
            verdict = verdict_of_implementation(implementation, subject)
    append_event(record, event="verdict", word=verdict.word, detail=verdict.detail)
    return 0


def verdict_of_implementation(implementation: Implementation, case: Case) -> Verdict:
    """Whether it agrees with the oracle on the case; known divergences count as disagreements."""
    prepare = attribute_of(implementation, "prepare")
    try:
        case = case if prepare is None else prepare(case)
        observed = observe(implementation, case)
    except Exception as error:
        return Verdict(f"raises {type(error).__name__}", (str(error).strip().splitlines() or [""])[0])
    found = judge(expect(case, arithmetic_of(implementation, case)), observed)
    if found.disagreements:
        return Verdict("disagrees", str(found.disagreements[0]))
    return Verdict("agrees") if found.numbers else Verdict("answers nothing that can be compared")


def verdict_of_script(path: Path) -> Verdict:
    """Whether the script shows its divergence: it exits with 1, or with a message, while it does."""
    sys.argv = [str(path)]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(str(path), run_name="__main__")
    except SystemExit as ended:
        status = 1 if isinstance(ended.code, str) else ended.code or 0
        return _shows(status == 1) if status in (0, 1) else Verdict(f"exits with {status}")
    except Exception as error:  # Python would exit with 1 here too, and that is no divergence
        return Verdict(f"raises {type(error).__name__}", (str(error).strip().splitlines() or [""])[0])
    return _shows(False)


def _shows(found: bool) -> Verdict:
    return Verdict("shows" if found else "does not show")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
