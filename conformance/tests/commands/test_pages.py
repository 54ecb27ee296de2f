"""The pages name what is there: every link, every anchor and every path in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..support import ROOT

PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *(ROOT / "fixtures").glob("**/*.md")]
    + [page for room in ("conformance", "refimpl") for page in (ROOT / room).glob("**/*.md")]
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
ANCHOR = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)")
PATH = re.compile(r"(?<![\w./*-])((?:conformance|refimpl|fixtures|\.github)/[\w./-]*\w)(?![\w*])")


HEADING = re.compile(r"^#{1,6} (.*)$", flags=re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)


def missing_from(text: str, folder: Path) -> list[str]:
    """The links, from the page's folder, the anchors, and the paths, from the top, that lead nowhere."""
    links = [link for link in LINK.findall(text) if not (folder / link).exists()]
    links += [f"{link}#{name}" for link, name in ANCHOR.findall(text) if not has_anchor(text, folder, link, name)]
    return links + [path for path in PATH.findall(text) if not (ROOT / path).exists()]


def has_anchor(text: str, folder: Path, link: str, name: str) -> bool:
    """Whether the linked page, or this one, has the heading; a link to no page is told otherwise."""
    linked = folder / link
    if link and not linked.is_file():
        return True
    return name in anchors_of(linked.read_text(encoding="utf-8") if link else text)


def anchors_of(text: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them: lower case, without signs, spaces as hyphens."""
    headings = HEADING.findall(FENCED.sub("", text))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_anchor_and_path_of_a_page_leads_somewhere(page: Path) -> None:
    missing = missing_from(page.read_text(encoding="utf-8"), page.parent)
    assert not missing, f"{page.relative_to(ROOT)} names what is not there: {missing}"


def test_a_link_an_anchor_and_a_path_to_nowhere_are_seen() -> None:
    text = "[a](gone.md) [b](README.md) [c](https://x.org/y) [d](#here) `conformance/gone.py` `conformance/contract.py`"
    assert missing_from(text, ROOT) == ["gone.md", "#here", "conformance/gone.py"]
    there = "# It's here, too\n```\n# not here\n```\n[a](#its-here-too) [b](#not-here) [c](README.md#gone)"
    assert missing_from(there, ROOT) == ["#not-here", "README.md#gone"]
