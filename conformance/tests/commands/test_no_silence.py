"""No command is silent for long: it says itself how far it is, or a line says that it goes on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

import pytest

from conformance.commands import main as command_line

OTHERS = sorted(set(command_line._COMMANDS) - set(command_line._TELL_THEMSELVES))
SIGNS_OF_LIFE = ("progress_bars(", "progress_lines(", "run_and_watch(", "heartbeat(")


@pytest.mark.parametrize("name", command_line._TELL_THEMSELVES)
def test_a_command_that_is_left_to_tell_of_itself_does_so(name: str) -> None:
    module = import_module(f"conformance.commands.{command_line._COMMANDS[name]}")
    assert any(sign in inspect.getsource(module) for sign in SIGNS_OF_LIFE), f"{name} says nothing while it works"


def test_of_any_other_command_a_line_says_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    beaten: list[str] = []

    @contextmanager
    def beats(what: Callable[[], str]) -> Iterator[None]:
        yield
        beaten.append(what())

    monkeypatch.setattr(command_line, "heartbeat", beats)
    assert command_line.main(["layouts"]) == 0
    assert beaten == ["layouts goes on"]
    assert {"certify", "accuracy", "job", "model", "bisect", "with"} <= set(OTHERS)
