"""PyTorch's side of the jobs (`conformance.models.jobs`)."""

from __future__ import annotations

import time

import numpy as np
import torch


def count(arrays, options, tell):
    """Each model's parameters, alone and with a Linear layer of one unit."""
    modules = {"SimpleRNN": torch.nn.RNN, "LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU}
    counts = {}
    for kind in options["kinds"]:
        for units in options["units"]:
            layer, head = modules[kind](options["features"], units), torch.nn.Linear(units, 1)
            alone, joined = (sum(p.numel() for p in m.parameters()) for m in (layer, torch.nn.Sequential(layer, head)))
            counts[f"{kind}({units})"] = [alone, joined]
    return {}, {"counts": counts}


def elman(arrays, options, tell):
    """An Elman network written out step by step, its weights one matrix on input and state side by side.

    Trains it by plain gradient descent on batches that are given; returns each step's loss, gradients and weights.
    """
    names = ["weights", "bias", "output_weights", "output_bias"]
    leaves = {name: torch.tensor(arrays[name], requires_grad=True) for name in names}
    squash = {"tanh": torch.tanh, "linear": lambda a: a}[options["activation"]]
    optimizer = torch.optim.SGD(leaves.values(), lr=options["learning_rate"])
    kept = {name: [] for name in ["losses", *names, *(f"d_{name}" for name in names)]}
    for x, targets in zip(torch.tensor(arrays["x"]), torch.tensor(arrays["targets"])):
        state = torch.zeros(x.shape[0], leaves["bias"].shape[0], dtype=x.dtype)
        losses = []
        for t in range(x.shape[1]):
            state = squash(torch.cat([x[:, t], state], dim=1) @ leaves["weights"] + leaves["bias"])
            logits = state @ leaves["output_weights"] + leaves["output_bias"]
            losses.append(torch.nn.functional.cross_entropy(logits, targets[:, t], reduction="sum"))
        loss = torch.stack(losses).sum()
        optimizer.zero_grad()
        loss.backward()
        kept["losses"].append(loss.detach())
        for name in names:
            kept[f"d_{name}"].append(leaves[name].grad.clone())
        optimizer.step()
        for name in names:
            kept[name].append(leaves[name].detach().clone())
    return {name: torch.stack(values).numpy() for name, values in kept.items()}, {}


class Classifier(torch.nn.Module):
    """Embedding, nn.RNN of some layers, and a Linear layer on the last step's output."""

    def __init__(self, vocabulary, features, hidden, layers, classes):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, features)
        self.rnn = torch.nn.RNN(features, hidden, num_layers=layers, batch_first=True)
        self.linear = torch.nn.Linear(hidden, classes)

    def forward(self, x):
        outputs, _ = self.rnn(self.embedding(x))
        return self.linear(outputs[:, -1])


def classify(arrays, options, tell):
    """Trains the classifier with CrossEntropyLoss and Adam over a DataLoader, in the order of rows that is given."""
    torch.set_default_dtype(getattr(torch, options["dtype"]))
    model = Classifier(*(options[name] for name in ("vocabulary", "features", "hidden", "layers", "classes")))
    model.load_state_dict({name: torch.tensor(arrays[name]) for name in model.state_dict()})
    data = torch.utils.data.TensorDataset(torch.tensor(arrays["x"]), torch.tensor(arrays["y"]))
    held_out, answers = torch.tensor(arrays["validation_x"]), torch.tensor(arrays["validation_y"])
    optimizer = torch.optim.Adam(model.parameters(), lr=options["learning_rate"])
    cross_entropy = torch.nn.CrossEntropyLoss()
    history, seconds, first = {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}, [], []
    for epoch in range(options["epochs"]):
        began = time.perf_counter()
        order = torch.tensor(np.random.default_rng([options["seed"], epoch]).permutation(len(data)))
        batches = [rows.tolist() for rows in order.split(options["batch_size"])]
        summed = right = 0.0
        for k, (x, y) in enumerate(torch.utils.data.DataLoader(data, batch_sampler=batches)):
            logits = model(x)
            loss = cross_entropy(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            summed += loss.item() * len(y)
            right += (logits.argmax(1) == y).sum().item()
            if len(first) < options["keep"]:
                first.append({name: value.clone() for name, value in model.state_dict().items()})
            tell(done=epoch * len(batches) + k + 1, loss=summed / (k * options["batch_size"] + len(y)))
        with torch.no_grad():
            logits = torch.cat([model(x) for x in held_out.split(options["batch_size"])])
            history["val_loss"].append(cross_entropy(logits, answers).item())
            history["val_accuracy"].append((logits.argmax(1) == answers).double().mean().item())
        history["loss"].append(summed / len(data))
        history["accuracy"].append(right / len(data))
        seconds.append(time.perf_counter() - began)
    answer = {name: value.numpy() for name, value in model.state_dict().items()}
    answer |= {f"steps.{name}": torch.stack([one[name] for one in first]).numpy() for name in first[0]} if first else {}
    return answer, {"history": history, "seconds": seconds}
