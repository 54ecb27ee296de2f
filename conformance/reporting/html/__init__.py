"""Runs, records and releases as HTML pages that open from disk, without a network. They need Jinja2 and Plotly."""

from .history import history_page
from .pages import require_packages
from .run_page import run_page
from .scoreboard import scoreboard_page

__all__ = ["history_page", "require_packages", "run_page", "scoreboard_page"]
