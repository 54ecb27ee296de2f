"""PyTorch: torch.func.vmap of a module over the rows of an empty batch; the cells of recurrent layers raise."""

import torch

failed = False
for make in (torch.nn.Linear, torch.nn.RNNCell, torch.nn.GRUCell):
    try:
        answer = f"shape {tuple(torch.func.vmap(make(2, 3))(torch.ones(0, 2)).shape)}"
    except RuntimeError as error:
        answer, failed = f"RuntimeError: {error}", True
    print(f"{make.__name__} of no rows: {answer}")
raise SystemExit(failed)
