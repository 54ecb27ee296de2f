"""An ONNX file run with some of its inner values as further outputs, and once more as it is.

Asking for a value in the middle keeps a runtime from fusing what stands around it. So the model runs twice: as the file
has it, for what it returns (``output.k``), and watched; the report says how far the two lie apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from ...contract import Array

Session = Callable[[bytes, Sequence[str], Mapping[str, Array]], Sequence[Any]]


def run_by(
    session: Session, path: str, inputs: Mapping[str, Array], options: Mapping[str, Any]
) -> tuple[dict[str, Array], dict[str, Any]]:
    """What the model returns, and the values that ``options["watch"]`` names.

    ``options["original"]`` is the file that ``path`` was made of, where it was made of one.
    """
    model = onnx.load_model(path, load_external_data=False)
    own = [value.name for value in model.graph.output]
    original = onnx.load_model(options["original"], load_external_data=False) if options.get("original") else model
    plain = [np.asarray(each) for each in session(original.SerializeToString(), own, inputs)]
    made = {name for node in model.graph.node for name in node.output}
    watched = [name for name in options.get("watch", ()) if name in made and name not in own]
    found = {f"output.{k}": value for k, value in enumerate(plain)}
    found |= dict(zip(own, plain, strict=True))
    report: dict[str, Any] = {}
    if watched:
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in watched)
        values = session(model.SerializeToString(), [*own, *watched], inputs)
        seen = dict(zip([*own, *watched], map(np.asarray, values), strict=True))
        report["watched apart"] = max((_apart(a, seen[name]) for a, name in zip(plain, own, strict=True)), default=0.0)
        found |= seen
    return {**found, **{n: np.asarray(v) for n, v in inputs.items()}}, report


def _apart(one: Array, other: Array) -> float:
    if one.dtype.kind != "f" or not one.size:
        return float(not np.array_equal(one, other))
    return float(np.max(np.abs(one.astype(np.float64) - other.astype(np.float64))))
