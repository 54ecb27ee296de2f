"""Where the fixtures are."""

from __future__ import annotations

from pathlib import Path


def directory() -> Path:
    """The folder of fixtures: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "fixtures"
    return installed if installed.is_dir() else package.parent / "fixtures"
