"""PyTorch: a sequence packed with enforce_sorted=False, and an initial state of more rows than it has: answered."""

import torch
from torch.nn.utils.rnn import pack_padded_sequence

layer, x, three_rows = torch.nn.RNN(1, 2, batch_first=True), torch.ones(2, 1, 1), torch.zeros(1, 3, 2)
for enforce_sorted in (True, False):
    packed = pack_padded_sequence(x, torch.tensor([1, 1]), batch_first=True, enforce_sorted=enforce_sorted)
    try:
        answer = f"a state of shape {tuple(layer(packed, three_rows)[1].shape)}"
    except RuntimeError as error:
        answer = f"RuntimeError: {error}"
    print(f"enforce_sorted={enforce_sorted}: {answer}")
raise SystemExit(0 if answer.startswith("RuntimeError") else 1)
