"""TVM: PyTorch layers imported by Relax, compiled by LLVM for the CPU, and run by its virtual machine; forward only."""

from __future__ import annotations

import torch
import tvm
from tvm import relax
from tvm.relax.frontend.torch import from_exported_program

from ...pytorch.programs.exported import PREAMBLE as TORCH
from ...pytorch.programs.exported import exported, given

PREAMBLE = f"""\
{TORCH}
import tvm
from tvm import relax
from tvm.relax.frontend.torch import from_exported_program"""


def compiled(importer, **layer):
    """The layer as a module of TVM's virtual machine, ready to be called.

    ``importer`` "decomposed": PyTorch takes the layer apart, TVM's importer gets the operations of each step, as is its
    default; "own": it gets the layer, and takes it apart by itself. The rest is `exported`'s.
    """
    module = from_exported_program(exported(**layer), run_ep_decomposition=importer == "decomposed")
    return relax.VirtualMachine(relax.build(module, target="llvm"), tvm.cpu())


def run_program(machine, arguments):
    """Outputs and final state of a module, as NumPy arrays by name; float32 holds every bfloat16."""
    leaves = torch.utils._pytree.tree_leaves(arguments)
    found = [torch.from_dlpack(one) for one in machine["main"](*(tvm.runtime.from_dlpack(leaf) for leaf in leaves))]
    arrays = [(one.float() if one.dtype == torch.bfloat16 else one).numpy().copy() for one in found]
    return dict(zip(("outputs", "h_n", "c_n"), arrays))


def run_tvm(x, hx=None, lengths=None, **layer):
    """One layer, exported, compiled and run."""
    machine = compiled(x=x, hx=hx, lengths=lengths, **layer)
    return run_program(machine, given(layer["module"], layer["options"], x, hx, lengths))
