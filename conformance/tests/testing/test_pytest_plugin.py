"""The plug-in in somebody else's project: a folder of its own, a process of its own, found by its entry point."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from ..support import ROOT

pytest_plugins = ["pytester"]

KERNEL = """
import numpy as np

def simple_rnn(x, kernel, recurrent_kernel, bias, h):
    steps = []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ kernel + bias + h @ recurrent_kernel{fault})
        steps.append(h)
    return np.stack(steps, 1)
"""
TEST = """
import pytest
import refimpl as ri
from my_kernels import simple_rnn

@pytest.mark.rnn_cases(kind="SimpleRNN", use_recurrent_bias=False{more})
def test_simple_rnn(rnn_case, rnn_oracle):
    params, (start,) = rnn_case.params, rnn_case.initial_state_or_zeros()
    outputs = simple_rnn(rnn_case.x, params["kernel"], params["recurrent_kernel"], params["bias"], start)
    ri.assert_agrees(rnn_oracle, outputs=outputs, dtype="float32")
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with a kernel of its own, in an environment where this package is installed, by its metadata."""
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = pytester.path / "site"
    metadata = installed / f"{stated['name'].replace('-', '_')}-{stated['version']}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {stated['name']}\nVersion: {stated['version']}\n")
    points = "\n".join(f"{name} = {target}" for name, target in stated["entry-points"]["pytest11"].items())
    (metadata / "entry_points.txt").write_text(f"[pytest11]\n{points}\n")
    files = ["conformance/__init__.py", "conformance/pytest_plugin.py", "refimpl/__init__.py"]
    (metadata / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    monkeypatch.setenv("PYTHONPATH", f"{installed}{os.pathsep}{ROOT}")
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        monkeypatch.delenv(name, raising=False)
    strict = "--strict-markers --strict-config -p no:cacheprovider"
    pytester.makeini(f"[pytest]\naddopts = {strict}\nfilterwarnings = error\n")
    pytester.makepyfile(my_kernels=KERNEL.format(fault=""))
    return pytester


def test_a_right_kernel_passes_each_case(project: pytest.Pytester) -> None:
    project.makepyfile(TEST.format(more=""))
    found = project.runpytest_subprocess("-v")
    found.assert_outcomes(passed=6)
    found.stdout.fnmatch_lines(["*::test_simple_rnn[[]SimpleRNN-float32-initial_state_True-seed2[]] PASSED*"])
    found.stdout.fnmatch_lines(["plugins:*rnn-conformance*"])


def test_a_wrong_kernel_fails_with_the_number_the_case_and_its_id(project: pytest.Pytester) -> None:
    project.makepyfile(my_kernels=KERNEL.format(fault=") * (1.01"))
    project.makepyfile(TEST.format(more=", initial_state=True, seeds=2"))
    found = project.runpytest_subprocess()
    assert found.parseoutcomes()["failed"] == 2
    printed = found.stdout.str()
    assert "AssertionError: 1 of 1 quantities disagree, in float32" in printed
    assert "def assert_agrees" not in printed  # what is shown is the test's own line
    assert re.search(r"outputs\[\d+, \d+, \d+\]: wrong: expected -?\d.*, got -?\d.*, off by .*proven bound", printed)
    assert "--- Captured rnn_case call ---" in printed
    assert re.search(r"^SimpleRNN-float32-seed1: SimpleRNN\(input_size=\d+, hidden_size=\d+.*batch=\d", printed, re.M)
    assert re.search(r"^FAILED test_.*\[SimpleRNN-float32-seed0\]", printed, re.M)


def test_an_id_and_a_word_of_it_rerun_the_same_case(project: pytest.Pytester) -> None:
    file = project.makepyfile(
        TEST.format(more=', mask=["none", "right"]').replace("    ri.assert", "    return\n    ri.assert")
        + "\n@pytest.fixture(autouse=True)\ndef shown(rnn_case):\n    print(rnn_case, float(rnn_case.x.sum()))\n"
    )
    name = f"{file.name}::test_simple_rnn[SimpleRNN-float32-initial_state_True-mask_right-seed1]"
    by_id = project.runpytest_subprocess("-s", "-q", name)
    by_id.assert_outcomes(passed=1)
    by_words = project.runpytest_subprocess("-s", "-q", "-k", "initial_state_True and mask_right and seed1")
    by_words.assert_outcomes(passed=1)
    assert by_words.outlines[0] == by_id.outlines[0]
    assert "batch=" in by_id.outlines[0]


def test_the_configuration_says_how_many_seeds_and_a_marker_overrules_it(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nrnn_seeds = 1\n")
    second = TEST.format(more=", seeds=[5, 9]").replace("def test", "def test_2")
    project.makepyfile(TEST.format(more=", initial_state=True") + second)
    found = project.runpytest_subprocess("--collect-only", "-q")
    assert [line.partition("::")[2] for line in found.outlines if "::" in line] == [
        "test_simple_rnn[SimpleRNN-float32-seed0]",
        *(
            f"test_2_simple_rnn[SimpleRNN-float32-initial_state_{given}-seed{seed}]"
            for given in (False, True)
            for seed in (5, 9)
        ),
    ]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (', maks="right"', "test_simple_rnn: rnn_cases: the option 'maks' is not known"),
        (', mask="rigth"', "did you mean 'right'"),
        (', seeds="many"', "seeds: expected how many"),
    ],
)
def test_a_misspelt_marker_is_a_usage_error_in_one_line(project: pytest.Pytester, more: str, message: str) -> None:
    project.makepyfile(TEST.format(more=more))
    found = project.runpytest_subprocess()
    assert found.ret != 0
    told = [line for line in (*found.outlines, *found.errlines) if message in line]
    assert len([line for line in told if not line.startswith("ERROR ")]) == 1, "once, beside pytest's summary on a CI"
    assert "Traceback" not in found.stdout.str() + found.stderr.str()


def test_without_autoload_it_is_absent_unless_it_is_named(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    project.makeini("[pytest]\n")
    project.makepyfile(TEST.format(more=""))
    absent = project.runpytest_subprocess()
    absent.assert_outcomes(errors=1)
    absent.stdout.fnmatch_lines(["*fixture 'rnn_case' not found*"])
    project.runpytest_subprocess("-p", "conformance.pytest_plugin").assert_outcomes(passed=6)


def test_xdist_runs_the_same_cases(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    project.makepyfile(TEST.format(more=""))
    project.runpytest_subprocess("-n", "2").assert_outcomes(passed=6)


def test_a_suite_that_asks_for_no_case_imports_nothing_of_it(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_nothing_is_there():
            ours = {name for name in sys.modules if name.partition(".")[0] in ("conformance", "refimpl")}
            assert ours == {"conformance", "conformance.pytest_plugin"}
            assert "numpy" not in sys.modules
        """
    )
    project.runpytest_subprocess("-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_the_project_s_own_suite_runs_beside_it(project: pytest.Pytester) -> None:
    """Its conftest has fixtures and options of its own, whose names are others."""
    file = str(ROOT / "conformance" / "tests" / "testing" / "test_testing.py")
    found = project.runpytest_subprocess(
        "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), "-p", "no:cacheprovider", "-k", "nonsense", file
    )
    outcomes = found.parseoutcomes()
    assert outcomes.keys() == {"passed", "deselected"}, outcomes
    found.stdout.fnmatch_lines(["conformance: the suite itself is not run*", "plugins:*rnn-conformance*"])


def test_its_own_path_is_that_of_its_entry_point() -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (target,) = stated["entry-points"]["pytest11"].values()
    assert (ROOT / Path(*target.split("."))).with_suffix(".py").is_file()
