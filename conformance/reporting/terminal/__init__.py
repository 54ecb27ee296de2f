"""What commands print with: rich, or plain text where rich is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    from rich.cells import cell_len as width_of
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
except ModuleNotFoundError:
    if not TYPE_CHECKING:  # the stand-ins accept what a run passes to them, and no more
        from .without_rich import PlainConsole as Console
        from .without_rich import PlainTable as Table
        from .without_rich import escape, width_of
    WITH_RICH = False
else:
    WITH_RICH = True

__all__ = ["WITH_RICH", "Console", "Table", "escape", "width_of"]
