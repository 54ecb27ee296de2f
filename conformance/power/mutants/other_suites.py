"""What other people's ways of testing would catch: the certified corpus alone, a project's published cases alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ...contract import Case, NotRun, Observed
from ...implementations.finding import imported, installed, offered
from ...judging.expected import Expected, expect
from ...judging.verdict import judge
from ...truth import corpus
from .faults.conditional import is_right_about
from .layer import Textbook

Asked = tuple[Case, Expected]


def caught_by_the_corpus(made: type[Textbook], families: Sequence[str] = ()) -> bool:
    """Whether any certified case comes out wrong, of those that the layer can compute; of all families, or of these."""
    return any(_caught(made, _of_the_corpus(family)) for family in families or _families())


def caught_by_published_cases(name: str, made: type[Textbook]) -> bool | None:
    """Whether any of the cases that a framework's project publishes comes out wrong; None where it is not installed.

    The outputs stored beside them are taken with the derived bounds, far narrower than the tolerance of its own tests.

    name   one that the frameworks' folders offer as ``published_cases``
    """
    cases = _published(name)
    return None if cases is None else _caught(made, cases)


def _caught(made: type[Textbook], cases: Sequence[Asked]) -> bool:
    mutant = made()
    for case, expected in cases:
        if is_right_about(mutant, case):
            continue
        try:
            found = mutant.observe(_copy(case))
        except Exception:
            return True
        if judge(expected, Observed({name: found[name] for name in expected.values if name in found})).disagreements:
            return True
    return False


def _copy(case: Case) -> Case:
    """Arrays that a mutant may change."""
    return case.map_arrays(lambda array: array.copy()).replace(mask=None if case.mask is None else case.mask.copy())


def _families() -> list[str]:
    """The corpus's families, first the one that most are caught by."""
    return sorted(corpus.families(), key=lambda family: family != "standard")


@cache
def _of_the_corpus(family: str) -> list[Asked]:
    fixtures = [(fixture.case, fixture.expected) for fixture in corpus.read(family)]
    known = [(case, expected) for case, expected in fixtures if _answers(case)]
    return [(case, Expected(expected, expect(case).bounds, case.dtype)) for case, expected in known]


@cache
def _published(name: str) -> list[Asked] | None:
    source = offered("published_cases")[name]
    found = []
    try:
        with installed(source):
            cases = list(imported(source.target)())
    except NotRun:
        return None
    for case, stored in cases:
        bounds = {quantity: 2 * bound for quantity, bound in expect(case).bounds.items()}
        if _answers(case):
            found.append((case, Expected(stored.values, bounds, case.dtype)))
    return found


def _answers(case: Case) -> bool:
    """Whether the layer knows every option of the case."""
    try:
        return bool(Textbook().observe(_copy(case)))
    except (KeyError, AttributeError):  # an activation that it has not
        return False
