"""Pages whose parts are printed by commands: each part stands between markers, and cog makes it anew.

A part begins with ``<!-- {{cog printed("COMMAND") cog}} -->`` and ends with ``<!-- {{end}} -->``. What runs longer
than a minute or needs what is not everywhere is marked ``by_hand=True``: it stays as it is until it is asked for.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from contextvars import ContextVar
from pathlib import Path
from subprocess import PIPE

from ..common.fixtures import directory
from ..running.kept import run_kept
from ..suite.events import FAMILIES

ROOT = directory().parent
MARKER = "{{cog printed("
_MARKERS = "{{cog", "cog}}", "{{end}}"
_COLUMNS = "100"
_BY_HAND: ContextVar[bool] = ContextVar("by_hand", default=False)
_HEARTBEAT = re.compile(r"^after \d+ s: .*\n", flags=re.MULTILINE)
_FIGURE = re.compile(r"\d[\d.,]*(?:e[+-]?\d+)?(?:\+cpu)?")
_WORST = re.compile(rf"\((?:[\w-]+, )?(?:{'|'.join(FAMILIES)})\)")
_SPACE = re.compile(r"[ ━─┏┳┓┡╇┩└┴┘]+")


class CommandFailed(ValueError):
    """A command of a page ended with another status than the page says."""


def pages() -> list[Path]:
    """Every page that has a part which a command prints."""
    found = [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md")]
    found += [page for room in ("conformance", "refimpl", "fixtures") for page in (ROOT / room).glob("**/*.md")]
    return sorted(page for page in found if MARKER in page.read_text(encoding="utf-8"))


def regenerated(text: str, by_hand: bool = False) -> str:
    """The page with each part as its command prints it now; with ``by_hand`` those too that are marked so.

    Raises `CommandFailed` where a command ends otherwise than it should.
    """
    from cogapp import Cog
    from cogapp.cogapp import CogUserException

    cog = Cog()
    cog.options.prologue = f"from {__name__} import printed"
    # Cog's own markers, such as ]]], are Python too: they end nested lists.
    cog.options.begin_spec, cog.options.end_spec, cog.options.end_output = _MARKERS
    token = _BY_HAND.set(by_hand)
    try:
        return str(cog.process_string(text))
    except CogUserException as error:
        raise error.__context__ or error from None
    finally:
        _BY_HAND.reset(token)


def printed(
    command: str, status: int = 0, markdown: bool = False, lines: int | None = None, by_hand: bool = False
) -> None:
    """Writes into the page what the command prints. Pages call it.

    status     with which the command ends
    markdown   whether it prints Markdown; else it is shown as text, below the command
    lines      the first so many lines are shown
    by_hand    leaves the part as it is, unless such parts are asked for
    """
    import cog

    if by_hand and not _BY_HAND.get():
        cog.out(cog.previous)
        return
    found = output_of(command, status).splitlines()
    kept = found if lines is None or len(found) <= lines else [*found[:lines], "…"]
    cog.outl("\n".join(["", *kept, ""] if markdown else ["```", f"$ {command}", *kept, "```"]))


def output_of(command: str, status: int = 0) -> str:
    """What a command prints, run from the top of this project in a terminal of 100 columns that has no colours."""
    words = shlex.split(command)
    if words[0] == "python":
        words[0] = sys.executable
    quiet = {name: its for name, its in os.environ.items() if not name.startswith("GITHUB_") and name != "FORCE_COLOR"}
    found = run_kept(
        words,
        cwd=ROOT,
        env=quiet | {"COLUMNS": _COLUMNS, "PYTHONPATH": str(ROOT)},
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    )
    if found.returncode != status:
        raise CommandFailed(f"{command} ended with status {found.returncode}, not {status}:\n{found.stderr[-2000:]}")
    lines = _HEARTBEAT.sub("", found.stdout).replace(str(ROOT), "…").splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def form_of(page: str) -> str:
    """The page without its figures, which differ between machines and versions, and without what their widths move."""
    return _SPACE.sub(" ", _FIGURE.sub("#", _WORST.sub("(family)", page)))
