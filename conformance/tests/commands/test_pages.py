"""The pages name files that are there: every link and every path in them."""

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
PATH = re.compile(r"(?<![\w./*-])((?:conformance|refimpl|fixtures|\.github)/[\w./-]*\w)(?![\w*])")


def missing_from(text: str, folder: Path) -> list[str]:
    """The links, from the page's folder, and the paths, from the top, that lead nowhere."""
    links = [link for link in LINK.findall(text) if not (folder / link).exists()]
    return links + [path for path in PATH.findall(text) if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_path_of_a_page_leads_somewhere(page: Path) -> None:
    missing = missing_from(page.read_text(encoding="utf-8"), page.parent)
    assert not missing, f"{page.relative_to(ROOT)} names what is not there: {missing}"


def test_a_link_and_a_path_to_nowhere_are_seen() -> None:
    text = "[a](gone.md) [b](README.md) [c](https://x.org/y) [d](#here) `conformance/gone.py` `conformance/contract.py`"
    assert missing_from(text, ROOT) == ["gone.md", "conformance/gone.py"]
