"""``python -m conformance layouts`` prints the table of every layout."""

from __future__ import annotations

import pytest

from conformance.commands.main import main
from refimpl.layouts import table


def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layouts"]) == 0
    assert capsys.readouterr().out == table.as_markdown() + "\n"
