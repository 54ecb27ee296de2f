"""WebNN's cases say in the form of web-platform-tests what an implementation of WebNN's text computes."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.cases.oracle_run import quantities, run_oracle
from conformance.truth import corpus
from conformance.truth.vectors import export
from conformance.truth.vectors.float32_vectors import (
    NotExpressible,
    Vector,
    certified,
    forward_in_float32,
    without_mask,
)
from conformance.truth.vectors.tolerances import absolute, in_ulps, limits
from conformance.truth.vectors.wpt_files import FILES, wpt_test

pytest.importorskip("flint")

CONSUMER = Path(__file__).parents[3] / "truth" / "consumers" / "wpt.mjs"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed: the JavaScript consumer was not run")
FAMILIES = ("standard", "layers", "lstm", "lstm_variants", "gru_reset_before", "outputs")
Tests = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("wpt") / "vectors"
    export("wpt", where, FAMILIES)
    return where


@pytest.fixture
def tests(folder: Path) -> Tests:
    """The tests of each operator, to be changed."""
    return {operator: json.loads((folder / file).read_text())["tests"] for operator, file in FILES.items()}


def consume(folder: Path) -> tuple[int, str]:
    assert NODE is not None
    ran = subprocess.run([NODE, str(CONSUMER), str(folder)], capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


@needs_node
def test_webnn_in_javascript_and_float32_passes_every_test(folder: Path, tests: Tests) -> None:
    status, printed = consume(folder)
    assert status == 0, printed
    for operator, its in tests.items():
        assert len(its) > 10
        assert f"{operator}: {len(its)} tests\n" in printed


def options_of(test: dict[str, Any]) -> dict[str, Any]:
    arguments = test["graph"]["operators"][0]["arguments"]
    found: dict[str, Any] = next((each["options"] for each in arguments if "options" in each), {})
    return found


def in_the_default_layout(test: dict[str, Any]) -> None:
    options_of(test).pop("layout", None)


def resetting_after(test: dict[str, Any]) -> None:
    if "resetAfter" in options_of(test):
        options_of(test)["resetAfter"] = True


def run_forward(test: dict[str, Any]) -> None:
    options_of(test).pop("direction", None)


def with_usual_activations(test: dict[str, Any]) -> None:
    options_of(test).pop("activations", None)


def from_zeros(test: dict[str, Any]) -> None:
    options_of(test).pop("initialHiddenState", None)


def without_recurrent_bias(test: dict[str, Any]) -> None:
    options_of(test).pop("recurrentBias", None)


def with_rounding_of_nobody(test: dict[str, Any]) -> None:
    test["tolerance"]["value"] = -1


def twice_the_tolerance_off(test: dict[str, Any]) -> None:
    output = next(iter(test["graph"]["expectedOutputs"].values()))
    room = np.float32(2 * test["derived"]["ATOL"]["proven"] + 2.0**-18)
    output["data"] = [float(np.float32(value) + room) for value in output["data"]]


@needs_node
@pytest.mark.parametrize(
    ("change", "operators"),
    [
        (in_the_default_layout, ("lstm", "gru", "lstmCell", "gruCell")),
        (resetting_after, ("gru", "gruCell")),
        (run_forward, ("lstm", "gru")),
        (with_usual_activations, ("lstm", "gru", "lstmCell", "gruCell")),
        (from_zeros, ("gru", "lstm")),
        (without_recurrent_bias, ("gru", "lstm", "gruCell", "lstmCell")),
        (with_rounding_of_nobody, ("lstm", "gru", "lstmCell", "gruCell")),
        (twice_the_tolerance_off, ("lstm", "gru", "lstmCell", "gruCell")),
    ],
)
def test_the_consumer_fails_where_the_cases_are_other_ones(
    change: Callable[[dict[str, Any]], None], operators: tuple[str, ...], tests: Tests, tmp_path: Path
) -> None:
    for operator, its in tests.items():
        for test in its:
            change(test)
        (tmp_path / FILES[operator]).write_text(json.dumps({"operation": operator, "tests": its}))
    status, printed = consume(tmp_path)
    assert status == 1, printed
    failed = set(re.findall(r"^FAIL (\w+) float32", printed, re.MULTILINE))
    assert failed == set(operators), printed


def test_the_consumer_is_short_and_needs_nothing_but_node() -> None:
    source = CONSUMER.read_text()
    assert len(source.splitlines()) < 150
    assert {module for module in re.findall(r'from "(.*)"', source) if not module.startswith("node:")} == set()


ARGUMENTS = {
    "lstm": ["input", "weight", "recurrentWeight", "steps", "hiddenSize"],
    "gru": ["input", "weight", "recurrentWeight", "steps", "hiddenSize"],
    "lstmCell": ["input", "weight", "recurrentWeight", "hiddenState", "cellState", "hiddenSize"],
    "gruCell": ["input", "weight", "recurrentWeight", "hiddenState", "hiddenSize"],
}
"""The required arguments in their order, as the interface of MLGraphBuilder has them."""


def test_every_test_has_the_form_of_web_platform_tests(tests: Tests) -> None:
    for operator, its in tests.items():
        for test in its:
            graph = test["graph"]
            assert set(graph) == {"inputs", "operators", "expectedOutputs"}
            for name, operand in (graph["inputs"] | graph["expectedOutputs"]).items():
                assert name.startswith(operator)
                assert len(operand["data"]) == math.prod(operand["descriptor"]["shape"])
                assert operand["descriptor"]["dataType"] == "float32"
                assert np.array_equal(np.array(operand["data"]), np.array(operand["data"], np.float32))
            (call,) = graph["operators"]
            assert call["name"] == operator
            assert [next(iter(each)) for each in call["arguments"] if "options" not in each] == ARGUMENTS[operator]
            used = {value for each in call["arguments"] for value in each.values() if isinstance(value, str)}
            used |= {
                value for value in options_of(test).values() if isinstance(value, str) and value in graph["inputs"]
            }
            assert used == set(graph["inputs"])
            assert list(graph["expectedOutputs"]) == [call["outputs"]] if operator == "gruCell" else call["outputs"]
            metric = test["tolerance"]["metricType"]
            assert test["tolerance"]["value"] == test["derived"][metric]["proven"] > 0
    assert {test["tolerance"]["metricType"] for its in tests.values() for test in its} == {"ULP", "ATOL"}


def test_the_tolerances_hold_for_the_oracle_in_float32_and_are_no_larger_than_they_must_be() -> None:
    for fixture in corpus.read("standard"):
        if fixture.case.kind == "SimpleRNN":
            continue
        try:
            stated = wpt_test("gru" if fixture.case.kind == "GRU" else "lstm", "", fixture.case)["derived"]
        except NotExpressible:
            continue
        vector = certified(forward_in_float32(without_mask(fixture.case)))
        found = limits(vector)
        ours = quantities(run_oracle(vector.case.in_dtype(np.float32)), None, vector.case.state_names)
        for name in vector.expected:
            error = np.abs(ours[name].astype(np.float64) - vector.in_float32(name))
            assert (error <= found.sampled[name]).all(), f"{fixture.id}: {name}"
            assert (found.sampled[name] <= found.proven[name]).all()
        assert stated["ULP"] == {kind: in_ulps(vector, getattr(found, kind)) for kind in ("proven", "sampled")}
        assert stated["ATOL"] == {kind: absolute(getattr(found, kind)) for kind in ("proven", "sampled")}
        farthest = max(
            most_floats_away(float(value), float(allowed))
            for name, room in found.proven.items()
            for value, allowed in zip(vector.in_float32(name).ravel(), room.ravel(), strict=True)
        )
        assert abs(stated["ULP"]["proven"] - farthest) <= 1, fixture.id  # where the limit itself lies between two


def most_floats_away(value: float, room: float) -> int:
    """How many float32 lie between the value and the farthest of those within its limit."""
    ends = [np.float32(value - room), np.float32(value + room)]
    signed = [int(np.abs(end).view(np.int32)) * (-1 if end < 0 else 1) for end in (*ends, np.float32(value))]
    return max(signed[2] - signed[0], signed[1] - signed[2])


@pytest.mark.parametrize(
    ("value", "room", "ulps"),
    [
        (1.0, 2.0**-23, 2),  # below a power of two numbers lie twice as close
        (-1.0, 2.0**-23, 2),
        (1.5, 2.0**-23, 1),
        (0.0, 2.0**-149, 1),
        (2.0**-149, 2.0**-148, 2),  # across zero, which counts once
        (2.0**-126, 2.0**-125, 2**24),
        (3.0, 0.0, 0),
    ],
)
def test_ulps_are_the_places_between_two_numbers(value: float, room: float, ulps: int) -> None:
    case = corpus.read("hand_sized")[0].case
    vector = Vector(case, {"outputs": np.array([value])})
    assert in_ulps(vector, {"outputs": np.array([room])}) == ulps
