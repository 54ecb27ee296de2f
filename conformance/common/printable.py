"""Text of others made fit to be shown and kept: names and messages of a plug-in may hold anything, of any length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAME, LINE = 80, 2000
"""How many characters are kept of a name, and of a line of a message."""
ITEMS = 100
"""How many items are kept of a list or a mapping."""
_LAYOUT = "\n\t"


def printable(value: object, most: int = LINE, layout: str = "") -> str:
    """The value as text of at most about ``most`` characters, none of which moves a cursor or colours a terminal.

    What is no text is shown as ``str`` gives it. Control characters, surrogates and marks of direction become escapes,
    as ``\\x1b``; those in ``layout`` stay. Where text is left out, the end says how much.
    """
    text = str.__str__(value) if isinstance(value, str) else _as_text(value)
    shown, room = [], most
    for character in text:
        shown.append(character if character.isprintable() or character in layout else _escape(character))
        room -= len(shown[-1])
        if room < 0:
            omitted = len(text) - len(shown) + 1
            return f"{''.join(shown[:-1])}… ({omitted:,} more characters are left out)"
    return "".join(shown)


def printable_lines(value: object, most: int) -> str:
    """The same for text of several lines: they stay lines."""
    return printable(value, most, _LAYOUT)


def bounded(value: Any) -> Any:
    """Data for JSON with each text printable, and no list or mapping longer than `ITEMS`; the last item says so."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        kept = {printable(key): bounded(its) for key, its in list(value.items())[:ITEMS]}
        return kept | ({"…": f"and {len(value) - ITEMS:,} more"} if len(value) > ITEMS else {})
    if isinstance(value, list | tuple):
        rest = [f"… and {len(value) - ITEMS:,} more"] if len(value) > ITEMS else []
        return [bounded(its) for its in value[:ITEMS]] + rest
    return printable(value)


def _as_text(value: object) -> str:
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__} without a text>"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
