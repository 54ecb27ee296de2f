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


def exported(module, options, weights, x, hx=None, lengths=None, dynamo=False, exported_at=None):
    """The layer as an ONNX model, in bytes, and what the model is given.

    ``exported_at`` "another size" batch and time are dynamic, by ``dynamo`` the batch alone; at "another batch" it
    is; at "another size, fixed" nothing is. None is for the sizes of x.
    """
    layer = getattr(torch.nn, module)(**options).eval()
    for name, value in weights.items():
        getattr(layer, name).data = torch.tensor(value)
    tensors = [torch.tensor(part) for part in (x, *(hx or ()))]
    sample, called = tensors, layer
    if exported_at is not None:  # batch first
        (batch, time, features), more = x.shape, 0 if exported_at == "another batch" else 2
        sample = [tensors[0].new_zeros(batch + 1, time + more, features)]
        sample += [part.new_zeros(part.shape[0], batch + 1, part.shape[2]) for part in tensors[1:]]

    def nested(parts):
        return (parts[0], *([tuple(parts[1:])] if module == "LSTM" else parts[1:]))[: 1 if hx is None else 2]

    given = list(nested(sample))
    if lengths is not None:
        called = Packing(layer, x.shape[1 if layer.batch_first else 0])
        tensors.insert(1, torch.tensor(lengths))
        given.insert(1, tensors[1])
    axes = [{0: "batch", 1: "time"}, *({1: "batch"} for _ in tensors[1:])]
    dynamic = exported_at in ("another size", "another batch")
    file = io.BytesIO()
    if dynamo:
        batch_axes = [{axis: name for axis, name in each.items() if name == "batch"} for each in axes]
        dim = torch.export.Dim("batch", min=1)
        shapes = nested([dict.fromkeys(each, dim) for each in batch_axes])
        sizes = {"dynamic_shapes": shapes} if dynamic else {}
        torch.onnx.export(called, tuple(given), dynamo=True, verbose=False, **sizes).save(file)
    else:
        names = ["x", "h", "c"][: len(tensors)]
        sizes = {"input_names": names, "dynamic_axes": dict(zip(names, axes))} if dynamic else {}
        torch.onnx.export(called, tuple(given), file, dynamo=False, **sizes)
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
