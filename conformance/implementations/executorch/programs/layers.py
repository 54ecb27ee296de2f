"""ExecuTorch: PyTorch layers made a ``.pte`` program, and that program run by its Python runtime, forward only."""

from __future__ import annotations

import numpy as np
import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PREAMBLE = """\
import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence"""


class Packing(torch.nn.Module):
    """A layer that packs what it gets: ``x``, then the initial state, then the lengths."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, hx, lengths):
        packed, final = self.layer(pack_padded_sequence(x, lengths, self.layer.batch_first), hx)
        return pad_packed_sequence(packed, self.layer.batch_first)[0], final


def given(module, options, x, hx=None, lengths=None):
    """What the layer is called with, as tensors."""
    tensors = [torch.tensor(part, dtype=options["dtype"]).contiguous() for part in (x, *(hx or ()))]
    states = () if hx is None else (tuple(tensors[1:]) if module == "LSTM" else tensors[1],)
    return (tensors[0], *(states or (None,)), torch.tensor(lengths)) if lengths is not None else (tensors[0], *states)


def lowered(module, options, weights, x, backend, hx=None, lengths=None, exported_at=None):
    """The layer as an ExecuTorch program, in bytes, for XNNPACK where it has the operators, or for portable kernels.

    ``exported_at`` "another batch" its batch is open, at "another size" its steps too; at "another size, fixed" it is
    for one size, which is not that of x; None is for the sizes of x. All but None are batch first.
    """
    layer = getattr(torch.nn, module)(**options).eval()
    for name, value in weights.items():
        getattr(layer, name).data = torch.tensor(value, dtype=options["dtype"])
    called, shapes = layer if lengths is None else Packing(layer), None
    if exported_at is not None:
        more = 0 if exported_at == "another batch" else 2
        x = np.zeros((x.shape[0] + 1, x.shape[1] + more, x.shape[2]))
        hx = hx and tuple(np.zeros((part.shape[0], part.shape[1] + 1, part.shape[2])) for part in hx)
        batch, time = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("time", min=1, max=64)
        state = ({1: batch}, {1: batch}) if module == "LSTM" else {1: batch}
        shapes = ({0: batch, 1: time} if more else {0: batch}, *([] if hx is None else [state]))
    exported = torch.export.export(
        called,
        given(module, options, x, hx, lengths),
        dynamic_shapes=None if exported_at == "another size, fixed" else shapes,
    )
    partitioner = [XnnpackPartitioner()] if backend == "xnnpack" else None
    return to_edge_transform_and_lower(exported, partitioner=partitioner).to_executorch().buffer


def run_program(program, arguments):
    """Outputs and final state of a program, as NumPy arrays by name; float32 holds every bfloat16."""
    method = Runtime.get().load_program(program).load_method("forward")
    found = method.execute(torch.utils._pytree.tree_leaves(arguments))
    arrays = [(one.float() if one.dtype == torch.bfloat16 else one).numpy().copy() for one in found]
    return dict(zip(("outputs", "h_n", "c_n"), arrays))


def run_executorch(x, hx=None, lengths=None, **layer):
    """One layer, exported and run."""
    program = lowered(x=x, hx=hx, lengths=lengths, **layer)
    return run_program(program, given(layer["module"], layer["options"], x, hx, lengths))
