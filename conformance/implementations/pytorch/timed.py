"""PyTorch's layers, eager, as they are timed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from refimpl.layouts import pytorch as layout

from ...cases.workload import Work
from ...contract import NotRun
from ..timing import Call
from .layers import MODULES


class Timed:
    """``torch.nn.RNN``, ``LSTM`` and ``GRU``."""

    versions: Mapping[str, str] = {"torch": torch.__version__}

    def prepare(self, work: Work) -> Call:
        """The layer with its weights, its input and the cotangents as tensors."""
        if work.cell not in MODULES:
            raise NotRun("torch.nn.GRU resets after the product only")
        case = work.case(both_biases=True)
        layer = getattr(torch.nn, MODULES[work.cell])(work.input, work.hidden, batch_first=True)
        layer.to(getattr(torch, work.dtype))
        with torch.no_grad():
            for name, value in layout.dump(case.cell, case.params).items():
                getattr(layer, name).copy_(torch.tensor(value))
        x = torch.tensor(case.x, requires_grad=work.gradients)
        given = [torch.tensor(part)[None].requires_grad_(work.gradients) for part in case.initial_state or ()]
        state = tuple(given) if work.cell == "LSTM" else given[0]
        leaves = [x, *given, *layer.parameters()]
        d_outputs = None if case.d_outputs is None else torch.tensor(case.d_outputs)

        def gradients() -> tuple[Any, Any]:
            outputs, _ = layer(x, state)
            return outputs.detach(), torch.autograd.grad(outputs, leaves, d_outputs)[0]

        def forward() -> tuple[Any, Any]:
            with torch.no_grad():
                return layer(x, state)[0], None

        return gradients if work.gradients else forward
