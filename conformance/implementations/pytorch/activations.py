"""PyTorch's activations: its functions, and those inside its LSTM; on a CPU by oneDNN, on a GPU by cuDNN."""

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
    device = "cpu"

    def __init__(self) -> None:
        torch.set_num_threads(1)

    def evaluator(self, name: str, numbers: Sequence[float]) -> Evaluate | None:
        """The function of ours that has that name; hardsigmoid and relu have no parameters there."""
        function = _FUNCTIONS.get(name)
        if function is None or (numbers and name in ("hard_sigmoid", "relu")):
            return None
        return by_autograd(lambda x: function(x, *numbers), self.device)


class TorchActivationsOnCuda(TorchActivations):
    """The same functions on the first CUDA device."""

    device = "cuda"

    def __init__(self) -> None:
        super().__init__()
        self.version = _version_on_cuda()


class TorchLSTM:
    """The sigmoid and the tanh of ``torch.nn.LSTM``, which oneDNN computes in float32."""

    version = TorchActivations.version
    device = "cpu"
    dtypes: Sequence[str] = ("float32",)
    """Those that a kernel of its own computes; others are computed by the functions above."""

    def __init__(self) -> None:
        torch.set_num_threads(1)

    def evaluator(self, name: str, _: Sequence[float]) -> Evaluate | None:
        """By one step of a layer whose cell state becomes f(x) / 2, exactly."""
        if name not in _KERNELS:
            return None
        layer = torch.nn.LSTM(1, 1, bias=False, device=self.device)
        layer.weight_ih_l0 = torch.nn.Parameter(torch.tensor(_KERNELS[name], device=self.device).reshape(4, 1))
        torch.nn.init.zeros_(layer.weight_hh_l0)

        def twice_the_cell_state(x: Any) -> Any:
            rows = (1, len(x), 1)
            given = torch.zeros(rows).to(x), torch.full(rows, _INITIAL_CELL_STATES[name]).to(x)
            _, (_, state) = layer.to(x.dtype)(x.reshape(rows), given)
            return 2 * state.reshape(-1)

        evaluate = by_autograd(twice_the_cell_state, self.device)
        return lambda dtype, x: evaluate(dtype, x) if dtype in self.dtypes else None


class CudnnLSTM(TorchLSTM):
    """The sigmoid and the tanh of ``torch.nn.LSTM`` on the first CUDA device, where cuDNN computes it."""

    device = "cuda"
    dtypes = ("float64", "float32", "float16", "bfloat16")

    def __init__(self) -> None:
        super().__init__()
        self.version = f"{_version_on_cuda()}, cuDNN {torch.backends.cudnn.version()}"
        torch.backends.cudnn.allow_tf32 = False


def _version_on_cuda() -> str:
    """PyTorch's version and the card's name; `RuntimeError` where there is no card."""
    if not torch.cuda.is_available():
        raise RuntimeError("not run: no CUDA device")
    return f"torch {torch.__version__} on {torch.cuda.get_device_name()}"


def by_autograd(function: Callable[[Any], Any], device: str = "cpu") -> Evaluate:
    """A function of tensors on that device, and its slope by ``torch.autograd``."""

    def evaluate(dtype: str, x: Array) -> Evaluated:
        t = torch.tensor(x, dtype=getattr(torch, dtype), device=device, requires_grad=True)
        y = function(t)
        (slope,) = torch.autograd.grad(y.sum(), t)
        return y.detach().double().cpu().numpy().copy(), slope.double().cpu().numpy().copy()

    return evaluate
