"""``python -m conformance docs``: the parts of pages that commands print, made anew."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..common.atomic import write_atomically
from ..reporting.generated_pages import ROOT, CommandFailed, form_of, pages, regenerated
from ..reporting.heartbeat import heartbeat


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    docs = commands.add_parser(
        "docs",
        help="make the parts of pages that commands print anew",
        description="Makes the parts of pages that commands print anew. A page whose figures alone differ stays as it "
        "is, unless --figures is given.",
    )
    docs.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="pages (default: all that have such parts)")
    docs.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page's form differs")
    docs.add_argument("--figures", action="store_true", help="write pages whose figures alone differ, too")
    docs.add_argument("--by-hand", action="store_true", help="make those parts too that take long or need much")
    docs.set_defaults(command=_docs)


def _docs(parsed: argparse.Namespace) -> int:
    different = []
    for page in (path.resolve() for path in parsed.pages) if parsed.pages else pages():
        name, before = page.relative_to(ROOT), page.read_text(encoding="utf-8")
        with heartbeat(lambda name=name: f"making {name}"):  # type: ignore[misc]  # a lambda with a default
            try:
                now = regenerated(before, parsed.by_hand)
            except CommandFailed as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 2
        changed = form_of(now) != form_of(before)
        if changed:
            different.append(name)
        if not parsed.check and (changed or (parsed.figures and now != before)):
            write_atomically(page, now)
        print(f"{name}: {'differs' if changed else 'as it is'}", flush=True)
    return 1 if parsed.check and different else 0
