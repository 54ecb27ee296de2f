"""PyTorch: forward-mode differentiation of an LSTM on the CPU works in float64 and raises in float32."""

import torch

fails = False
for dtype in (torch.float64, torch.float32):
    layer, x = torch.nn.LSTM(2, 3, dtype=dtype), torch.ones(4, 1, 2, dtype=dtype)
    try:
        _, tangent = torch.func.jvp(lambda x, layer=layer: layer(x)[0], (x,), (x,))
        print(f"{dtype}: {tuple(tangent.shape)}")
    except NotImplementedError as error:
        fails = True
        print(f"{dtype}: {str(error)[:90]}")
raise SystemExit(1 if fails else 0)
