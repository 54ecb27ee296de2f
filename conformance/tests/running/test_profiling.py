"""The accounts of the suite's time: on which one a stack is booked, that they add up, and that a run shows them."""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from conformance.implementations.finding import packages_of
from conformance.running.profiling.accounts import (
    ACCOUNTS,
    BOUNDS,
    CALLS,
    COMPARISON,
    CONVERSION,
    DIVERGENCES,
    DRAWING,
    FRAMEWORK_ACCOUNTS,
    FRAMEWORK_IMPORTS,
    IMPORTS,
    OPTIONS,
    PYTEST,
    REST,
    VALUES,
    Accountant,
    share_outside_framework,
)
from conformance.running.profiling.sampling import Sampler

from ..support import HERE, command, python

SLOW = f"""
import sys
import time
sys.path.insert(0, {str(HERE)!r})
from planted_failures import Small

class Slow(Small):
    name = "slow"
    expensive = True  # few calls, each of which is waited for

    def observe(self, case):
        time.sleep(0.05)
        return super().observe(case)
"""
PYTEST_ITSELF = ("_pytest.runner.pytest_runtest_call", "pluggy._hooks.HookCaller.__call__")
SUITE = ("conformance.suite.test_laws.batch", *PYTEST_ITSELF)
ORACLE = ("refimpl.sequence.unroll", "refimpl.running.unroll")
IMPORT = "importlib._bootstrap._find_and_load"


def named(stack: Sequence[str]) -> list[tuple[str, str]]:
    """Modules and functions of dotted names, of which a module is written small."""
    found = []
    for name in stack:
        parts = name.split(".")
        module = [part for part in parts[:-1] if part.islower()]
        found.append((".".join(module), ".".join(parts[len(module) :])))
    return found


@pytest.mark.parametrize(
    ("account", "stack"),
    [
        (PYTEST, PYTEST_ITSELF),
        (COMPARISON, ("numpy.linalg.norm", *SUITE)),
        (VALUES, ("numpy.stack", "refimpl.lstm.LSTM.step", *ORACLE, "conformance.cases.oracle_run.run_oracle", *SUITE)),
        (BOUNDS, ("refimpl.lstm.LSTM.step", *ORACLE, "refimpl.rounding.bounds", "conformance.judging.expected.expect")),
        (BOUNDS, ("numpy.where", "refimpl.rounded.Rounded.__mul__", "refimpl.lstm.LSTM.step", *ORACLE)),
        (CALLS, ("numpy.stack", "framework.layers.call", "conformance.implementations.keras.layers.observe", *SUITE)),
        (
            CALLS,
            (
                "conformance.implementations.keras.programs.layers.run_layers",
                "conformance.implementations.keras.layers.observe",
            ),
        ),
        (CONVERSION, ("numpy.stack", "conformance.implementations.keras.layers.observe", *SUITE)),
        (CONVERSION, ("refimpl.layouts.gates.reordered", "conformance.implementations.keras.layers.observe", *SUITE)),
        (DRAWING, ("random.choice", "hypothesis.core.given", *SUITE)),
        (COMPARISON, ("conformance.suite.relations.compare_within", "hypothesis.core.given", *SUITE)),
        (OPTIONS, ("conformance.cases.option_space.space_of", "conformance.suite.session.Session.space", *SUITE)),
        (
            DIVERGENCES,
            (
                "conformance.cases.option_space.matches",
                "conformance.judging.divergences.catalogue.Divergence.applies_to",
                *SUITE,
            ),
        ),
        (
            IMPORTS,
            (
                "re.compile",
                "rich.console",
                IMPORT,
                "conformance.judging.divergences",
                IMPORT,
                "_pytest.config",
            ),
        ),
        (FRAMEWORK_IMPORTS, ("re.compile", "helper.module", IMPORT, "framework.layers", IMPORT, *SUITE)),
        (REST, ("runpy.run_module",)),
        (REST, ()),
    ],
)
def test_a_stack_is_booked_on_the_account_of_the_innermost_function_that_has_one(
    account: str, stack: Sequence[str]
) -> None:
    assert Accountant(["framework"]).account(named(stack)) == account


def test_a_package_of_another_name_is_not_taken_for_the_framework() -> None:
    assert Accountant(["torch"]).account(named(("torchvision.models.run", *SUITE))) == COMPARISON


