"""PyTorch's LSTM and GRU with weights in 8 bits or in float16, by ``quantize_dynamic``, forward."""

from __future__ import annotations

import warnings

import torch

from .layers import PREAMBLE as _LAYERS
from .layers import run_layer

PREAMBLE = f"{_LAYERS}\nimport warnings"


def quantised(layer, weights_in):
    """The layer with its weights in that dtype: "qint8" or "float16"."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that another package will take over
        dtype, kinds = getattr(torch, weights_in), {torch.nn.LSTM, torch.nn.GRU}
        return torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(layer), kinds, dtype=dtype)[0]


def run_quantised_layer(weights_in, **arguments):
    """One layer in evaluation mode: outputs and final states, as NumPy arrays by name."""
    return run_layer(
        **arguments, autograd=False, training=False, made=lambda layer, given: quantised(layer, weights_in)
    )
