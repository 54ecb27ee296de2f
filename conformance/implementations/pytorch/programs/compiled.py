"""PyTorch: its recurrent layers scripted, traced, exported and compiled."""

from __future__ import annotations

import io
from typing import Optional, Tuple  # noqa: UP035  (TorchScript reads the annotations, and knows these)

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from .layers import PREAMBLE as _LAYERS
from .layers import GivenDropout, as_array, run_layer, tensor_of, vector_jacobian_product

PREAMBLE = f"""\
import io
{_LAYERS}
from typing import Optional, Tuple
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence"""


class HoldsLSTM(torch.nn.Module):
    """A layer alone is scripted without its ``forward``; one within a module is not."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, hx: Optional[Tuple[Tensor, Tensor]] = None):  # noqa: UP006, UP045
        return self.layer(x, hx)


class HoldsPackedLSTM(HoldsLSTM):
    def forward(self, x: PackedSequence, hx: Optional[Tuple[Tensor, Tensor]] = None):  # noqa: UP006, UP045
        return self.layer(x, hx)


class HoldsOther(HoldsLSTM):
    def forward(self, x: Tensor, hx: Optional[Tensor] = None):  # noqa: UP045
        return self.layer(x, hx)


class HoldsPackedOther(HoldsLSTM):
    def forward(self, x: PackedSequence, hx: Optional[Tensor] = None):  # noqa: UP045
        return self.layer(x, hx)


def compiled(layer, mode, arguments):
    """The layer as ``mode`` makes it."""
    if mode == "script":
        packed, lstm = isinstance(arguments[0], PackedSequence), isinstance(layer, torch.nn.LSTM)
        if packed:
            return torch.jit.script((HoldsPackedLSTM if lstm else HoldsPackedOther)(layer))
        return torch.jit.script((HoldsLSTM if lstm else HoldsOther)(layer))
    if mode == "script alone":
        return torch.jit.script(layer)
    if mode == "trace":
        return torch.jit.trace(layer, arguments, check_trace=False)
    if mode == "export":
        return torch.export.export(layer, arguments).module()
    if mode == "export, decomposed":
        return torch.export.export(layer, arguments).run_decompositions().module()
    if mode == "state dict":  # saved, lost and loaded
        file = io.BytesIO()
        torch.save(layer.state_dict(), file)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.zero_()
        file.seek(0)
        layer.load_state_dict(torch.load(file))
        return layer
    torch.compiler.reset()
    torch._dynamo.config.allow_rnn = mode != "compile"  # without it the layer is left to eager
    return torch.compile(layer, backend="inductor" if mode == "compile" else mode.removeprefix("compile, "))


def run_compiled_layer(mode, **arguments):
    """One layer, compiled, forward and backward: all that it computed, as NumPy arrays by name."""
    return run_layer(**arguments, made=lambda layer, given: compiled(layer, mode, given))


FUNCTIONS = (
    GivenDropout,
    HoldsLSTM,
    HoldsPackedLSTM,
    HoldsOther,
    HoldsPackedOther,
    compiled,
    tensor_of,
    vector_jacobian_product,
    as_array,
    run_layer,
    run_compiled_layer,
)
