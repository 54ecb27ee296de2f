"""What README and the pages of the rooms show runs as it stands, and each situation has its command."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.commands.main import main
from conformance.contract import OPTIONAL_ATTRIBUTES, Implementation
from conformance.judging import divergences
from refimpl.layouts import table

ROOT = Path(__file__).parents[3]
SITUATIONS = (
    "Is my framework right?",
    "Can I upgrade?",
    "Check my own kernel",
    "My model gives other numbers after export",
    "Give me test vectors",
)


def blocks_of(page: str) -> list[str]:
    """The examples in Python of a page."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def readme() -> str:
    path = ROOT / "README.md"
    if not path.is_file():
        pytest.skip("an installed package has no README beside it")
    return path.read_text(encoding="utf-8")


def test_the_plug_in_of_the_page_agrees_with_the_oracle(tmp_path: Path) -> None:
    (example,) = blocks_of("conformance/README.md")
    (tmp_path / "loop_rnn.py").write_text(example)
    command = [sys.executable, "-m", "conformance", "run", "--implementation", f"{tmp_path}/loop_rnn.py:LoopRNN"]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "agrees" in found.stdout


def test_the_plug_in_of_the_page_is_about_twenty_lines() -> None:
    (example,) = blocks_of("conformance/README.md")
    assert len(example.splitlines()) <= 22


def test_the_example_of_the_readme_runs_and_is_the_one_that_is_worked_out_by_hand(readme: str) -> None:
    (example,) = blocks_of("README.md")
    assert "[[1, 0, 2], [2, 1, 3]]" in example
    subprocess.run([sys.executable, "-c", example], cwd=ROOT, check=True)
    wrong = example.replace("[7, 3, 12]", "[7, 3, 13]")
    assert subprocess.run([sys.executable, "-c", wrong], cwd=ROOT, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("example", [0, 1])
def test_the_examples_of_the_oracle_page_run(example: int) -> None:
    blocks = blocks_of("refimpl/README.md")
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


def test_the_readme_is_short(readme: str) -> None:
    assert len(readme.splitlines()) <= 200


@pytest.mark.parametrize("situation", SITUATIONS)
def test_each_situation_has_one_command_on_the_readme_and_the_command_is_there(
    situation: str, readme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    section = readme.partition(f"### {situation}\n")[2].partition("\n##")[0]
    (command,) = re.findall(r"```\n(.*?)\n```", section)
    words = command.partition(" -- ")[0].split()
    if words[0] == "tox":
        assert f"[testenv:{words[-1]}]" in (ROOT / "tox.ini").read_text()
    else:
        assert words[:3] == ["python", "-m", "conformance"]
        with pytest.raises(SystemExit) as ended:
            main([words[3], "--help"])
        assert ended.value.code == 0
        said = capsys.readouterr().out
        for option in (word for word in words if word.startswith("--")):
            assert option in said, f"no option {option}"


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("conformance/implementations/DIVERGENCES.md", divergences.as_markdown),
        ("refimpl/layouts/README.md", table.as_markdown),
    ],
)
def test_the_page_has_the_table_as_it_is(page: str, shown: Callable[[], str]) -> None:
    assert shown() in (ROOT / page).read_text(encoding="utf-8"), "make it anew: python -m conformance docs"


def test_the_page_names_every_optional_attribute_of_an_implementation() -> None:
    page = (ROOT / "conformance" / "README.md").read_text(encoding="utf-8")
    section = page.partition("## Plug in an implementation")[2].partition("\n## ")[0]
    for attribute in OPTIONAL_ATTRIBUTES:
        assert f"`{attribute}`" in section, f"the page lacks `{attribute}`"


def test_the_contract_documents_every_optional_attribute() -> None:
    documented = re.findall(r"^ {4}(\w.*?)(?: {2,}|$)", str(Implementation.__doc__), flags=re.MULTILINE)
    names = {name.partition("(")[0] for line in documented for name in line.split(", ")}
    assert set(OPTIONAL_ATTRIBUTES) <= names, f"not documented: {set(OPTIONAL_ATTRIBUTES) - names}"
