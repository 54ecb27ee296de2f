"""TVM: tanh of a small number is off, or 0, as it is computed as (1 - exp(-2x)) / (1 + exp(-2x))."""

import torch
import tvm
from tvm import relax
from tvm.relax.frontend.torch import from_exported_program

x = torch.tensor([1e-8, 1e-4])
module = from_exported_program(torch.export.export(torch.nn.Tanh(), (x,)))
machine = relax.VirtualMachine(relax.build(module, target="llvm"), tvm.cpu())
got = torch.from_dlpack(machine["main"](tvm.runtime.from_dlpack(x))[0])
raise SystemExit(f"expected {torch.tanh(x)}, got {got}" if ((got / torch.tanh(x) - 1).abs() > 1e-6).any() else 0)
