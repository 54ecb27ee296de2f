"""Environments of other releases: what goes together, and that each is built once and whole."""

from __future__ import annotations

import configparser
import os
import signal
import threading
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from conformance.commands.main import main
from conformance.implementations.finding import BUILT_IN
from conformance.upgrades.environments import uv
from conformance.upgrades.environments.building import built_interpreter
from conformance.upgrades.environments.compatibility import compatibility_table, is_pinned, plan_environment, plan_pair

from ..support import ROOT, python, start

INDEX = {
    "keras": ["2.15.0", "3.3.3", "3.9.1", "3.9.2", "3.12.0", "3.15.0", "3.15.1", "3.16.0rc1"],
    "torch": ["2.13.0+cpu"],
}
PINS = ("keras", "jax", "tensorflow")


def calls(fake: Path) -> list[str]:
    path = fake / "calls"
    return path.read_text().splitlines() if path.exists() else []


def installations(fake: Path) -> list[str]:
    return [call for call in calls(fake) if call.startswith("pip install")]


@pytest.mark.parametrize("package", compatibility_table())
def test_every_release_from_the_lowest_on_has_a_set_and_every_set_has_a_release(package: str) -> None:
    sets = compatibility_table()[package]["sets"]
    ends = sorted(Version(each.version) for one in sets for each in SpecifierSet(one["releases"]))
    tried = {str(version) for end in ends for version in (end, Version(f"{end}.99"))} | {f"{ends[0].major + 9}.0"}
    tried |= {f"{ends[-1].major}.{ends[-1].minor + more}.1" for more in range(9)}
    chosen = [
        next((one["releases"] for one in sets if SpecifierSet(one["releases"]).contains(version)), None)
        for version in tried
        if Version(version) >= ends[0]
    ]
    assert None not in chosen, f"{package}: a release of {sorted(tried)} has no set"
    assert set(chosen) == {one["releases"] for one in sets}, f"{package}: a set is hidden by those before it"


@pytest.mark.parametrize("package", compatibility_table())
def test_a_set_names_what_is_there(package: str) -> None:
    for one in compatibility_table()[package]["sets"]:
        assert SpecifierSet(one["python"]).contains("3.11"), f"{package} {one['releases']}: not on CPython 3.11"
        for requirement in one["with"]:
            assert is_pinned(requirement) or requirement.startswith("numpy<"), requirement
            assert Requirement(requirement).name != package, requirement
        for name in one.get("implementations", compatibility_table()[package]["implementations"]):
            assert name in BUILT_IN, f"{package} {one['releases']}: no implementation {name!r}"


def test_the_newest_set_of_keras_is_what_tox_pins() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    (section,) = (name for name in tox.sections() if name.startswith("testenv:{suite,conformance,"))
    deps = tox[section]["deps"].split()
    pins = dict(dep.split("==") for dep in deps if "==" in dep and ">" not in dep)
    expected = {f"jax=={pins['jax']}", f"tensorflow=={pins['tensorflow-cpu']}", f"torch=={tox['torch']['version']}"}
    assert set(compatibility_table()["keras"]["sets"][0]["with"]) == expected
    for package in ("tensorflow", "jax"):
        assert compatibility_table()[package]["sets"][0]["with"] == [f"keras=={pins['keras']}"]


def test_a_plan_holds_what_this_project_needs_itself() -> None:
    own = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert own == list(plan_environment("torch==2.6.0").requirements[1:])


def test_two_releases_get_the_same_companions_where_some_take_both() -> None:
    old, new = plan_pair("keras==3.3.3", "keras==3.15.1")
    assert old.companions == new.companions
    assert old.companions["tensorflow"] == "tensorflow==2.16.2"
    assert plan_environment("keras==3.15.1").companions["tensorflow"] != "tensorflow==2.16.2"


def test_companions_that_no_implementation_needs_are_left_out() -> None:
    assert set(plan_environment("keras==3.3.3", implementations=["keras-torch"]).companions) == {"torch", "numpy"}
    assert set(plan_environment("keras==3.3.3").companions) == {"tensorflow", "torch", "jax", "numpy"}


