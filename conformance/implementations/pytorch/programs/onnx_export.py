"""PyTorch: its recurrent layers exported to ONNX and run by ONNX Runtime, forward only."""

from __future__ import annotations

import io

import onnxruntime
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PREAMBLE = """\
import io
import onnxruntime
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence"""


class Packing(torch.nn.Module):
    """A layer that packs what it gets: ``x``, then the lengths, then the initial state."""

    def __init__(self, layer, total_length):
        super().__init__()
        self.layer, self.total_length = layer, total_length

    def forward(self, x, lengths, *hx):
        batch_first = self.layer.batch_first
        packed = pack_padded_sequence(x, lengths, batch_first, enforce_sorted=True)
        outputs, final = self.layer(packed, *hx)
        return pad_packed_sequence(outputs, batch_first, total_length=self.total_length)[0], final


def exported(module, options, weights, x, hx=None, lengths=None, dynamo=False):
    """The layer as an ONNX model, in bytes, and what the model is given."""
    layer = getattr(torch.nn, module)(**options).eval()
    for name, value in weights.items():
        getattr(layer, name).data = torch.tensor(value)
    tensors = [torch.tensor(part) for part in (x, *(hx or ()))]
    given = [tensors[0], *([tuple(tensors[1:])] if module == "LSTM" else tensors[1:])][: 1 if hx is None else 2]
    called = layer
    if lengths is not None:
        called = Packing(layer, x.shape[1 if layer.batch_first else 0])
        tensors.insert(1, torch.tensor(lengths))
        given.insert(1, tensors[1])
    file = io.BytesIO()
    if dynamo:
        torch.onnx.export(called, tuple(given), dynamo=True, verbose=False).save(file)
    else:
        torch.onnx.export(called, tuple(given), file, dynamo=False)
    return file.getvalue(), [tensor.numpy() for tensor in tensors]


def run_model(model, given):
    """The model's outputs and final state, as NumPy arrays by name."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    outputs, *final = session.run(None, dict(zip([each.name for each in session.get_inputs()], given)))
    return {"outputs": outputs} | {f"{name}_n": part for name, part in zip("hc", final)}


def run_onnx(**arguments):
    """One layer, exported and run."""
    return run_model(*exported(**arguments))
