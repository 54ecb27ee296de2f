"""The page of what moved from release to release, with plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .pages import anchor, page


def history_page(series: Sequence[Mapping[str, Any]], back: str = "") -> str:
    """The page of these series of releases, as `conformance.upgrades` gives them as data."""
    named = [{**one, "id": anchor("series", one["package"], one["implementation"])} for one in series]
    return page("history.html.jinja", ("plotly", "history.js"), series=named, back=back, data=named)
