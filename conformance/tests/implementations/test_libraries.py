"""Libraries with an environment of their own, where they are installed: one case of each, and one that is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ...cases.asking import observe
from ...cases.building import build_case
from ...cases.choosers import SeededChooser
from ...cases.option_space import space_of
from ...contract import NotRun
from ...implementations.finding import load
from ...judging.divergences import divergences_of, expected_with
from ...judging.verdict import judge

NAMES = (
    *("flax-linen", "flax-nnx", "equinox", "haiku", "mlx", "paddle", "paddle-cell", "mindspore", "ncnn"),
    *("litert", "tf2onnx", "executorch", "tvm"),
)
LIBRARIES = [
    (name, kind) for name in NAMES for kind in ("SimpleRNN", "LSTM", "GRU") if (name, kind) != ("equinox", "SimpleRNN")
]


@pytest.mark.parametrize(("name", "kind"), LIBRARIES)
def test_a_librarys_layer_agrees_with_the_oracle_and_a_wrong_gate_does_not(name: str, kind: str) -> None:
    try:
        library: Any = load(name)
    except NotRun as absent:
        pytest.skip(str(absent))
    space = space_of(library.cells, ["float32"], ())
    wanted = {"kind": kind, "direction": "forward", "lengths": "none", "use_bias": True}
    combinations = (one for one in space.valid if wanted.items() <= one.items() and one.get("projection") is not True)
    case = build_case(SeededChooser(7), next(combinations))
    expected = expected_with(library, case, divergences_of(library))
    assert not judge(expected, observe(library, case)).disagreements
    spoiled = case.replace(params={name: np.roll(value, 1, axis=-1) for name, value in case.params.items()})
    wrong = observe(library, spoiled)
    assert judge(expected, replace(wrong, path="")).disagreements
