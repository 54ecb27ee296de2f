"""Two files that differ in one planted thing: it is named rightly, and what nothing explains is said to be so."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

from conformance.models.files import against, drawing  # noqa: E402
from conformance.models.files.against import Against  # noqa: E402
from conformance.models.files.checking import Check  # noqa: E402
from conformance.models.files.readers.reading import read  # noqa: E402

from ..support import planted_files as planted  # noqa: E402
from ..support.planted_differences import BOTH, EXPLAINED, GRU, HARD, LSTM, RNN, UNEXPLAINED, halves  # noqa: E402


def compared(tmp_path: Path, options: Mapping[str, Any], change: Any) -> Against:
    right = planted.two_layers(**options)
    wrong = copy.deepcopy(right)
    change(wrong)
    one = read(planted.write(right, tmp_path / "right.onnx"))
    other = read(planted.write(wrong, tmp_path / "wrong.onnx"))
    inputs = drawing.drawn(one)
    return against.compare(Check(one, inputs, ()), Check(other, against.handed_over(one, other, inputs), ()))


@pytest.mark.parametrize("name", EXPLAINED)
def test_a_planted_difference_is_named_where_it_begins(name: str, tmp_path: Path) -> None:
    options, change, place, words = EXPLAINED[name]
    found = compared(tmp_path, options, change)
    assert found.findings, "it was not seen"
    first = found.findings[0]
    assert first.explained, first.sentence
    assert words in first.sentence
    assert first.place.startswith(place)


@pytest.mark.parametrize("name", UNEXPLAINED)
def test_what_no_hypothesis_explains_is_said_to_be_unexplained(name: str, tmp_path: Path) -> None:
    options, change, place = UNEXPLAINED[name]
    found = compared(tmp_path, options, change)
    assert found.findings, "it was not seen"
    first = found.findings[0]
    assert not first.explained, first.sentence
    assert "no hypothesis explains it" in first.sentence
    assert first.place.startswith(place)


@pytest.mark.parametrize("options", [LSTM, GRU, RNN, BOTH, HARD, {"operator": "LSTM", "peepholes": True, "clip": 0.5}])
def test_files_that_do_not_differ_are_said_to_be_the_same(options: Mapping[str, Any], tmp_path: Path) -> None:
    found = compared(tmp_path, options, lambda proto: None)
    assert found.same
    assert not found.not_computed
    assert all(same for *_, same in found.pairs)


def test_biases_folded_into_one_half_are_the_same_file(tmp_path: Path) -> None:
    assert compared(tmp_path, LSTM, halves(lambda b, r: (b + r, 0 * r))).same


def test_a_bias_that_differs_by_more_than_folding_rounds_is_seen(tmp_path: Path) -> None:
    found = compared(tmp_path, LSTM, halves(lambda b, r: (b + r + 1e-5, 0 * r)))
    assert "the weights differ: bias by 1e-05" in found.findings[0].sentence


def test_the_weights_that_differ_are_told_with_the_gate(tmp_path: Path) -> None:
    found = compared(tmp_path, *UNEXPLAINED["one gate's kernel"][:2])
    assert "of gate o alone" in found.findings[0].sentence


def test_a_layer_that_the_other_file_lacks_is_told(tmp_path: Path) -> None:
    def shortened(proto: Any) -> None:
        kept = [node for node in proto.graph.node if node.name not in ("layer0", "transpose0", "reshape0")]
        kept[0].input[0] = "x"
        del proto.graph.node[:]
        proto.graph.node.extend(kept)

    found = compared(tmp_path, RNN, shortened)
    assert any(each.sentence == "the second file has no such layer" for each in found.findings)


def test_what_is_drawn_fits_a_second_file_that_fixes_more_sizes(tmp_path: Path) -> None:
    right = planted.two_layers("GRU", lengths=True)
    fixed = copy.deepcopy(right)
    for each in fixed.graph.input:
        each.type.tensor_type.shape.dim[-1 if each.name == "lengths" else 1].dim_value = 1
    one, other = (read(planted.write(m, tmp_path / f"{k}.onnx")) for k, m in enumerate((right, fixed)))
    inputs = drawing.drawn(against.narrowed(one, other))
    assert [value.shape for value in inputs.values()] == [(drawing.TIME, 1, 5), (1,)]
    given = against.handed_over(one, other, inputs)
    assert against.compare(Check(one, inputs, ()), Check(other, given, ())).same
    with pytest.raises(ValueError, match="asks for"):
        against.handed_over(one, other, drawing.drawn(one))
