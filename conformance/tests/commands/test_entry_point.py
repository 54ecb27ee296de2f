"""The console script ``rnn-conformance`` and ``python -m conformance`` are one command line."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from conformance.commands import main as command_line
from conformance.commands.main import main

from ..support import ROOT, python

SCRIPT = "rnn-conformance"


def entry_point() -> Callable[..., int]:
    """What pyproject.toml says that the console script calls, resolved as installers' scripts resolve it."""
    pyproject = ROOT / "pyproject.toml"
    if not pyproject.is_file():
        pytest.skip("an installed package has no pyproject.toml beside it")
    module, _, name = tomllib.loads(pyproject.read_text())["project"]["scripts"][SCRIPT].partition(":")
    found: Callable[..., int] = getattr(importlib.import_module(module), name)
    return found


def help_of(program: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> str:
    """What the entry point prints where the program is called by this path."""
    monkeypatch.setattr(sys, "argv", [program, *words, "--help"])
    with pytest.raises(SystemExit) as ended:
        entry_point()()
    assert ended.value.code == 0
    printed: str = capsys.readouterr().out
    return printed


@pytest.mark.parametrize("path", ["/somewhere/bin/rnn-conformance", "rnn-conformance.exe"])
def test_the_console_script_prints_its_own_name_in_its_help(path: str, monkeypatch: Any, capsys: Any) -> None:
    printed = help_of(path, (), monkeypatch, capsys)
    assert printed.startswith(f"usage: {SCRIPT} [-h] COMMAND"), printed
    assert all(f"    {name} " in printed or f"    {name}\n" in printed for name in command_line._COMMANDS), printed
    printed = help_of(path, ("upgrade",), monkeypatch, capsys)
    assert f"example: {SCRIPT} upgrade " in printed, printed


def test_the_module_prints_its_own_name_in_its_help() -> None:
    status, printed = python("-m", "conformance", "--help")
    assert status == 0, printed
    assert printed.startswith("usage: python -m conformance [-h] COMMAND"), printed


@pytest.mark.parametrize("program", ["/somewhere/bin/rnn-conformance", "/somewhere/conformance/__main__.py"])
def test_a_record_names_the_command_that_a_checkout_understands(program: str, monkeypatch: Any) -> None:
    seen: list[str] = []
    module = importlib.import_module("conformance.commands.layouts")

    def keeps(parsed: Any) -> int:
        seen.append(parsed.command_line)
        return 0

    monkeypatch.setattr(module, "_layouts", keeps)
    monkeypatch.setattr(sys, "argv", [program, "layouts"])
    assert main() == 0
    assert seen == ["python -m conformance layouts"]


def test_a_record_names_a_file_elsewhere_by_its_name_alone() -> None:
    given = ("run", "--implementation", "mine.py:Layer", "--json", "/somewhere/else/run.json")
    assert command_line._kept(given) == "python -m conformance run --implementation mine.py:Layer --json run.json"
    assert command_line._kept(("run", "--json=/somewhere/else/run.json")) == "python -m conformance run --json=run.json"


@pytest.mark.parametrize("name", command_line._COMMANDS)
def test_every_command_explains_itself_under_its_own_name(name: str, capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f" {name} [-h]" in capsys.readouterr().out


def test_a_command_imports_no_other_and_a_run_no_hypothesis_before_it_draws() -> None:
    begin = "import sys\nfrom conformance.commands.main import main\n"
    asked = "try:\n    main(['run', '--seed', 'today'])\nexcept SystemExit:\n    print(*sys.modules, sep='\\n')"
    status, printed = python("-c", begin + asked)
    assert (status, "conformance.commands.run" in printed.splitlines()) == (0, True), printed
    assert {"conformance.commands.power.mutants", "hypothesis"} & set(printed.splitlines()) == set()
