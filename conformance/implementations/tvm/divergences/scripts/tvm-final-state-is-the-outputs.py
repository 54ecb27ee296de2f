"""TVM: where its importer takes an LSTM or a GRU apart, the final state is the outputs of all steps."""

import torch
import tvm
from tvm import relax
from tvm.relax.frontend.torch import from_exported_program

wrong, x = 0, torch.ones(2, 4, 3)
for name in ("RNN", "GRU", "LSTM"):
    layer = getattr(torch.nn, name)(3, 5, batch_first=True).eval()
    module = from_exported_program(torch.export.export(layer, (x,)), run_ep_decomposition=False)
    machine = relax.VirtualMachine(relax.build(module, target="llvm"), tvm.cpu())
    outputs, state, *_ = (torch.from_dlpack(one) for one in machine["main"](tvm.runtime.from_dlpack(x)))
    print(f"{name}: outputs {list(outputs.shape)}, final state {list(state.shape)}, expected [1, 2, 5]")
    wrong += state.shape == outputs.shape and bool((state == outputs).all())
raise SystemExit(int(wrong == 2))
