"""PyTorch: gradients under torch.autocast have other bits where another thread leaves its autocast in between."""

import threading

import torch

weights, x, half = torch.linspace(-1, 1, 35).reshape(7, 5), torch.linspace(-2, 3, 330).reshape(2, 33, 5), torch.bfloat16
found = []
for target in (lambda: None, torch.autocast("cpu", half)(lambda: None)):
    other, weight = threading.Thread(target=target), weights.clone().requires_grad_()
    with torch.autocast("cpu", half):
        first = torch.nn.functional.linear(x[0], weight)  # casts the weight, and keeps that
        other.start()  # it drops what was kept
        other.join()
        second = torch.nn.functional.linear(x[1], weight)
    (first.float().square().sum() + second.float().square().sum()).backward()
    found.append(weight.grad)
print(f"expected the same bits, got differences up to {float((found[0] - found[1]).abs().max())}")
raise SystemExit(0 if torch.equal(*found) else 1)
