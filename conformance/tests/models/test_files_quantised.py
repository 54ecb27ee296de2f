"""What computes in 8 bits is measured and never agrees; convolutions in front of a recurrent layer are modelled."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

from conformance.models.files import checking, drawing  # noqa: E402
from conformance.models.files.agreement import absolute  # noqa: E402
from conformance.models.files.computing.interpreting import Unknown, bounded, computed  # noqa: E402
from conformance.models.files.model import Node, Said  # noqa: E402
from conformance.models.files.readers.reading import read  # noqa: E402


def in_8_bits(path: Path) -> Path:
    helper, rng = onnx.helper, np.random.default_rng(4)
    kernels = {"W": (1, 3, 16), "R": (1, 4, 16)}
    tensors = [onnx.numpy_helper.from_array(rng.normal(0, 0.3, (1, 32)).astype(np.float32), "B")]
    for name, shape in kernels.items():
        tensors.append(onnx.numpy_helper.from_array(rng.integers(-90, 90, shape).astype(np.int8), name))
        tensors.append(onnx.numpy_helper.from_array(np.array([0.01], np.float32), f"{name} scale"))
        tensors.append(onnx.numpy_helper.from_array(np.array([3], np.int8), f"{name} zero"))
    inputs = ["x", "W", "R", "B", "", "", "", "", "W scale", "W zero", "R scale", "R zero"]
    made = {"name": "lstm", "domain": "com.microsoft", "hidden_size": 4, "direction": "forward"}
    node = helper.make_node("DynamicQuantizeLSTM", inputs, ["y"], **made)
    value = helper.make_tensor_value_info
    graph = helper.make_graph([node], "g", [value("x", 1, [5, 2, 3])], [value("y", 1, [5, 1, 2, 4])], tensors)
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=domains, ir_version=9), str(path))
    return path


def test_an_lstm_in_8_bits_is_the_lstm_that_its_numbers_stand_for(tmp_path: Path) -> None:
    path = in_8_bits(tmp_path / "q.onnx")
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(str(path)).graph.initializer}
    (node,) = read(path).recurrent
    assert node.recurrent is not None, node.unknown
    kernel = node.recurrent.params["kernel"]
    gates = np.split((stored["W"][0].astype(np.float64) - 3) * np.float32(0.01), 4, axis=1)  # i o f c
    ours = np.concatenate([gates[k] for k in (0, 2, 3, 1)], axis=1)  # i f g o
    assert np.abs(kernel - ours).max() < 1e-6


def test_what_computes_in_8_bits_is_measured_and_does_not_agree(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    model = read(in_8_bits(tmp_path / "q.onnx"))
    found = checking.check(model, drawing.drawn(model), ("onnxruntime",), Said())
    (ran,) = found.runs
    assert ran.verdict is not None, ran.why_not
    for part in (*ran.verdict.layers, ran.verdict.whole):
        assert part.verdict == "measured"
        assert part.reason.startswith("in 8 bits: of 40 numbers")
    assert not found.agrees


CONVOLUTIONS: tuple[dict[str, Any], ...] = (
    {"strides": [2], "pads": [1, 2]},
    {"dilations": [2], "group": 2},
    {"strides": [2, 1], "pads": [1, 0, 0, 1], "dilations": [1, 2]},
)


@pytest.mark.parametrize("attributes", CONVOLUTIONS)
def test_a_convolution_is_the_sum_over_each_window(attributes: dict[str, Any]) -> None:
    rng, rank = np.random.default_rng(1), 2 if len(attributes.get("strides", [])) == 2 else 1
    groups = attributes.get("group", 1)
    x, kernels = rng.normal(size=(2, 4, *(9, 8)[:rank])), rng.normal(size=(6, 4 // groups, *(3, 2)[:rank]))
    bias = rng.normal(size=6)
    node = Node("conv", "Conv", ("x", "w", "b"), ("y",), (), attributes)
    (found,) = computed(node, "onnx", [x, kernels, bias])
    strides, dilations = (attributes.get(name, [1] * rank) for name in ("strides", "dilations"))
    pads = attributes.get("pads", [0] * 2 * rank)
    wide = np.pad(x, [(0, 0), (0, 0), *zip(pads[:rank], pads[rank:], strict=True)])
    for at in product(*map(range, found.shape)):
        n, out, *place = at
        total = bias[out]
        for index in product(*map(range, kernels.shape[1:])):
            channel = index[0] + out // (6 // groups) * kernels.shape[1]
            where = [p * s + i * d for p, s, i, d in zip(place, strides, index[1:], dilations, strict=True)]
            total += wide[(n, channel, *where)] * kernels[(out, *index)]
        assert abs(found[at] - total) < 1e-12
    (rounded,) = bounded(node, "onnx", [x, kernels, bias], absolute("float32"))
    assert np.array_equal(rounded.value, found)
    assert 0 < rounded.bound.min() < rounded.bound.max() < 1e-4


def test_a_convolution_that_pads_by_itself_is_named() -> None:
    node = Node("conv", "Conv", ("x", "w"), ("y",), (), {"auto_pad": "SAME_UPPER"})
    with pytest.raises(Unknown, match="Conv with auto_pad SAME_UPPER is not modelled"):
        computed(node, "onnx", [np.ones((1, 1, 4)), np.ones((1, 1, 2))])
