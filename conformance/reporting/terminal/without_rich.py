"""Stand-ins for the parts of rich that a run uses: plain text, for machines where rich is not installed."""

from __future__ import annotations

import re
from typing import Any

_MARKUP = re.compile(r"(?<!\\)\[/?[a-z ]*\]")
_GAP = "  "


def escape(text: str) -> str:
    """The text with its brackets escaped, so that they are printed and not read as markup."""
    return text.replace("[", "\\[")


def width_of(text: str) -> int:
    """How many columns the text takes; a letter is taken for one."""
    return len(text)


class PlainTable:
    """Stands in for `rich.table.Table`: each column is as wide as its widest cell."""

    def __init__(self, title: str = "") -> None:
        self.title = title
        self._rows: list[tuple[str, ...]] = [()]
        self._right: list[bool] = []

    def add_column(self, name: str, justify: str = "left", **_: Any) -> None:
        self._rows[0] = (*self._rows[0], name.replace("\n", ""))
        self._right.append(justify == "right")

    def add_row(self, *cells: str) -> None:
        self._rows.append(tuple(_MARKUP.sub("", cell) for cell in cells))

    def add_section(self) -> None:
        """Does nothing: plain text has no rule between sections."""

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self._rows, strict=True)]
        lines = [self.title]
        for row in self._rows:
            cells = zip(row, widths, self._right, strict=True)
            lines.append(_GAP.join(cell.rjust(w) if right else cell.ljust(w) for cell, w, right in cells).rstrip())
        return "\n".join(lines)


class PlainConsole:
    """Stands in for `rich.console.Console`: prints without colours."""

    is_terminal = False
    width, height = 160, 40

    def __init__(self, **_: Any) -> None:
        pass

    def print(self, text: object = "", **options: Any) -> None:
        """Prints a table, or a text without its markup."""
        printed = str(text)
        if isinstance(text, str) and options.get("markup", True):
            printed = _MARKUP.sub("", printed).replace("\\[", "[")
        print(printed, flush=True)

    def rule(self, title: str) -> None:
        self.print(f"--- {title} ---")
