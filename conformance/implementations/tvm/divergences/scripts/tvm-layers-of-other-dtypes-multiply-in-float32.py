"""TVM: a float64 RNN without biases computes in float32 and gives float32; with biases it cannot be imported."""

import torch
import tvm
from tvm import relax
from tvm.relax.frontend.torch import from_exported_program

x, found = torch.ones(2, 4, 3, dtype=torch.float64), []
for bias in (False, True):
    exported = torch.export.export(torch.nn.RNN(3, 5, bias=bias, dtype=torch.float64).eval(), (x,))
    try:
        machine = relax.VirtualMachine(relax.build(from_exported_program(exported), target="llvm"), tvm.cpu())
        found.append(str(machine["main"](tvm.runtime.from_dlpack(x))[0].dtype))
    except TypeError as error:
        found.append(str(error).partition(".")[0])
print(f"expected float64 twice, got {found}")
raise SystemExit(int(found != ["float64", "float64"]))
