"""What a run prints with where rich is not installed, as on a machine that is there for its GPU: plain text."""

from __future__ import annotations

import re
from typing import Any

_MARKUP = re.compile(r"(?<!\\)\[/?[a-z ]*\]")
_GAP = "  "


def escape(text: str) -> str:
    """The text, its brackets to be printed as they are."""
    return text.replace("[", "\\[")


class Table:
    """Rows under columns as wide as what stands in them."""

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
        """A line, which plain text does without."""

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self._rows, strict=True)]
        lines = [self.title]
        for row in self._rows:
            cells = zip(row, widths, self._right, strict=True)
            lines.append(_GAP.join(cell.rjust(w) if right else cell.ljust(w) for cell, w, right in cells).rstrip())
        return "\n".join(lines)


class Console:
    """Prints without colours."""

    is_terminal = False

    def __init__(self, **_: Any) -> None:
        pass

    def print(self, text: object = "", **options: Any) -> None:
        """Prints a table, or a text whose markup is left out."""
        said = str(text)
        if isinstance(text, str) and options.get("markup", True):
            said = _MARKUP.sub("", said).replace("\\[", "[")
        print(said, flush=True)

    def rule(self, title: str) -> None:
        self.print(f"--- {title} ---")
