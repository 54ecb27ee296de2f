"""PyTorch's layers for the tests: as files of tensors, and as ONNX by each of its two exporters.

``python -m conformance.tests.support.torch_files FOLDER`` makes the two files whose comparison the READMEs show.
"""

from __future__ import annotations

import functools
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import torch

EXPORTERS = ("torchscript", "dynamo")
MODELS: dict[str, dict[str, Any]] = {
    "lstm": {"kind": "LSTM"},
    "gru": {"kind": "GRU"},
    "rnn": {"kind": "RNN"},
    "relu": {"kind": "RNN", "nonlinearity": "relu"},
    "lstm two layers both directions": {"kind": "LSTM", "num_layers": 2, "bidirectional": True},
    "gru three layers": {"kind": "GRU", "num_layers": 3},
    "gru both directions without bias": {"kind": "GRU", "bidirectional": True, "bias": False},
    "rnn two layers both directions": {"kind": "RNN", "num_layers": 2, "bidirectional": True},
    "lstm time first": {"kind": "LSTM", "batch_first": False},
    "states": {"kind": "LSTM", "states": True},
}


class Tagger(torch.nn.Module):  # type: ignore[misc]
    """An embedding, recurrent layers, layer normalisation and a head."""

    def __init__(self, kind: str, batch_first: bool = True, states: bool = False, **options: Any) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(20, 4)
        self.rnn = getattr(torch.nn, kind)(4, 5, batch_first=batch_first, **options)
        size = 5 * (1 + options.get("bidirectional", False))
        self.norm, self.head, self.states = torch.nn.LayerNorm(size), torch.nn.Linear(size, 3), states

    def forward(self, tokens: Any, *states: Any) -> Any:
        y, last = self.rnn(self.embedding(tokens), *([states] if states else []))
        return torch.softmax(self.head(self.norm(y)), -1), last


def tagger(name: str) -> Any:
    """The model of that name, its parameters drawn wider than PyTorch draws them."""
    torch.manual_seed(0)
    model = Tagger(**MODELS[name]).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape))
    return model


def inputs_of(name: str) -> tuple[Any, ...]:
    """Tokens, three rows of seven, and the initial state where the model takes one."""
    shape = (7, 3) if MODELS[name].get("batch_first") is False else (3, 7)
    states = (0.5 * torch.randn(1, 3, 5), 0.5 * torch.randn(1, 3, 5)) if MODELS[name].get("states") else ()
    return torch.randint(0, 20, shape), *states


def exported(name: str, exporter: str, path: Path) -> Path:
    """The model as ``.onnx``."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    given = inputs_of(name)
    names = ["tokens", "h", "c"][: len(given)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        export = functools.partial(torch.onnx.export, tagger(name), given, str(path), input_names=names, verbose=False)
        if exporter == "dynamo":
            export(dynamo=True, external_data=False)
        else:
            axes = (
                {"tokens": {0: "batch", 1: "time"}} if MODELS[name].get("batch_first", True) and len(given) == 1 else {}
            )
            export(dynamo=False, dynamic_axes=axes)
    return path


def exported_and_converted(folder: Path) -> tuple[Path, Path]:
    """Three GRUs as PyTorch exports them, and the same with the reset before the product in the second of them."""
    import onnx

    from .planted_files import set_attribute

    one = exported("gru three layers", "torchscript", folder / "exported.onnx")
    proto = onnx.load(one)
    set_attribute(proto, 1, "linear_before_reset", 0)
    onnx.save(proto, folder / "converted.onnx")
    return one, folder / "converted.onnx"


if __name__ == "__main__":
    where = Path(sys.argv[1])
    where.mkdir(parents=True, exist_ok=True)
    exported_and_converted(where)