def test_garbage_is_collected_for_whoever_was_interrupted() -> None:
    seen = []

    def told(phase: str, info: dict[str, int]) -> None:
        seen.append(Accountant([__name__]).account_of(sys._getframe()))

    interrupted: dict[str, Any] = {"__name__": "conformance.cases.building"}
    exec("def draw(collect):\n    collect()\n", interrupted)
    gc.callbacks.append(told)
    try:
        interrupted["draw"](gc.collect)
    finally:
        gc.callbacks.remove(told)
    assert set(seen) == {DRAWING}, "booked on the module of the callback"


@pytest.mark.parametrize(
    ("name", "packages"),
    [
        ("torch", {"torch"}),
        ("keras-jax", {"keras", "jax"}),
        ("package.module:Class", {"package.module"}),
        (f"{HERE / 'planted_failures.py'}:Small", {"planted_failures"}),
    ],
)
def test_an_implementation_says_which_packages_are_its_frameworks_own(name: str, packages: set[str]) -> None:
    assert set(packages_of(name)) == packages


def busy(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def one(seconds: float) -> None:
    busy(seconds)


def another(seconds: float) -> None:
    time.sleep(seconds)


@pytest.fixture
def sampled() -> Sampler:
    """One account of 0.4 seconds at work and another of 0.8 seconds at rest."""

    def account_of(frame: FrameType | None) -> str:
        while frame is not None:
            if frame.f_code in (one.__code__, another.__code__):
                return frame.f_code.co_name
            frame = frame.f_back
        return "neither"

    sampler = Sampler(account_of)
    sampler.start()
    for _ in range(4):
        one(0.1)
        another(0.2)
    sampler.stop()
    return sampler


def test_the_accounts_add_up_to_the_wall_time_and_lie_where_it_was_spent(sampled: Sampler) -> None:
    total = sampled.ended - sampled.began
    assert abs(sum(sampled.seconds.values()) - total) < 1e-6
    assert total >= 1.2
    assert sampled.seconds["one"] > 0.3, sampled.seconds
    assert sampled.seconds["another"] > 0.7, sampled.seconds
    assert sampled.seconds["neither"] < total - 1.0, sampled.seconds


def test_a_sampler_that_has_ended_leaves_nothing_behind() -> None:
    before = sys.getswitchinterval()
    sampler = Sampler(lambda frame: "")
    sampler.start()
    sampler.stop()
    assert sys.getswitchinterval() == before
    assert "sampler" not in {thread.name for thread in threading.enumerate()}


def test_the_share_outside_is_that_of_all_but_the_frameworks_own_accounts() -> None:
    accounts = dict.fromkeys(ACCOUNTS, 1.0)
    assert round(share_outside_framework(accounts) * len(ACCOUNTS), 9) == len(ACCOUNTS) - len(FRAMEWORK_ACCOUNTS)
    assert share_outside_framework({}) == 0


def test_a_run_tells_where_the_time_of_each_process_went(tmp_path: Path) -> None:
    (tmp_path / "slow_plug_in.py").write_text(SLOW)
    file = tmp_path / "verdict.json"
    status, said = command(
        *("run", "--implementation", f"{tmp_path / 'slow_plug_in.py'}:Slow"),
        *("--implementation", f"{HERE / 'planted_failures.py'}:Exits", "--profile-suite", "--json", str(file)),
    )
    assert status == 1, said
    slow, exits = json.loads(file.read_text())["implementations"]
    accounts = slow["accounts"]
    assert set(accounts) <= set(ACCOUNTS)
    assert round(sum(accounts.values()), 1) == slow["seconds"]
    assert min(accounts.values()) >= 0, accounts
    assert accounts[CALLS] >= 0.05 * slow["cases"], "the framework's calls are slept through"
    assert slow["outside_of_the_framework"] == share_outside_framework(accounts)
    lines = said.splitlines()
    assert all(any(name in line for line in lines) for name in (*ACCOUNTS, "outside of the framework")), said
    assert exits["accounts"] == {}, "a process that died has told no accounts"


def test_without_the_option_no_accounts_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "verdict.json"
    options = ("--implementation", f"{HERE / 'planted_failures.py'}:Small", "--json", str(file))
    status, said = command("run", *options)
    assert status == 0, said
    (small,) = json.loads(file.read_text())["implementations"]
    assert small["accounts"] == {}
    assert "outside_of_the_framework" not in small
    assert "outside of the framework" not in said


def test_plain_pytest_shows_the_accounts_at_its_end() -> None:
    status, said = python(
        *("-m", "pytest", "-p", "no:cacheprovider", "-p", "conformance.running.profiling.plugin", "conformance"),
        *("--implementation", "conformance.tests.support.planted_failures:Small"),
    )
    assert status == 0, said
    assert "outside of the framework" in said, said
