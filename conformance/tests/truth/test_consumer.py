"""The corpus is language-neutral in fact: a program that shares nothing with this project passes it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import refimpl as ri
from conformance.cases.oracle_run import quantities, run_oracle
from conformance.contract import family_of
from conformance.truth import corpus

CONSUMER = Path(__file__).parents[2] / "truth" / "consumers" / "consume.mjs"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed: the JavaScript consumer was not run")


def consume(folder: Path, *families: str) -> subprocess.CompletedProcess[str]:
    assert NODE is not None
    command = [NODE, str(CONSUMER), str(folder), *families]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_node
def test_a_consumer_in_javascript_passes_the_plain_families() -> None:
    found = consume(corpus.directory())
    assert found.returncode == 0, found.stdout + found.stderr
    for family in ("hand_sized", "simple_rnn", "lstm", "gru_reset_after", "gru_reset_before"):
        assert re.search(rf"^{family}: \d+ cases, [1-9]\d* numbers", found.stdout, re.MULTILINE), found.stdout


@needs_node
@pytest.mark.parametrize("family", ["simple_rnn", "lstm", "gru_reset_after", "gru_reset_before", "hand_sized"])
def test_the_consumer_fails_where_a_kernel_is_turned_round(tmp_path: Path, family: str) -> None:
    document = json.loads((corpus.directory() / f"{family}.json").read_text())
    kernel = document["cases"][0]["params"]["kernel"]
    document["cases"][0]["params"]["kernel"] = [row[::-1] for row in kernel]
    (tmp_path / f"{family}.json").write_text(json.dumps(document))
    corpus.write_manifest(tmp_path)
    found = consume(tmp_path, family)
    assert found.returncode == 1
    assert f"{family}/{document['cases'][0]['id']}: outputs is off by" in found.stdout


@needs_node
def test_the_consumer_refuses_a_wrong_checksum(tmp_path: Path) -> None:
    shutil.copy(corpus.directory() / "manifest.json", tmp_path)
    text = (corpus.directory() / "lstm.json").read_text()
    (tmp_path / "lstm.json").write_text(text.replace("1", "2", 1))
    assert "wrong checksum" in consume(tmp_path, "lstm").stderr


def test_the_consumer_is_short_and_needs_nothing_but_node() -> None:
    source = CONSUMER.read_text()
    assert len(source.splitlines()) < 150
    assert {module for module in re.findall(r'from "(.*)"', source) if not module.startswith("node:")} == set()


def stated_tolerances(text: str) -> dict[str, float]:
    return {name: 2.0 ** int(power) for name, power in re.findall(r"`?(\w+)`?(?:: | +\| +)`?2 ?\*\* ?(-\d+)", text)}


def test_the_stated_tolerances_are_derived_bounds_rounded_up_to_a_power_of_two() -> None:
    stated = stated_tolerances(CONSUMER.read_text())
    assert set(stated) == {"simple_rnn", "lstm", "gru_reset_after", "gru_reset_before"}
    assert stated_tolerances((corpus.directory() / "README.md").read_text()) == stated
    for family, tolerance in stated.items():
        needed = 0.0
        for fixture in corpus.read(family):
            run = run_oracle(fixture.case)
            bounds = quantities(ri.rounding.bound(run, np.float64), None, fixture.case.state_names)
            for name, bound in bounds.items():
                assert family_of(name) != "gradients"
                needed = max(needed, float((bound / np.maximum(1, np.abs(fixture.expected[name]))).max()))
        assert tolerance / 2 < needed <= tolerance, f"{family}: the bound is {needed}, the stated tolerance {tolerance}"
