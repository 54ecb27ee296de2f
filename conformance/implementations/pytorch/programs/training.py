"""PyTorch: a model trained step by step; every step is recorded."""

from __future__ import annotations

import torch


class Model(torch.nn.Module):
    """Layers one behind the other: of a recurrent one the last step's output or all, behind a linear one a function."""

    def __init__(self, layers):
        super().__init__()
        self.layers = torch.nn.ModuleList(getattr(torch.nn, name)(**options) for name, options, _ in layers)
        self.extras = [extra for _, _, extra in layers]

    def forward(self, x):
        for layer, extra in zip(self.layers, self.extras):
            x = layer(x)
            if extra in ("every step", "last step"):
                x = x[0] if extra == "every step" else x[0][:, -1]
            elif extra:
                x = getattr(torch, extra)(x)
        return x


def train(layers, weights, loss, loss_options, optimizer, optimizer_options, clip, batches, steps, slots):
    """Trains a model; before step 0 and after every step its weights and the optimizer's slots, and every step's loss
    and gradients, as NumPy arrays by the tensors' names, in lists."""
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    model = Model(layers)
    model.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    loss = getattr(torch.nn, loss)(**loss_options)
    optimizer = getattr(torch.optim, optimizer)(model.parameters(), **optimizer_options)

    def numbers(tensors):
        return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}

    def state():
        named = dict(model.named_parameters())
        found = {"params": numbers(named)}
        for slot in slots:
            kept = {name: optimizer.state.get(p, {}).get(slot) for name, p in named.items()}
            found[slot] = numbers({n: torch.zeros_like(named[n]) if v is None else v for n, v in kept.items()})
        return found

    losses, gradients, states = [], [], [state()]
    for step in range(steps):
        x, target = (torch.as_tensor(part) for part in batches[step % len(batches)])
        optimizer.zero_grad()
        output = model(x)
        value = loss(output.flatten(0, -2), target.flatten()) if output.dim() > 2 else loss(output, target)
        value.backward()
        losses.append(value.item())
        gradients.append(numbers({name: p.grad for name, p in model.named_parameters()}))
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        states.append(state())
    return losses, gradients, states
