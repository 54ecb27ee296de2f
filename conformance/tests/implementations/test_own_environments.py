"""What no run checks by itself has an environment in tox, or is of npm, and has a job in the workflow of runtimes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from ...implementations.finding import BUILT_IN

ROOT = Path(__file__).resolve().parents[3]
OF_THEIR_OWN = [name for name, source in BUILT_IN.items() if source.only_when_named and source.packages]


def run_by(text: str) -> set[str]:
    """The implementations that commands in the text name."""
    return {name.strip("}") for word, name in pairwise(text.split()) if word.endswith("--implementation")}


@pytest.mark.parametrize("name", OF_THEIR_OWN)
def test_it_has_a_job_in_the_workflow(name: str) -> None:
    workflow = Path(".github", "workflows", "runtimes.yml")
    assert name in run_by((ROOT / workflow).read_text()), f"no job of {workflow} runs it"


@pytest.mark.parametrize("name", OF_THEIR_OWN)
def test_one_command_makes_its_environment(name: str) -> None:
    if "npm install" not in BUILT_IN[name].install:
        assert name in run_by((ROOT / "tox.ini").read_text()), "no environment of tox.ini runs it"
