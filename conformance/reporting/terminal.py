"""What commands print with: rich, or plain text where rich is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
except ModuleNotFoundError:
    if not TYPE_CHECKING:  # the stand-ins accept what a run passes to them, and no more
        from .without_rich import PlainConsole as Console
        from .without_rich import PlainTable as Table
        from .without_rich import escape
    WITH_RICH = False
else:
    WITH_RICH = True

__all__ = ["WITH_RICH", "Console", "Table", "escape"]
