"""The corpus as cases of WebNN's operators lstm, gru, lstmCell and gruCell, in the form of web-platform-tests.

A test has ``name`` and ``graph`` as there: ``inputs`` and ``expectedOutputs`` by name, each with flat ``data`` and a
``descriptor``; one operator with ``arguments`` in order. Beside it stand what a tolerance function returns there,
``tolerance``, and where it comes from, ``derived``: in both measures, ULP and ATOL, the *proven* tolerance, which no
faithful implementation exceeds, and the *sampled* one, which it exceeds in one run of a million. There all tests of an
operator share a constant; here each has its own, which follows from its numbers. It is in ULP, but where
a number is so near zero that its ULP say nothing: there it is absolute.

WebNN has the gates in the order of ONNX, ``iofg`` and ``zrn``, or in ``ifgo`` and ``rzn``: every second test is in the
other one.

Sources: web-platform-tests, webnn/conformance_tests/{lstm,gru,lstm_cell,gru_cell}.https.any.js and
webnn/resources/utils.js (2025); https://www.w3.org/TR/webnn/#api-mlgraphbuilder-lstm. Tolerances of these operators
were asked for in https://github.com/webmachinelearning/webnn/issues/338.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.layouts import onnx as layout
from refimpl.stack import named_cells

from ...contract import Array, Case
from ..corpus import Fixture
from .float32_vectors import (
    NotExpressible,
    Vector,
    certified,
    forward_in_float32,
    single_layer,
    with_both_biases,
    without_mask,
)
from .tolerances import absolute, in_ulps, limits

FILES = {"lstm": "lstm.json", "gru": "gru.json", "lstmCell": "lstm_cell.json", "gruCell": "gru_cell.json"}
"""Operator to file, named as those tests are."""
_OPERATORS = {"LSTM": ("lstm", "lstmCell"), "GRU": ("gru", "gruCell")}
_ACTIVATIONS = ("relu", "sigmoid", "tanh")
_USUAL = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"]}
_OTHER_LAYOUT = {"LSTM": ("ifgo", (0, 2, 3, 1)), "GRU": ("rzn", (1, 0, 2))}  # whose blocks stand where, of iofg and zrn
_OUTSIDE = ("clip", "input_forget", "forget_bias", "proj_size")
_OCTAVE = 2**23
"""How many float32 there are between two powers of two. A tolerance of as many ULP accepts twice a number."""


def write_wpt(folder: Path, fixtures: Iterable[Fixture]) -> tuple[int, dict[str, str]]:
    """Writes a file an operator; returns how many tests were tried, and the reasons of those that were left out."""
    tests: dict[str, list[dict[str, Any]]] = {operator: [] for operator in FILES}
    tried, left_out = 0, {}
    for fixture in fixtures:
        for operator in _OPERATORS.get(fixture.case.kind, ("a SimpleRNN",)):
            tried += 1
            name = f"{fixture.family}/{fixture.id}"
            try:
                tests[operator].append(wpt_test(operator, name, fixture.case, len(tests[operator]) % 2 == 1))
            except NotExpressible as reason:
                left_out[f"{name} as {operator}"] = str(reason)
            except KeyError:
                left_out[name] = f"WebNN has no operator for {operator}"
    for operator, its in tests.items():
        document = {"operation": operator, "tests": its}
        (folder / FILES[operator]).write_text(json.dumps(document, allow_nan=False) + "\n", encoding="utf-8")
    return tried, left_out


def wpt_test(operator: str, name: str, case: Case, other_layout: bool = False) -> dict[str, Any]:
    """The test of a case, of a cell's operator that of its first step. `NotExpressible` where the operator lacks it."""
    one_step = operator.endswith("Cell")
    _refuse_what_webnn_lacks(case)
    case = without_mask(case)
    if case.lengths is not None:
        raise NotExpressible("the operator has no lengths of rows")
    vector = certified(forward_in_float32(_first_step(case) if one_step else case))
    found = limits(vector)
    graph = _graph(operator, vector, one_step, other_layout)
    derived: dict[str, dict[str, Any]] = {
        "ULP": {"proven": in_ulps(vector, found.proven), "sampled": in_ulps(vector, found.sampled)},
        "ATOL": {"proven": absolute(found.proven), "sampled": absolute(found.sampled)},
    }
    metric = "ULP" if derived["ULP"]["proven"] < _OCTAVE else "ATOL"
    options: Mapping[str, Any] = next(
        (each["options"] for each in graph["operators"][0]["arguments"] if "options" in each), {}
    )
    return {
        "name": f"{operator} float32 {name}" + (f" with options {', '.join(options)}" if options else ""),
        "graph": graph,
        "tolerance": {"metricType": metric, "value": derived[metric]["proven"]},
        "derived": derived,
    }


def _refuse_what_webnn_lacks(case: Case) -> None:
    single_layer(case)
    cells = [cell for _, cell in named_cells(case.cell)]
    for cell in cells:
        for option in _OUTSIDE:
            if getattr(cell, option, None):
                raise NotExpressible(f"the operator has no {option}")
        for activation in _activations(cell):
            if activation not in _ACTIVATIONS:
                raise NotExpressible(f"the operator has no activation {activation}")
    if any(cell != cells[0] for cell in cells):
        raise NotExpressible("the operator has one list of activations for both directions")
    if isinstance(case.cell, ri.Stack) and len(cells) == 2 and case.cell.layers[0].merge != "concat":
        raise NotExpressible("the operator keeps the outputs of both directions apart")


