"""tox runs all of the oracle's tests with each NumPy and on each CPython, though not with each on each."""

from __future__ import annotations

from configparser import ConfigParser

from ..support import ROOT

OF_ALL = "pytest -n auto refimpl {posargs}"


def listed(pattern: str) -> list[str]:
    """The environments that a line of ``env_list`` stands for: one brace at most."""
    before, _, rest = pattern.partition("{")
    choices, _, after = rest.partition("}")
    return [before + choice + after for choice in choices.split(",")]


def applies(condition: str, environment: str) -> bool:
    """Whether a line with these factors before its colon is one of the environment's."""
    factors = set(environment.split("-"))
    return any(set(alternative.split("-")) <= factors for alternative in condition.split(","))


def test_each_cpython_and_each_numpy_runs_all_of_the_oracles_tests() -> None:
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    section = next(tox[name] for name in tox.sections() if name.startswith("testenv:oracle-"))
    lines = [line.partition(": ") for line in section["commands"].splitlines() if ": pytest" in line]
    numpys = dict(line.split(": numpy") for line in section["deps"].splitlines() if ": numpy" in line)
    runs: set[str] = set()
    whole: set[str] = set()
    for pattern in tox["tox"]["env_list"].split():
        for environment in listed(pattern) if pattern.startswith("oracle-") else ():
            (command,) = {command for condition, _, command in lines if applies(condition, environment)}
            (numpy,) = {which for condition, which in numpys.items() if applies(condition, environment)}
            its = {f"CPython {environment.split('-')[1]}", f"NumPy {numpy}"}
            runs |= its
            whole |= its if command == OF_ALL else set()
    assert {*(f"CPython py3{minor}" for minor in (11, 12, 13)), "NumPy ==1.26.0", "NumPy "} < runs
    assert whole == runs


def test_where_tests_run_on_all_cores_each_worker_has_one_thread() -> None:
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    on_all_cores = {
        name: tox[name].get("set_env", "") for name in tox.sections() if "-n auto" in tox[name].get("commands", "")
    }
    assert len(on_all_cores) >= 3
    assert [name for name, given in on_all_cores.items() if "{[workers]set_env}" not in given] == []
    assert "OMP_NUM_THREADS = 1" in tox["workers"]["set_env"]
