"""PyTorch: an LSTM raises under autocast to bfloat16 on a processor without AVX-512, where a GRU does not."""

import numpy as np
import torch

x = torch.from_numpy(np.ones((2, 1, 4), np.float32))
with torch.autocast("cpu", torch.bfloat16):
    torch.nn.GRU(4, 3)(x)
    try:
        torch.nn.LSTM(4, 3)(x)
    except RuntimeError as error:
        raise SystemExit(f"the LSTM raises: {error}") from error
raise SystemExit(0)
