"""PyTorch: the float64 gradient of celu is good to float32 only, where alpha is not 1 or its like."""

import numpy as np
import torch

x = torch.tensor([-0.25], dtype=torch.float64, requires_grad=True)
torch.nn.functional.celu(x, alpha=0.7).sum().backward()
got, expected = float(x.grad[0]), float(np.exp(-0.25 / 0.7))
print(f"expected {expected!r}, got {got!r}")
raise SystemExit(1 if abs(got - expected) > 1e-12 else 0)
