"""PyTorch: on the CPU a float32 LSTM's forget gate is 0 where the sigmoid of its argument is a normal number."""

import torch

z = torch.tensor([[[-87.1]]])
layer = torch.nn.LSTM(1, 1, bias=False)
with torch.no_grad():
    layer.weight_ih_l0[:] = torch.tensor([[0.0], [1.0], [0.0], [0.0]])  # of i, f, g, o
    layer.weight_hh_l0.zero_()
    _, (_, c) = layer(z, (torch.zeros(1, 1, 1), torch.full((1, 1, 1), 1e30)))
expected = torch.sigmoid(z) * 1e30
print(f"cell state {c.item()!r}, sigmoid(z) 1e30 = {expected.item()!r}")
raise SystemExit(1 if c.item() == 0 else 0)
