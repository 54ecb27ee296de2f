"""PyTorch: the gradients of each row by torch.func, of a cell that makes its own state, and of one that is given it."""

import torch

cell, x, zeros = torch.nn.RNNCell(2, 3), torch.ones(4, 2), torch.zeros(4, 3)
weights, failed = dict(cell.named_parameters()), False
of_one_row = torch.func.grad(lambda weights, *row: torch.func.functional_call(cell, weights, row).sum())
for words, given in (("given a state", (x, zeros)), ("its own state", (x,))):
    try:
        gradients = torch.func.vmap(of_one_row, (None, *[0] * len(given)))(weights, *given)
        answer = f"gradients of shape {tuple(gradients['weight_ih'].shape)}"
    except RuntimeError as error:
        answer, failed = f"RuntimeError: {error}", True
    print(f"{words}: {answer}")
raise SystemExit(failed)
