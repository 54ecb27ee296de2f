"""Weights to and from the frameworks' own layouts, one file a framework.

Each file has ``load(cell, weights) -> params`` and ``dump(cell, params) -> weights``, and for states
``load_state`` and ``dump_state``. They only cut, transpose and reorder, so a round trip is exact, and what
converts weights converts their gradients too. ``cell_of`` tells the cell from what people have: Keras's
configuration, PyTorch's tensors, ONNX's node. `converting` changes biases where two layouts differ in them.
`table` shows all layouts side by side.
"""

from . import equinox, flax, fused, haiku, keras, mlx, ncnn, onnx, onnx_node, paddle, pytorch
from .converting import convert, native

__all__ = [
    "convert",
    "equinox",
    "flax",
    "fused",
    "haiku",
    "keras",
    "mlx",
    "native",
    "ncnn",
    "onnx",
    "onnx_node",
    "paddle",
    "pytorch",
]
