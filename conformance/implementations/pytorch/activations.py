"""PyTorch's activations: its functions, and those inside its LSTM."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.nn import functional as F

from ...contract import Array
from ..activations import Evaluate, Evaluated

_BY_THAT_NAME = ("gelu", "mish", "relu", "relu6", "selu", "silu", "softplus", "softsign", "elu", "celu", "threshold")
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{name: getattr(F, name) for name in _BY_THAT_NAME},
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "hard_sigmoid": F.hardsigmoid,
    "hard_silu": F.hardswish,
    "exponential": torch.exp,
    "log_sigmoid": F.logsigmoid,
    "hard_tanh": F.hardtanh,
    "tanh_shrink": F.tanhshrink,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "leaky_relu": lambda x, a=0.2: F.leaky_relu(x, a),
    "hard_shrink": F.hardshrink,
    "soft_shrink": F.softshrink,
}
# In the LSTM below: the kernel that hands x to one gate alone, and the cell state from which f(x) / 2 comes of it.
_KERNELS = {"sigmoid": [0.0, 1, 0, 0], "tanh": [0.0, 0, 1, 0]}
_INITIAL_CELL_STATES = {"sigmoid": 0.5, "tanh": 0.0}


class TorchActivations:
    """``torch.tanh``, ``torch.sigmoid`` and those of ``torch.nn.functional``."""

    version = f"torch {torch.__version__}"

    def __init__(self) -> None:
        torch.set_num_threads(1)

    def evaluator(self, name: str, numbers: Sequence[float]) -> Evaluate | None:
        """The function of ours that has that name; hardsigmoid and relu have no parameters there."""
        function = _FUNCTIONS.get(name)
        if function is None or (numbers and name in ("hard_sigmoid", "relu")):
            return None
        return by_autograd(lambda x: function(x, *numbers))


class TorchLSTM:
    """The sigmoid and the tanh of ``torch.nn.LSTM``, which oneDNN computes in float32."""

    version = TorchActivations.version

    def __init__(self) -> None:
        torch.set_num_threads(1)

    def evaluator(self, name: str, _: Sequence[float]) -> Evaluate | None:
        """By one step of a layer whose cell state becomes f(x) / 2, exactly."""
        if name not in _KERNELS:
            return None
        layer = torch.nn.LSTM(1, 1, bias=False)
        layer.weight_ih_l0 = torch.nn.Parameter(torch.tensor(_KERNELS[name]).reshape(4, 1))
        torch.nn.init.zeros_(layer.weight_hh_l0)

        def twice_the_cell_state(x: Any) -> Any:
            rows = (1, len(x), 1)
            given = torch.zeros(rows), torch.full(rows, _INITIAL_CELL_STATES[name])
            _, (_, state) = layer(x.reshape(rows), given)
            return 2 * state.reshape(-1)

        evaluate = by_autograd(twice_the_cell_state)
        return lambda dtype, x: evaluate(dtype, x) if dtype == "float32" else None


def by_autograd(function: Callable[[Any], Any]) -> Evaluate:
    """A function of tensors, and its slope by ``torch.autograd``."""

    def evaluate(dtype: str, x: Array) -> Evaluated:
        t = torch.tensor(x, dtype=getattr(torch, dtype), requires_grad=True)
        y = function(t)
        (slope,) = torch.autograd.grad(y.sum(), t)
        return y.detach().double().numpy().copy(), slope.double().numpy().copy()

    return evaluate
