"""PyTorch: above its threshold of 20 softplus returns its argument, which float64 can tell from log(1 + exp(x))."""

import numpy as np
import torch

got = float(torch.nn.functional.softplus(torch.tensor(20.5, dtype=torch.float64)))
expected = float(np.logaddexp(0.0, 20.5))
print(f"expected {expected!r}, got {got!r}")
raise SystemExit(1 if abs(got - expected) > 1e-12 else 0)
