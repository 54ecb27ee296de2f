"""PyTorch: torch.jit.script of a recurrent layer gives a module that cannot be called; within a module it can."""

import torch

x = torch.ones(4, 1, 2)
print("in a Sequential:", tuple(torch.jit.script(torch.nn.Sequential(torch.nn.GRU(2, 3)))(x)[0].shape))
try:
    print("alone:", tuple(torch.jit.script(torch.nn.GRU(2, 3))(x)[0].shape))
except AttributeError as error:
    print("alone:", error)
    raise SystemExit(1) from None