def test_a_companion_can_be_given() -> None:
    given = plan_environment("keras==3.9.2", more=["tf-nightly-cpu==2.22.0.dev1", "python-flint"])
    assert given.companions["tensorflow"] == "tf-nightly-cpu==2.22.0.dev1"
    assert "python-flint" in given.requirements


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("kera==3", "--", "layouts"), "expected one of keras"),
        (("keras 3", "--", "layouts"), "is no requirement"),
        (("keras==3.9.2", "--python", "3", "--", "layouts"), "a minor release of CPython is needed"),
        (("keras==3.9.2", "--for", "kera", "--", "layouts"), "expected one of iree"),
        (("keras==3.9.2",), "required: COMMAND"),
    ],
)
def test_a_bad_argument_is_refused(arguments: tuple[str, ...], complaint: str, capsys: Any, fake: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["with", *arguments])
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err
    assert not calls(fake)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("keras==2.14.0",), "releases from 2.15 on are known"),
        (("keras==3.9.2", "--python", "3.13"), "needs CPython >=3.11,<3.13, not 3.13"),
        (("keras==3.9.9",), "keras==3.9.9 and what goes with it cannot be installed"),
        (("keras==4.*",), "keras==4.*: no such release"),
        (("torch==2.13.0", "--python", "3.88"), "CPython 3.88 is not on this machine"),
    ],
)
def test_what_cannot_be_built_is_told_with_2(
    arguments: tuple[str, ...], complaint: str, capsys: Any, fake: Path
) -> None:
    assert main(["with", *arguments, "--", "layouts"]) == 2
    assert complaint in capsys.readouterr().err


def test_without_uv_it_is_told_what_brings_it(fake: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["with", "torch==2.13.0", "--", "layouts"]) == 2
    assert "pip install 'rnn-conformance[upgrade]'" in capsys.readouterr().err


def test_an_environment_is_built_once(fake: Path) -> None:
    first = built_interpreter(plan_environment("keras==3.9.2"))
    built = calls(fake)
    assert built
    assert built_interpreter(plan_environment("keras==3.9.2")) == first
    assert calls(fake) == built, "it was built again"
    assert built_interpreter(plan_environment("keras==3.9.1")) != first


def test_an_interrupted_build_is_built_anew(fake: Path) -> None:
    interpreter = built_interpreter(plan_environment("torch==2.13.0"))
    (interpreter.parents[1] / "conformance.json").unlink()  # it is written last
    before = len(installations(fake))
    assert built_interpreter(plan_environment("torch==2.13.0")) == interpreter
    assert len(installations(fake)) > before


def test_an_environment_whose_cpython_has_gone_is_built_anew(fake: Path) -> None:
    interpreter = built_interpreter(plan_environment("torch==2.13.0"))
    interpreter.unlink()
    interpreter.symlink_to(fake / "gone")
    assert built_interpreter(plan_environment("torch==2.13.0")).exists()


def test_what_cannot_be_installed_leaves_nothing(fake: Path) -> None:
    with pytest.raises(uv.UvFailed, match="No solution found"):
        built_interpreter(plan_environment("keras==3.9.9"))
    assert not [path for path in (fake / "kept").iterdir() if path.is_dir()]


def test_of_two_that_want_an_environment_one_builds_it(fake: Path) -> None:
    found: list[Path] = []
    both = [
        threading.Thread(target=lambda: found.append(built_interpreter(plan_environment("keras==3.9.2"))))
        for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert found[0] == found[1]
    assert len([call for call in calls(fake) if call.startswith("venv")]) == 1, calls(fake)


def test_a_cpu_wheel_of_pytorch_is_looked_for_first(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_FIND_LINKS", "/wheels")
    built_interpreter(plan_environment("keras==3.9.2"))
    first, last = installations(fake)
    assert first.endswith("--find-links /wheels torch==2.13.0+cpu"), first
    assert "keras==3.9.2" in last


def test_the_command_runs_in_this_checkout_and_its_exit_status_is_handed_on(fake: Path) -> None:
    assert (
        python("-m", "conformance", "with", "keras==3.9.2", "--", "layouts", PYTHONPATH=os.environ["PYTHONPATH"])[0]
        == 0
    )
    status, said = python(
        "-m", "conformance", "with", "keras", "--", "run", "--seed", "today", PYTHONPATH=os.environ["PYTHONPATH"]
    )
    assert (status, "invalid int value: 'today'" in said) == (2, True), said
    assert "building keras==3.15.1" in said, "keras alone is not its newest release"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_it_builds_it_leaves_no_process(number: signal.Signals, fake: Path) -> None:
    (fake / "slow").touch()
    running = start("-m", "conformance", "with", "keras==3.9.2", "--", "layouts", PYTHONPATH=os.environ["PYTHONPATH"])
    try:
        limit = time.monotonic() + 60
        while not installations(fake):
            assert time.monotonic() < limit, "it did not begin"
            time.sleep(0.05)
        os.kill(running.process.pid, number)
        status, said = running.ended()
    finally:
        running.end()
    assert (status, "interrupted" in said, "Traceback" in said) == (130, True, False), said
    with pytest.raises(ProcessLookupError):
        os.killpg(running.process.pid, 0)


def test_releases_are_those_of_the_index_without_prereleases(fake: Path) -> None:
    assert uv.releases("keras", "3.9.1", "3.15.1", "3.11") == ["3.9.1", "3.9.2", "3.12.0", "3.15.0", "3.15.1"]
    assert uv.releases("keras", "3.4", "3.5", "3.11") == []
