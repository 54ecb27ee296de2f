"""Recurrent layers one by one in a framework that does not load their file, or of a file that does not say more.

What reaches each of them is what the oracle computes, in float32. It answers the question that such a file leaves:
would this framework, given the layer as the file has it, compute what the file means?
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...contract import Array
from .computing.interpreting import evaluate, roles_of
from .model import Model, Said
from .running import Recording, run


def recorded(runtime: str, model: Model, inputs: Mapping[str, Array], said: Said, reason: str) -> Recording:
    """What the framework computes of each layer that the oracle can reach; ``reason`` is why not of the whole."""
    found = evaluate(model, inputs)
    layers, given = [], {}
    for node in model.nodes:
        if node.recurrent is None or any(name and name not in found.values for name in node.inputs):
            continue
        for role, value in roles_of(node, found.values, found.masks).items():
            given[f"{node.name}>{role}"] = value if value.dtype.kind != "f" else value.astype(np.float32)
        kept = node.weights[: node.attributes.get("arrays", len(node.weights))]
        given |= {f"{node.name}/{k}": np.asarray(weight, np.float32) for k, weight in enumerate(kept)}
        config = {name: value for name, value in node.attributes.items() if name not in ("constants", "is_recurrent")}
        layers.append({"name": node.name, "kind": node.operator, "config": config, "weights": len(kept)})
    options: dict[str, Any] = {"layers": layers}
    ran = run(runtime, model.path, given, options, function="layers")
    values = {**{name: value for name, value in given.items() if ">" in name}, **ran.values}
    return replace(ran, values=values, report={**ran.report, "alone": reason})
