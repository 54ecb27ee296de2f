"""PyTorch layers by ``torch.export``, for the runtimes that run what it gives."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PREAMBLE = """\
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence"""


class Packing(torch.nn.Module):
    """A layer that packs what it gets: ``x``, then the initial state, then the lengths."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, hx, lengths):
        packed, final = self.layer(pack_padded_sequence(x, lengths, self.layer.batch_first), hx)
        return pad_packed_sequence(packed, self.layer.batch_first)[0], final


def laid_out(array, dtype):
    """The array as a tensor whose strides are PyTorch's: an axis of size 1 else keeps NumPy's, whatever they are."""
    return torch.tensor(array, dtype=dtype).clone(memory_format=torch.contiguous_format)


def given(module, options, x, hx=None, lengths=None):
    """What the layer is called with, as tensors."""
    tensors = [laid_out(part, options["dtype"]) for part in (x, *(hx or ()))]
    states = () if hx is None else (tuple(tensors[1:]) if module == "LSTM" else tensors[1],)
    return (tensors[0], *(states or (None,)), torch.tensor(lengths)) if lengths is not None else (tensors[0], *states)


def exported(module, options, weights, x, hx=None, lengths=None, exported_at=None):
    """The layer as ``torch.export`` gives it.

    ``exported_at`` "another batch" its batch is open, at "another size" its steps too; at "another size, fixed" it is
    for one size, which is not that of x; None is for the sizes of x. All but None are batch first.
    """
    layer = getattr(torch.nn, module)(**options).eval()
    for name, value in weights.items():
        getattr(layer, name).data = laid_out(value, options["dtype"])
    called, shapes = layer if lengths is None else Packing(layer), None
    if exported_at is not None:
        more = 0 if exported_at == "another batch" else 2
        x = np.zeros((x.shape[0] + 1, x.shape[1] + more, x.shape[2]))
        hx = hx and tuple(np.zeros((part.shape[0], part.shape[1] + 1, part.shape[2])) for part in hx)
        batch, time = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("time", min=1, max=64)
        state = ({1: batch}, {1: batch}) if module == "LSTM" else {1: batch}
        shapes = ({0: batch, 1: time} if more else {0: batch}, *([] if hx is None else [state]))
    return torch.export.export(
        called,
        given(module, options, x, hx, lengths),
        dynamic_shapes=None if exported_at == "another size, fixed" else shapes,
    )
