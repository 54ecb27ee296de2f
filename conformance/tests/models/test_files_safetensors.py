"""Weights that the safetensors library saves and loads: our reader reads what it wrote, and layers compute with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.contract import Case, Observed
from conformance.implementations.finding import load
from conformance.implementations.program import narrowed
from conformance.judging.arithmetic import arithmetic_of
from conformance.judging.expected import expect
from conformance.judging.verdict import judge
from conformance.models.files.readers import safetensors
from refimpl.layouts import keras as keras_layout
from refimpl.layouts import pytorch as torch_layout

from ..support import example, needs, python

torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")
library: Any = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")

LAYERS = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}
IN_KERAS = """
import sys
import keras
import numpy as np
from safetensors.numpy import load_file, save_file

kind, weights, given, answer = sys.argv[1:]
x, rng = np.load(given), np.random.default_rng(0)
first, second = [getattr(keras.layers, kind)(5, return_sequences=True) for _ in range(2)]
for layer in first, second:
    layer.build(x.shape)
first.set_weights([rng.uniform(-0.5, 0.5, one.shape) for one in first.get_weights()])
save_file({one.name: value for one, value in zip(first.weights, first.get_weights())}, weights)
loaded = load_file(weights)
second.set_weights([loaded[one.name] for one in second.weights])
np.save(answer, keras.ops.convert_to_numpy(second(x)))
"""


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_of_pytorch_computes_with_what_our_reader_reads(kind: str, dtype: str, tmp_path: Path) -> None:
    case, file = example(kind, dtype, use_recurrent_bias=True).replace(d_outputs=None, d_state=None), tmp_path / "w.st"

    def tensor(array: Any) -> Any:
        return torch.tensor(np.asarray(array, np.float64), dtype=getattr(torch, dtype)).contiguous()

    library.save_file(
        {name: tensor(one) for name, one in torch_layout.dump(case.cell, case.params, "_l0").items()}, file
    )
    layer = getattr(torch.nn, LAYERS[kind])(3, 5, batch_first=True, dtype=getattr(torch, dtype))
    layer.load_state_dict(library.load_file(file))
    states = tuple(tensor(part)[None] for part in case.initial_state or ())
    with torch.no_grad():
        outputs, final = layer(tensor(case.x), states if kind == "LSTM" else states[0])
    found = {"outputs": outputs} | {
        f"state.{name}": part[0]
        for name, part in zip(case.state_names, final if kind == "LSTM" else (final,), strict=True)
    }
    read = {name: array.astype(case.dtype) for name, array in safetensors.read(file).items()}
    as_read = case.replace(params=torch_layout.load(case.cell, read, "_l0"))
    values = {name: narrowed(each.double().numpy(), case.dtype) for name, each in found.items()}
    agrees(as_read, "torch", values)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_of_keras_computes_with_what_our_reader_reads(kind: str, tmp_path: Path) -> None:
    needs("keras")
    given, weights, answer = (tmp_path / name for name in ("x.npy", "w.safetensors", "answer.npy"))
    x = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 4, 3)).astype(np.float32)
    np.save(given, x)
    status, said = python("-c", IN_KERAS, kind, *map(str, (weights, given, answer)), KERAS_BACKEND="torch")
    assert status == 0, said
    read = safetensors.read(weights)
    cell = ri.GRU(3, 5, reset_after=True, use_recurrent_bias=True) if kind == "GRU" else getattr(ri, kind)(3, 5)
    params = keras_layout.load(cell, [read[name] for name in ("kernel", "recurrent_kernel", "bias")])
    agrees(Case(cell, params, x), "torch", {"outputs": np.load(answer)})


def agrees(case: Case, name: str, values: dict[str, Any]) -> None:
    """Holds the values to the oracle's answer."""
    verdict = judge(expect(case, arithmetic_of(load(name), case)), Observed(values))
    assert not verdict.disagreements, "\n".join(map(str, verdict.disagreements))
    assert {"outputs"} <= {family for family, *_ in verdict.by_family()}
