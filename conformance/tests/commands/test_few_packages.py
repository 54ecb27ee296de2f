"""A run on a machine that is there for its GPU: with numpy, pytest, hypothesis and a framework, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..support import python

LACKING = (
    *("dask", "distributed"),
    *("rich", "jsonschema_rs", "junitparser", "cpuinfo", "flint", "matplotlib"),
    *("tensorflow", "keras", "onnx", "onnxruntime", "onnxscript"),
)
RIGHT = "conformance.tests.support.planted_violations:Right"
ASKED = """
from conformance.implementations.finding import load
from conformance.judging.divergences import run_and_judge
from conformance.tests.support import example

for name in ("torch", "torch-switched"):
    case = example("LSTM", use_recurrent_bias=True).replace(call_options={"layout": "batch-major"})
    print(f"{name}: {run_and_judge(load(name), case)[0].agrees}")
"""
BLOCKER = f"""
import sys
from importlib.machinery import PathFinder

class Lacking(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {LACKING!r} else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Lacking
"""


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """Where processes look first, to find none of them."""
    (tmp_path / "sitecustomize.py").write_text(BLOCKER)
    return str(tmp_path)


def test_pytorch_is_asked_with_no_more(bare: str) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    status, said = python("-c", ASKED, PYTHONPATH=bare)
    assert status == 0, said
    assert said.splitlines()[-2:] == ["torch: True", "torch-switched: True"]


def test_a_run_needs_no_more(bare: str, tmp_path: Path) -> None:
    where = tmp_path / "found.json"
    status, said = python(
        *("-m", "conformance", "run", "--device", "cpu", "--cases", "8", "--implementation", RIGHT),
        *("--json", str(where)),
        PYTHONPATH=bare,
    )
    assert status == 0, said
    assert "right (cpu)" in said
    assert "schemas: jsonschema-rs is not installed" in said
    assert "[bold]" not in said
    found = json.loads(where.read_text())
    assert found["implementations"][0]["verdict"] == "agrees"
    assert found["machine"]["processor"] == "unknown"
    assert found["not_run"]["schemas"].startswith("jsonschema-rs is not installed")


@pytest.mark.parametrize(
    ("command", "lacking"), [("mutants", "rich"), ("tolerance-study", "rich"), ("bench", "rich"), ("campaign", "rich")]
)
def test_a_command_that_needs_more_says_what(command: str, lacking: str, bare: str) -> None:
    status, said = python("-m", "conformance", command, "--jobs", "1", PYTHONPATH=bare)
    assert status == 1
    assert said.strip() == f"{lacking} is not installed (in the checkout: pip install -e .)"


@pytest.mark.parametrize("lacking", ["numpy", "ml_dtypes", "pytest"])
def test_a_run_that_lacks_what_it_needs_says_so_in_a_line(lacking: str, bare: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCKER.replace(repr(LACKING), repr((lacking,))))
    status, said = python("-m", "conformance", "run", "--device", "cuda", PYTHONPATH=bare)
    assert (status, said.strip()) == (1, f"{lacking} is not installed (in the checkout: pip install -e .)")


def test_a_campaign_without_dask_says_what_installs_it(bare: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCKER.replace(repr(LACKING), repr(("dask", "distributed"))))
    where = ("--folder", str(tmp_path / "campaign"))
    status, said = python("-m", "conformance", "campaign", "walk", "--cases", "4", *where, PYTHONPATH=bare)
    assert (status, said.strip()) == (1, "dask is not installed (pip install 'rnn-conformance[campaign]')")
    status, said = python("-m", "conformance", "campaign", "walk", "--cases", "4", *where, "--report", PYTHONPATH=bare)
    assert (status, said.strip()) == (1, f"walk: nothing is done in {tmp_path / 'campaign'}")


def test_junit_needs_its_library_and_says_so(bare: str, tmp_path: Path) -> None:
    arguments = ("--implementation", RIGHT, "--junit", str(tmp_path / "junit.xml"))
    status, said = python("-m", "conformance", "run", *arguments, PYTHONPATH=bare)
    assert status == 1
    assert "junitparser is not installed" in said
    assert not (tmp_path / "junit.xml").exists()
