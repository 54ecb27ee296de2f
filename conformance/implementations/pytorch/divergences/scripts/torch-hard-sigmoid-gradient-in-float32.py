"""PyTorch: the float64 derivative of hardsigmoid is the float32 number nearest to 1/6."""

import torch

x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
torch.nn.functional.hardsigmoid(x).backward()
got = x.grad.item()
print(f"expected {1 / 6!r}, got {got!r}")
raise SystemExit(1 if abs(got - 1 / 6) > 1e-12 else 0)
