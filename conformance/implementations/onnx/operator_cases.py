"""The ONNX project's own cases of its operators RNN, LSTM and GRU, as cases of ours, through the ONNX layout.

They are what the ``onnx`` package generates and every backend is tested with; their values were computed in float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import onnx

from refimpl.layouts import onnx as layout
from refimpl.layouts import onnx_node

from ...contract import Case, Observed

OPERATORS = ("RNN", "LSTM", "GRU")


def collected() -> list[Any]:
    """Every case of the package that has one of these operators in its model.

    A case is made when its module is imported. `collect_testcases` imports all of them, which takes ten seconds.
    """
    from onnx.backend.test.case import node as package

    for name in sorted(OPERATORS):
        import_module(f"{package.__name__}.{name.lower()}")
    return [
        case for case in package._NodeTestCases if {node.op_type for node in case.model.graph.node} & set(OPERATORS)
    ]


def published_cases() -> Iterator[tuple[Case, Observed]]:
    """Each set of inputs as a case, and the stored outputs."""
    for case in collected():
        for inputs, outputs in case.data_sets:
            ours = as_case(case.model, inputs)
            yield ours, as_observed(ours, case.model, outputs)


def as_case(model: Any, inputs: Any) -> Case:
    """The model's only node, with its inputs, as a case of ours."""
    (node,) = model.graph.node
    given = dict(zip([value.name for value in model.graph.input], inputs, strict=True))
    schema = onnx.defs.get_schema(node.op_type)
    by_slot = {schema.inputs[k].name: np.asarray(given[name]) for k, name in enumerate(node.input) if name}
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    attributes = {name: _text(value) for name, value in attributes.items()}
    batch_first = attributes.get("layout", 0)
    weights = {name: by_slot[name] for name in ("W", "R", "B", "P") if name in by_slot}
    cell, reverse = onnx_node.cell_of(node.op_type, attributes, weights)
    states = [by_slot[name] for name in ("initial_h", "initial_c") if name in by_slot]
    x = by_slot["X"] if batch_first else by_slot["X"].transpose(1, 0, 2)
    return Case(
        cell,
        layout.load(cell, weights),
        x,
        layout.load_state(cell, states, batch_first) if states else None,
        lengths=by_slot.get("sequence_lens"),
        reverse=reverse,
    )


def as_observed(case: Case, model: Any, outputs: Any) -> Observed:
    """The stored outputs as our quantities."""
    (node,) = model.graph.node
    batch_first = next((a.i for a in node.attribute if a.name == "layout"), 0)
    stored = iter(outputs)
    by_slot = {slot: next(stored) for slot, name in zip(("Y", "Y_h", "Y_c"), node.output, strict=False) if name}
    found = {"outputs": layout.load_outputs(by_slot["Y"], batch_first)} if "Y" in by_slot else {}
    for slot, name in (("Y_h", "h"), ("Y_c", "c")):
        if slot in by_slot:
            names = [each for each in case.state_names if each.rpartition(".")[2] == name]
            parts = layout.load_state(case.cell, [by_slot[slot]], batch_first)
            found |= {f"state.{each}": part for each, part in zip(names, parts, strict=True)}
    if next(stored, None) is not None:
        raise ValueError("an output of the model was left out")
    return Observed(found)


def _text(value: Any) -> Any:
    """Strings of a protocol buffer, which are bytes, as text."""
    if isinstance(value, bytes):
        return value.decode()
    return [_text(each) for each in value] if isinstance(value, list) else value
