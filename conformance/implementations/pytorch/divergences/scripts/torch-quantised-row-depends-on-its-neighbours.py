"""PyTorch: an LSTM made by quantize_dynamic answers a row alone otherwise than beside a row of larger numbers."""

import torch

torch.manual_seed(0)
module = torch.nn.Sequential(torch.nn.LSTM(2, 3, batch_first=True))
quantised = torch.ao.quantization.quantize_dynamic(module, {torch.nn.LSTM}, dtype=torch.qint8)
rows = torch.randn(2, 4, 2) * torch.tensor([1.0, 20.0])[:, None, None]
with torch.no_grad():
    alone, beside = quantised(rows[:1])[0], quantised(rows)[0][:1]
off = (alone - beside).abs().max().item()
print(f"the first row beside another is off by {off:.2g} from itself alone")
raise SystemExit(1 if off > 1e-3 else 0)
