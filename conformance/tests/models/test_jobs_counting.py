"""Counting parameters: the published numbers, the formulas, and the frameworks' own summaries."""

from __future__ import annotations

from typing import Any

import pytest

import refimpl as ri
from conformance.commands.main import main
from conformance.contract import NotRun
from conformance.models.jobs import counting
from conformance.models.jobs.counting import KINDS, UNITS, counts, models, total_in
from conformance.models.jobs.frameworks import Answer, frameworks_with

pytestmark = pytest.mark.usefixtures("forked_frameworks")


def test_the_published_counts() -> None:
    found = counts("keras")
    assert found["SimpleRNN(3)"] == [18, 22]
    assert found["SimpleRNN(4)"] == [28, 33]


@pytest.mark.parametrize("hidden", UNITS)
def test_gates_multiply_and_biases_add(hidden: int) -> None:
    alone = hidden * (2 + hidden + 1)
    one, two = counts("keras"), counts("pytorch")
    for kind, keras, pytorch in (
        ("SimpleRNN", alone, alone + hidden),
        ("LSTM", 4 * alone, 4 * (alone + hidden)),
        ("GRU", 3 * (alone + hidden), 3 * (alone + hidden)),
    ):
        assert one[f"{kind}({hidden})"] == [keras, keras + hidden + 1]
        assert two[f"{kind}({hidden})"] == [pytorch, pytorch + hidden + 1]


def test_the_number_of_steps_does_not_count() -> None:
    model = ri.Model((ri.SimpleRNN(2, 3), ri.Dense(3, 1)))
    assert model.parameter_count == 22


@pytest.mark.parametrize("kind", KINDS)
def test_a_summarys_total_is_read_from_its_text(kind: str) -> None:
    model = models(kind, 4)[1]
    assert total_in(model.summary()) == model.parameter_count
    assert total_in(" Total params: 1,234,567 (4.71 MB)\n Trainable params: 7 (28.00 B)\n") == 1_234_567


def test_every_framework_counts_alike(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    assert main(["job", "counting"]) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    for name in frameworks_with("count"):
        assert f"{name}: not run" in said or name in said.partition("summaries read: ")[2] or name == "torch"
    assert "0 differ from the oracle" in said


def answering(change: int, keras: bool = True) -> Any:
    """Frameworks that count that many parameters more."""

    def ask(framework: str, function: str, arrays: Any, options: Any) -> Answer:
        if framework.startswith("keras") and not keras:
            raise NotRun("keras is not installed")
        right = counts("keras" if framework.startswith("keras") else "pytorch")
        wrong = {name: [alone, joined + change] for name, (alone, joined) in right.items()}
        text = {name: [f"Total params: {number}" for number in pair] for name, pair in right.items()}
        return Answer({}, {"counts": wrong, "summaries": text}, {})

    return ask


@pytest.mark.parametrize(("change", "status"), [(0, 0), (1, 1)])
def test_one_parameter_more_fails(
    change: int, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(counting, "ask", answering(change))
    assert main(["job", "counting"]) == status
    assert f"{6 * change} differ from the oracle" in capsys.readouterr().out


def test_a_framework_that_is_absent_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(counting, "ask", answering(0, keras=False))
    assert main(["job", "counting"]) == 0
    assert "keras-jax: not run: keras is not installed" in capsys.readouterr().out
