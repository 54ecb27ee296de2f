"""TensorFlow Lite's operators by ONNX's names, where they compute the same; else by names of their own.

Source: ``mlir/lite/schema/schema.fbs`` and ``tfl_ops.td``, TensorFlow 2.21.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES: Mapping[str, str] = {
    **{name.upper(): name for name in ("Add", "Sub", "Mul", "Div", "Neg", "Abs", "Exp", "Log", "Sqrt", "Tanh", "Relu")},
    **{name.upper(): name for name in ("Cast", "Shape", "Reshape", "Squeeze", "Gather", "Tile", "Split", "Transpose")},
    **{name.upper(): name for name in ("Equal", "Greater", "Less", "Rsqrt", "Pack", "Unpack", "Fill", "Softmax")},
    **{name.upper(): name for name in ("Elu", "Slice", "Dequantize", "Range")},
    "LOGISTIC": "Sigmoid",
    "LOG_SOFTMAX": "LogSoftmax",
    "MAXIMUM": "Max",
    "MINIMUM": "Min",
    "CONCATENATION": "Concat",
    "EXPAND_DIMS": "Unsqueeze",
    "FULLY_CONNECTED": "FullyConnected",
    "STRIDED_SLICE": "StridedSlice",
    "REVERSE_V2": "ReverseV2",
    "SQUARED_DIFFERENCE": "SquaredDifference",
    "GREATER_EQUAL": "GreaterOrEqual",
    "LESS_EQUAL": "LessOrEqual",
    "LOGICAL_AND": "And",
    "LOGICAL_OR": "Or",
    "LOGICAL_NOT": "Not",
    "SELECT": "Where",
    "SELECT_V2": "Where",
    "MEAN": "ReduceMean",
    "SUM": "ReduceSum",
    "REDUCE_MAX": "ReduceMax",
    "REDUCE_MIN": "ReduceMin",
    "RELU6": "Relu6",
    "SPLIT_V": "SplitV",
    "NOT_EQUAL": "NotEqual",
    "ZEROS_LIKE": "ZerosLike",
}
RECURRENT = (
    *("UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN", "RNN", "LSTM"),
    *("BIDIRECTIONAL_SEQUENCE_RNN", "SVDF", "UNIDIRECTIONAL_SEQUENCE_GRU"),
)
FUSED: Mapping[int, str] = {0: "", 1: "Relu", 3: "Relu6", 4: "Tanh"}
"""ActivationFunctionType: what an operator applies to what it returns."""
TYPES = {0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 7: "int16", 9: "int8"}
TYPES |= {10: "float64", 12: "uint64", 15: "uint32", 16: "uint16"}
"""TensorType, of those that NumPy has."""
_ONNX_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int16": 5, "int32": 6, "int64": 7, "bool": 9, "float64": 11}


def attributes_of(name: str, options: Any) -> dict[str, Any]:
    """An operator's options under the names that `computing` asks for; ``options`` is the schema's table, or None."""

    def told(method: str, default: Any) -> Any:
        return getattr(options, method)() if options is not None and hasattr(options, method) else default

    if name in ("CONCATENATION", "PACK", "UNPACK", "GATHER"):
        if told("BatchDims", 0):
            return {"batch_dims": told("BatchDims", 0)}
        return {"axis": told("Axis", 0)}
    if name == "SPLIT":
        return {"count": told("NumSplits", 1)}
    if name == "SQUEEZE" and options is not None and options.SqueezeDimsLength():
        return {"axes": [int(axis) for axis in options.SqueezeDimsAsNumpy()]}
    if name == "FULLY_CONNECTED":
        return {"keep": bool(told("KeepNumDims", False))}
    if name == "STRIDED_SLICE":
        masks = {"begin": "BeginMask", "end": "EndMask", "shrink": "ShrinkAxisMask", "ellipsis": "EllipsisMask"}
        return {key: int(told(method, 0)) for key, method in {**masks, "new": "NewAxisMask"}.items()}
    if name in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"):
        return {"keepdims": int(bool(told("KeepDims", False)))}
    if name == "SOFTMAX":
        return {"beta": float(told("Beta", 1.0))}
    return {"to": _ONNX_TYPES[TYPES[told("OutDataType", 0)]]} if name == "CAST" else {}
