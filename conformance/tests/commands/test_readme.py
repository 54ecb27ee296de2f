"""README's example of a plug-in is complete: saved as it stands, it runs and agrees."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.contract import OPTIONAL_ATTRIBUTES, Implementation
from conformance.judging import divergences
from refimpl.layouts import table

ROOT = Path(__file__).parents[3]


def _python_blocks() -> list[str]:
    readme = ROOT / "README.md"
    if not readme.is_file():
        pytest.skip("an installed package has no README beside it")
    return re.findall(r"```python\n(.*?)```", readme.read_text(), flags=re.DOTALL)


def test_the_plug_in_of_the_readme_agrees_with_the_oracle(tmp_path: Path) -> None:
    (example,) = (block for block in _python_blocks() if "class LoopRNN" in block)
    (tmp_path / "loop_rnn.py").write_text(example)
    command = [sys.executable, "-m", "conformance", "run", "--implementation", f"{tmp_path}/loop_rnn.py:LoopRNN"]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "agrees" in found.stdout


def test_the_plug_in_of_the_readme_is_about_twenty_lines() -> None:
    (example,) = (block for block in _python_blocks() if "class LoopRNN" in block)
    assert len(example.splitlines()) <= 22


def test_the_oracle_example_of_the_readme_runs() -> None:
    (example,) = (block for block in _python_blocks() if "ri.forward" in block)
    subprocess.run([sys.executable, "-c", example], cwd=ROOT, check=True)


@pytest.mark.parametrize("example", [0, 1])
def test_the_examples_of_the_oracle_page_run(example: int) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "refimpl" / "README.md").read_text(), flags=re.DOTALL)
    assert len(blocks) == 2
    subprocess.run([sys.executable, "-c", blocks[example]], cwd=ROOT, check=True)


def test_the_example_of_a_verdict_finds_wrong_what_a_guessed_tolerance_lets_pass() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "refimpl" / "README.md").read_text(), flags=re.DOTALL)
    (example,) = (block for block in blocks if "ri.compare" in block)
    assert len([line for line in example.splitlines() if line]) == 8
    guessed = "\nnp.testing.assert_allclose(mine * np.float32(1 + 5e-6), run.outputs, rtol=1e-5)\n"
    ran = subprocess.run(
        [sys.executable, "-c", example + guessed], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.search(r"1 of 1 quantities disagree, in float32\n  outputs\[.*\]: wrong: ", ran.stdout), ran.stdout


def test_the_readme_lists_the_known_divergences_as_they_are() -> None:
    listed = divergences.as_markdown()
    assert listed in (ROOT / "README.md").read_text(), f"README lacks what this command prints:\n{listed}"


def test_the_readme_shows_the_weight_layouts_as_they_are() -> None:
    readme = ROOT / "README.md"
    if not readme.is_file():
        pytest.skip("an installed package has no README beside it")
    shown = table.as_markdown()
    assert shown in readme.read_text(), f"README lacks what `python -m conformance layouts` prints:\n{shown}"


def test_the_readme_names_every_optional_attribute_of_an_implementation() -> None:
    readme = (ROOT / "README.md").read_text()
    section = readme.partition("## Check your own implementation")[2].partition("\n## ")[0]
    for attribute in OPTIONAL_ATTRIBUTES:
        assert f"`{attribute}`" in section, f"README lacks `{attribute}`"


def test_the_contract_documents_every_optional_attribute() -> None:
    documented = re.findall(r"^ {4}(\w.*?)(?: {2,}|$)", str(Implementation.__doc__), flags=re.MULTILINE)
    names = {name.partition("(")[0] for line in documented for name in line.split(", ")}
    assert set(OPTIONAL_ATTRIBUTES) <= names, f"not documented: {set(OPTIONAL_ATTRIBUTES) - names}"
