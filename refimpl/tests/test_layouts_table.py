"""The table of layouts says what the layouts' code does, of every layout and every kind of cell."""

from __future__ import annotations

from typing import Any

import pytest

from .. import layouts
from ..layouts import fused, table


def row(layer: str) -> list[str]:
    (found,) = (line for line in table.as_markdown().splitlines() if line.startswith(f"| {layer} |"))
    return [column.strip() for column in found.strip("|").split("|")]


def test_every_layout_has_a_row_for_each_kind_of_cell_that_it_holds() -> None:
    modules = [getattr(layouts, name) for name in layouts.__all__]
    held = {(m.__name__, kind) for m in modules if hasattr(m, "GATE_ORDER") for kind in m.GATE_ORDER}
    assert {(r.layout.__name__, r.make.__name__) for r in table.ROWS} == held


@pytest.mark.parametrize(
    ("layer", "gates", "arrays"),
    [
        ("Keras `LSTM`", "i f c o (c is our g)", "`0` (I, 4H), `1` (H, 4H), `2` (4H)"),
        (
            "PyTorch `LSTM(proj_size=P)`",
            "i f g o",
            "`weight_ih` (4H, I), `weight_hh` (4H, P), `bias_ih` (4H), `bias_hh` (4H), `weight_hr` (P, H)",
        ),
        ("ONNX `LSTM`", "i o f c (c is our g)", "`W` (D, 4H, I), `R` (D, 4H, H), `B` (D, 8H), `P` (D, 3H)"),
        ("TensorFlow 1 `BasicLSTMCell`", "i j f o (j is our g)", "`kernel` (I+H, 4H), `bias` (4H)"),
    ],
)
def test_a_row_says_what_the_frameworks_documentation_says(layer: str, gates: str, arrays: str) -> None:
    assert row(layer)[1:3] == [gates, arrays]


def test_the_table_follows_the_code(monkeypatch: Any) -> None:
    monkeypatch.setattr(fused, "GATE_ORDER", fused.GATE_ORDER | {"LSTM": ("f", "i", "g", "o")})
    assert row("TensorFlow 1 `BasicLSTMCell`")[1] == "f i j o (j is our g)"
