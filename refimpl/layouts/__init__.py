"""Weights to and from the frameworks' own layouts, one file a framework.

Each file has ``load(cell, weights) -> params`` and ``dump(cell, params) -> weights``. Both only cut, transpose
and reorder, so a round trip is exact, and what converts weights converts their gradients too. `table` shows all of
them side by side.
"""

from . import fused, keras, onnx, onnx_node, pytorch

__all__ = ["fused", "keras", "onnx", "onnx_node", "pytorch"]
