"""TVM: where its importer takes an LSTM apart, proj_size is not looked at: one step comes out before the projection."""

import torch
import tvm
from tvm import relax
from tvm.relax.frontend.torch import from_exported_program

x, sizes = torch.ones(2, 1, 3), []
layer = torch.nn.LSTM(3, 5, batch_first=True, proj_size=4).eval()
for decomposed in (True, False):
    module = from_exported_program(torch.export.export(layer, (x,)), run_ep_decomposition=decomposed)
    machine = relax.VirtualMachine(relax.build(module, target="llvm"), tvm.cpu())
    sizes.append(machine["main"](tvm.runtime.from_dlpack(x))[0].shape[-1])
print(f"an LSTM of 5 units with proj_size=4 gives {sizes[0]} features decomposed by PyTorch, {sizes[1]} by TVM")
raise SystemExit(int(sizes[0] != sizes[1]))
