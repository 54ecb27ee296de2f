"""ONNX: a model of one node with its weights in 8 bits, by ONNX Runtime's ``quantize_dynamic``."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from .nodes import make_model

PREAMBLE = """\
import logging
import tempfile
from pathlib import Path
import numpy as np
import onnx
import onnxruntime
from onnx import helper
from onnxruntime.quantization import QuantType, quantize_dynamic"""


def quantise(model, per_channel=False, weight_type="QInt8", reduce_range=False):
    """The model with what ``quantize_dynamic`` quantises: an LSTM's weights, and nothing of a GRU or an RNN."""
    logging.disable(logging.WARNING)  # it says each time that the model was not prepared for it
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "quantised.onnx")
        quantize_dynamic(
            model, path, per_channel=per_channel, weight_type=QuantType[weight_type], reduce_range=reduce_range
        )
        found = onnx.load(path)
    logging.disable(logging.NOTSET)
    return found


def run_quantised(run, node, inputs, settings):
    """The node's outputs by name, with its weights in 8 bits."""
    names = [name for name in node["outputs"] if name]
    model = quantise(make_model(inputs=inputs, **node), **settings).SerializeToString()
    return dict(zip(names, run(model, inputs, names)))
