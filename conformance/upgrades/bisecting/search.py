"""Binary search for the release in which a verdict changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """What a release answers to the question.

    word     what is compared between releases: ``agrees``, ``disagrees``, ``raises ValueError``, ``shows``, …
    detail   more about it, which is not compared
    """

    word: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.word}: {self.detail}" if self.detail else self.word


@dataclass(frozen=True)
class Unusable:
    """A release that cannot be installed or imported, and why."""

    why: str


@dataclass(frozen=True)
class Change:
    """Two releases with different verdicts; those between them, if any, are unusable."""

    before: str
    after: str
    verdicts: tuple[Verdict, Verdict]
    unusable: tuple[str, ...]

    @property
    def verdict_changed(self) -> bool:
        """Whether the verdict did change."""
        return self.verdicts[0].word != self.verdicts[1].word


def first_change(releases: Sequence[str], judge: Callable[[str], Verdict | Unusable]) -> Change:
    """The first release with another verdict than the oldest, where the verdict changes once.

    Where the verdict changes more than once, the result is one of the changes. Where the two ends have the same
    verdict, there is no search, and the result has `verdict_changed` False.

    releases   at least two, oldest first
    judge      called at most once for each release; unusable ones are passed over

    Raises `ValueError` where an end is unusable.
    """
    low, high = 0, len(releases) - 1
    before, after = (_verdict_at_end(releases[end], judge(releases[end])) for end in (low, high))
    unusable: set[int] = set()
    while before.word != after.word and (between := sorted(set(range(low + 1, high)) - unusable)):
        middle = between[len(between) // 2]
        found = judge(releases[middle])
        if isinstance(found, Unusable):
            unusable.add(middle)
        elif found.word == before.word:
            low, before = middle, found
        else:
            high, after = middle, found
    passed = tuple(releases[place] for place in sorted(unusable) if low < place < high)
    return Change(releases[low], releases[high], (before, after), passed)


def _verdict_at_end(release: str, found: Verdict | Unusable) -> Verdict:
    if isinstance(found, Unusable):
        raise ValueError(f"{release} cannot be judged, and is one of the two ends: {found.why}")
    return found
