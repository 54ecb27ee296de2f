"""Each script shows its divergence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from conformance.common import processor as described
from conformance.implementations.finding import FRAMEWORKS, data_files
from conformance.judging.divergences import Divergence, known_divergences, script_of
from conformance.judging.divergences.scripts import statuses_of
from conformance.running.processes import WITHOUT_GPU

DISTRIBUTIONS = packages_distributions()
SCRIPTS = data_files("divergences/scripts/*.py")


def environment_of(script: Path) -> str:
    """What the script fixes when its framework is imported: Keras's backend, or no Keras."""
    text = script.read_text()
    found = re.search(r'"KERAS_BACKEND"\W[^"\n]*"(\w+)"', text)
    wide = " in 64 bits" if "JAX_ENABLE_X64" in text else ""
    return f"keras on {found[1]}{wide}" if found else "without keras"


@cache
def statuses(environment: str) -> dict[str, object]:
    """Script name to exit status, or to the error that ended it, of all scripts of one environment in one process."""
    its = [path for path in SCRIPTS if environment_of(path) == environment]
    return statuses_of(its, WITHOUT_GPU)


def is_installed(package: str) -> bool:
    """Whether there is a distribution, or a module, of that name."""
    try:
        return bool(DISTRIBUTIONS.get(package) or version(package))
    except PackageNotFoundError:
        return False


def why_not_here(entries: Iterable[Any]) -> str:
    """Why none of the entries can show with what is installed here; empty where one can.

    A framework that is absent is no reason, as the script itself says that, unless it has an environment of its own.
    """
    reasons = []
    for entry in entries:
        absent = [package for package in entry.versions if not is_installed(package)]
        if absent and entry.implementations and not set(entry.implementations) & set(FRAMEWORKS):
            reasons.append(f"{entry.id}: {', '.join(absent)} is not installed")
            continue
        if not entry.is_of_this_processor:
            reasons.append(f"{entry.id} is of x86-64 processors without {', '.join(entry.lacking)}")
            continue
        here = {package: version(names[0]) for package in entry.versions if (names := DISTRIBUTIONS.get(package))}
        others = [f"{name} {here[name]}" for name in here if here[name] not in SpecifierSet(entry.versions[name])]
        if not others:
            return ""
        wanted = ", ".join(f"{package} {which}" for package, which in entry.versions.items())
        reasons.append(f"{entry.id} is of {wanted}; {', '.join(others)} is installed")
    return "; ".join(reasons)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_script_shows_the_divergence(script: Path) -> None:
    elsewhere = why_not_here(entry for entry in known_divergences() if script_of(entry) == script)
    if elsewhere:
        pytest.skip(elsewhere)
    status = statuses(environment_of(script)).get(script.name, "its process ended before")
    assert status == 1, f"{script.name}: expected exit status 1, got {status}: the divergence is gone or has changed"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_script_is_short_and_of_numpy_and_the_framework_alone(script: Path) -> None:
    lines = script.read_text().splitlines()
    assert len(lines) < 20, f"{script.name}: {len(lines)} lines"
    assert not any("conformance" in line or "refimpl" in line for line in lines), script.name


@pytest.mark.parametrize("entry", known_divergences(), ids=lambda entry: entry.id)
def test_an_entry_has_a_script(entry: Divergence) -> None:
    assert script_of(entry).is_file(), f"{entry.id}: expected {script_of(entry).name}"


def test_a_script_that_shows_nothing_is_seen(tmp_path: Path) -> None:
    for name, content in {"gone": "raise SystemExit(0)", "raises": "1 / 0", "shows": "raise SystemExit(1)"}.items():
        (tmp_path / f"{name}.py").write_text(content)
    found = statuses_of([tmp_path / f"{name}.py" for name in ("gone", "raises", "shows")], {})
    assert list(found.values()) == [0, "ZeroDivisionError: division by zero", 1]


def entry_of(versions: dict[str, str], *implementations: str, lacking: tuple[str, ...] = ()) -> Any:
    """An entry of these, as far as it is asked."""
    return Divergence("an-entry", implementations, versions, (), "elsewhere", "", "", "", lacking=lacking)


def test_on_another_processor_a_script_is_not_run_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    of_some = entry_of({"pytest": ">=1"}, lacking=("avx512bw", "sse9"))
    for its, said in (
        ({"arch": "X86_64", "flags": ["avx2"]}, ""),
        ({"arch": "X86_64", "flags": ["avx2", "avx512bw"]}, "an-entry is of x86-64 processors without avx512bw, sse9"),
        ({"arch": "ARM_8", "flags": ["asimd"]}, "an-entry is of x86-64 processors without avx512bw, sse9"),
        ({}, "an-entry is of x86-64 processors without avx512bw, sse9"),
    ):
        monkeypatch.setattr(described, "processor", lambda its=its: its)
        assert why_not_here([of_some]) == said
        implementation = SimpleNamespace(name="an-entry", versions={"pytest": version("pytest")})
        assert replace(of_some, implementations=("an-entry",)).concerns(implementation) is (not said)


def test_only_a_version_that_no_entry_names_keeps_a_script_from_being_run() -> None:
    here = version("pytest")
    now, before = (entry_of({"pytest": f"{sign}{here}"}) for sign in (">=", "<"))
    assert why_not_here([now, before]) == ""
    assert why_not_here([before]) == f"an-entry is of pytest <{here}; pytest {here} is installed"
    assert why_not_here([entry_of({"no_such_package_anywhere": ">=1"})]) == ""
    assert why_not_here([]) == "", "a script of no entry is run"


def test_a_framework_with_an_environment_of_its_own_may_be_absent() -> None:
    """One of the default run may not: then its scripts fail."""
    of_its_own, of_the_run = (entry_of({"no_such_package_anywhere": ">=1"}, name) for name in ("openvino", "torch"))
    assert why_not_here([of_its_own]) == "an-entry: no_such_package_anywhere is not installed"
    assert why_not_here([of_the_run]) == ""
