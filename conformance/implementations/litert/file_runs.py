"""A TensorFlow Lite file run with every value of its graph kept, and once more as it is, by LiteRT's interpreter.

Values are named as `models.files.readers.tflite_file` names them: ``tensor#index``. Those of 8 bits are handed out as
the numbers that they stand for.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ...contract import Array


def run(path: str, inputs: Mapping[str, Array], options: Mapping[str, Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    """What the model returns, ``output.k``, and every value of its graph that can be asked for."""
    plain = _invoked(Interpreter(model_path=path, num_threads=1), inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that keeping every value takes memory
        watched = _invoked(Interpreter(model_path=path, num_threads=1, experimental_preserve_all_tensors=True), inputs)
    found: dict[str, Array] = {}
    for detail in watched.get_tensor_details():
        value = _value(watched, detail)
        if value is not None:
            name = str(detail["name"]).partition(";")[0].replace("#", "_")
            found[f"{name}#{detail['index']}"] = value
    apart = 0.0
    for k, (mine, its) in enumerate(zip(plain.get_output_details(), watched.get_output_details(), strict=True)):
        value, again = _value(plain, mine), _value(watched, its)
        if value is None or again is None:
            raise ValueError(f"output {k} has no value")
        found[f"output.{k}"] = value
        apart = max(apart, float(np.max(np.abs(value.astype(np.float64) - again), initial=0.0)))
    return {**found, **{name: np.asarray(value) for name, value in inputs.items()}}, {"watched apart": apart}


def _invoked(made: Any, inputs: Mapping[str, Array]) -> Any:
    details = made.get_input_details()
    for detail, value in zip(details, inputs.values(), strict=True):
        if list(detail["shape"]) != list(value.shape):
            made.resize_tensor_input(detail["index"], value.shape)
    try:
        made.allocate_tensors()
    except RuntimeError as error:
        if "Select TensorFlow op" not in str(error):
            raise
        raise ValueError("it has operators of TensorFlow's own (Flex…), which LiteRT has not") from None
    for detail, value in zip(details, inputs.values(), strict=True):
        made.set_tensor(detail["index"], value)
    made.invoke()
    return made


def _value(made: Any, detail: Mapping[str, Any]) -> Array | None:
    if detail["dtype"] not in (np.float32, np.float16, np.int32, np.int64, np.bool_, np.int8, np.uint8, np.int16):
        return None
    try:
        value = np.asarray(made.get_tensor(detail["index"]))
    except ValueError:  # what the runtime has no memory for, as of values that were folded away
        return None
    scale = detail["quantization_parameters"]
    if len(scale["scales"]) == 1 and value.dtype.kind in "iu":
        return np.asarray((value.astype(np.float32) - scale["zero_points"][0]) * scale["scales"][0])
    return value
