"""ExecuTorch: PyTorch layers made a ``.pte`` program, and that program run by its Python runtime, forward only."""

from __future__ import annotations

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime

from ...pytorch.programs.exported import PREAMBLE as TORCH
from ...pytorch.programs.exported import exported, given

PREAMBLE = f"""\
{TORCH}
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime"""


def lowered(backend, **layer):
    """The layer as an ExecuTorch program, in bytes, for XNNPACK where it has the operators, or for portable kernels.

    The rest is `exported`'s.
    """
    partitioner = [XnnpackPartitioner()] if backend == "xnnpack" else None
    return to_edge_transform_and_lower(exported(**layer), partitioner=partitioner).to_executorch().buffer


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