def _first_step(case: Case) -> Case:
    """The step that is processed first, of the forward direction where there are both."""
    prefix, cell = named_cells(case.cell)[0]
    reverse = case.reverse or (isinstance(case.cell, ri.Stack) and case.cell.layers[0].forward is None)
    return Case(
        cell,
        {name.removeprefix(prefix): value for name, value in case.params.items() if name.startswith(prefix)},
        case.x[:, -1:] if reverse else case.x[:, :1],
        case.initial_state_or_zeros()[: len(cell.state_names)],
    )


def _graph(operator: str, vector: Vector, one_step: bool, other_layout: bool) -> dict[str, Any]:
    case, cell = vector.case, named_cells(vector.case.cell)[0][1]
    kind, hidden = case.kind, cell.hidden_size
    onnx_cell, weights = with_both_biases(case).cell, _weights(case)
    options: dict[str, Any] = {}
    inputs = {"Input": case.x[:, 0] if one_step else layout.dump_input(case.x)}
    if other_layout:
        options["layout"], order = _OTHER_LAYOUT[kind]
        weights = {name: _in_order(array, order, hidden, name) for name, array in weights.items()}
    inputs |= {name: array[0] if one_step else array for name, array in weights.items()}
    states = dict(
        zip(("HiddenState", "CellState"), layout.dump_state(onnx_cell, case.initial_state_or_zeros()), strict=False)
    )
    if one_step:
        inputs |= {name: array[0] for name, array in states.items()}
    elif case.initial_state is not None:
        inputs |= {f"Initial{name}": array for name, array in states.items()}
    required = ("Input", "Weight", "RecurrentWeight", "HiddenState", "CellState")
    operands = {name: f"{operator}{name}" for name in inputs}
    arguments: list[dict[str, Any]] = [{_lower(name): operands[name]} for name in required if name in inputs]
    arguments += [] if one_step else [{"steps": case.x.shape[1]}]
    options |= {_lower(name): operands[name] for name in inputs if name not in required}
    options |= _other_options(case, cell, one_step)
    arguments += [{"hiddenSize": hidden}, *([{"options": options}] if options else [])]
    outputs = {f"{operator}Output{k}": array for k, array in enumerate(_outputs(vector, one_step), 1)}
    if operator == "gruCell":
        outputs = {"gruCellOutput": outputs["gruCellOutput1"]}
    named: Any = "gruCellOutput" if operator == "gruCell" else list(outputs)
    return {
        "inputs": {operands[name]: _operand(array) for name, array in inputs.items()},
        "operators": [{"name": operator, "arguments": arguments, "outputs": named}],
        "expectedOutputs": {name: _operand(array) for name, array in outputs.items()},
    }


def _weights(case: Case) -> dict[str, Array]:
    """The weights by what their names end in, one row a direction, gates in the default order."""
    both = with_both_biases(case)
    native = layout.dump(both.cell, both.params)
    found = {"Weight": native["W"], "RecurrentWeight": native["R"]}
    if "B" in native:
        given = named_cells(case.cell)[0][1]
        halves = zip(("Bias", "RecurrentBias"), np.split(native["B"], 2, axis=1), strict=True)
        wanted = {"Bias": given.use_bias, "RecurrentBias": given.use_recurrent_bias}
        found |= {name: half for name, half in halves if wanted[name]}
    return found | ({"PeepholeWeight": native["P"]} if "P" in native else {})


def _in_order(array: Array, order: Sequence[int], hidden: int, name: str) -> Array:
    """The blocks of the gates in another order; peepholes have only one order."""
    if name == "PeepholeWeight":
        return array
    blocks = array.reshape(array.shape[0], len(order), hidden, *array.shape[2:])
    return blocks[:, list(order)].reshape(array.shape)


def _other_options(case: Case, cell: Any, one_step: bool) -> dict[str, Any]:
    """Options that hold no operand, where they are not the default."""
    found: dict[str, Any] = {}
    if case.kind == "GRU" and not cell.reset_after:
        found["resetAfter"] = False
    if not one_step and case.return_sequences:
        found["returnSequence"] = True
    reverse = case.reverse or (isinstance(case.cell, ri.Stack) and case.cell.layers[0].forward is None)
    both = len(named_cells(case.cell)) == 2
    if not one_step and (both or reverse):
        found["direction"] = "both" if both else "backward"
    activations = _activations(cell)
    return found if activations == _USUAL[case.kind] else found | {"activations": activations}


def _outputs(vector: Vector, one_step: bool) -> list[Array]:
    """The expected outputs in the operator's order: states, and the sequence where it is asked for."""
    case, cell = vector.case, with_both_biases(vector.case).cell
    states = layout.dump_state(cell, [vector.in_float32(f"state.{name}") for name in case.state_names])
    if one_step:
        return [array[0] for array in states]
    sequence = [layout.dump_outputs(cell, vector.in_float32("outputs"))] if case.return_sequences else []
    return states + sequence


def _activations(cell: Any) -> list[str]:
    found = [cell.recurrent_activation, cell.activation]
    return [*found, cell.output_activation or cell.activation] if isinstance(cell, ri.LSTM) else found


def _operand(array: Array) -> Mapping[str, Any]:
    data = array.astype(np.float32).ravel().tolist()
    return {"data": data, "descriptor": {"shape": list(array.shape), "dataType": "float32"}}


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
