"""The ONNX operators RNN, LSTM and GRU, whichever runs them: a node of a case, and the answer of the node.

Options of their own (``case.call_options``):

=================  ==========================================================================================
``opset``          22 or 14: opset 14 brought ``layout``, 22 bfloat16
``layout``         0 time first, 1 batch first
``weights``        "initializers": constants of the model; "inputs": given at run time
``outputs``        "all"; "states": the node has no output ``Y``
``attributes``     "written"; "omitted": those that have the operator's default are left out
``size_attribute`` "given", "omitted": ``hidden_size``, which the operator can do without
``shapes``         "static": the model says all sizes; "dynamic": it leaves batch and time open
=================  ==========================================================================================

A runtime adds what it has of its own, such as a number of threads, by naming it in ``settings``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import onnx

from refimpl.layouts import onnx as layout
from refimpl.layouts import onnx_node as node

from ...contract import Array, Case, Observed, Quantities
from ..child import in_a_child
from ..interfaces import Interface
from ..program import Program, ProgramImplementation, Weights
from .programs import nodes

PREAMBLE = "from onnx import helper"
DEFAULTS = {"direction": "forward", "input_forget": 0, "linear_before_reset": 0, "layout": 0}
ACTIVATIONS = (
    *("tanh", "sigmoid", "relu", "softsign", "softplus", "linear"),
    *("leaky_relu(0.25)", "thresholded_relu(0.5)", "elu(0.5)"),  # numbers that float32 holds
    *("affine(0.5,0.25)", "scaled_tanh(1.5,0.5)", "hard_sigmoid(0.25,0.5)"),
)
_DEFAULT_PARAMETERS = tuple(
    node.from_onnx(name, iter(()), iter(())) for name in ("LeakyRelu", "ThresholdedRelu", "Elu", "HardSigmoid")
)
DIRECTIONS = ("forward", "backward", "both")
LENGTHS = ("none", "sorted", "unsorted", "zero")
_BOOL = (False, True)
_STRUCTURE: dict[str, dict[str, Any]] = {
    "SimpleRNN": {},
    "GRU": {"reset_after": _BOOL},
    "LSTM": {"input_forget": _BOOL, "peepholes": _BOOL},
}
_PLACES: Mapping[str, Sequence[str]] = {
    "SimpleRNN": ("activation",),
    "GRU": ("activation", "recurrent_activation"),
    "LSTM": ("activation", "recurrent_activation", "output_activation"),
}
_USUAL = {"activation": "tanh", "recurrent_activation": "sigmoid"}


def entries(dtypes: Sequence[str], paths: dict[str, Any], every_triple_of_activations: bool) -> list[Mapping[str, Any]]:
    """The products of options, the structural ones on all ``paths`` on which an implementation can run."""
    found: list[Mapping[str, Any]] = []
    for (kind, structure), bias in product(_STRUCTURE.items(), _BOOL):
        shared: dict[str, Any] = {
            "kind": kind,
            "use_bias": (bias,),
            "use_recurrent_bias": (bias,),
            "gradients": (False,),
        }
        found.append(
            shared | structure | {"dtype": dtypes, "clip": _BOOL, "direction": DIRECTIONS, "lengths": LENGTHS} | paths
        )
    for kind, structure in _STRUCTURE.items():
        shared = {"kind": kind, "use_recurrent_bias": (True,), "gradients": (False,), "dtype": dtypes[:1]}
        given: dict[str, Any] = {"initial_state": (True,)}
        places = _PLACES[kind]
        if every_triple_of_activations:
            found.append(shared | given | dict.fromkeys(places, ACTIVATIONS))
        else:
            found += [shared | given | {place: ACTIVATIONS} for place in places]
        found.append(shared | {"activation": ACTIVATIONS, "direction": DIRECTIONS, "clip": _BOOL})
        different = {"direction": ("both",), "backward_cell": ("different",), "lengths": ("none", "unsorted")}
        found.append(shared | structure | different)
        found.append(shared | structure | {"layout": (0, 1), "opset": (14, 22), "direction": DIRECTIONS})
        omitted: dict[str, Any] = {"attributes": ("omitted",), "size_attribute": ("given", "omitted")}
        if kind == "GRU":
            omitted["reset_after"] = (False,)  # as it is by default
        parameters = {place: (_USUAL[place], *_DEFAULT_PARAMETERS) for place in places[:2]}
        found.append(shared | given | parameters | omitted | {"direction": DIRECTIONS})
    return found


PATHS: dict[str, Sequence[str]] = {
    "outputs": ("all", "states"),
    "weights": ("initializers", "inputs"),
    "shapes": ("static", "dynamic"),
}
"""The ways to hand over a node that any runtime has."""


class OnnxNode(ProgramImplementation):
    """A node RNN, LSTM or GRU, whoever runs it; values only, as inference has no gradients.

    A runtime is a subclass, whose own it is to give beside `conformance.contract.Implementation`:

    run          ``run(model, inputs, outputs)``: loads the model, the bytes of an ONNX file, runs it on inputs by name,
                 and returns the outputs in the order of these names. It is printed in scripts
    imports      the lines that import what ``run`` needs, beside NumPy as ``np``
    helpers      functions that ``run`` calls, printed before it
    settings     options of its own that ``run`` takes by keyword
    own_process  True for a runtime that ends its process where it fails: ``run`` is called in another one
    """

    path = "a model of one node"
    run: Callable[..., Sequence[Array]]
    imports: str
    helpers: Sequence[Callable[..., Any]] = ()
    settings: Sequence[str] = ()
    own_process: bool = False
    refused: Sequence[Mapping[str, Any]] = ()
    dtypes: Sequence[str] = ("float32",)
    cells: Sequence[Mapping[str, Any]] = entries(dtypes, PATHS, every_triple_of_activations=False)

    @cached_property
    def program(self) -> Program:  # type: ignore[override]  # its parts come from the subclass
        """The model of a node, and what runs it."""
        return Program(f"{PREAMBLE}\n{self.imports}", (nodes.make_model, *self.helpers, self.run, nodes.run_node))

    def observe(self, case: Case) -> Observed:
        arguments = self.arguments(case)
        if self.own_process:
            arguments["run"] = in_a_child(self.run)
        return Observed(self.from_native(case, self.program(arguments)), self.left_out(case), self.path)

    def arguments(self, case: Case) -> dict[str, Any]:
        call_options, weights = case.call_options, dict(self.dump(case.cell, case.params))
        inputs = {"X": layout.dump_input(case.x, call_options.get("layout", 0))}
        if case.lengths is not None:
            inputs["sequence_lens"] = case.lengths.astype(np.int32)
        if case.initial_state is not None:
            states = layout.dump_state(case.cell, case.initial_state, call_options.get("layout", 0))
            inputs |= zip(("initial_h", "initial_c"), states, strict=False)
        constant = call_options.get("weights", "initializers") == "initializers"
        outputs = ["" if call_options.get("outputs") == "states" else "Y", "Y_h", "Y_c"]
        made_of = {
            "operator": node.OPERATORS[case.kind],
            "attributes": attributes(case),
            "initializers": weights if constant else {},
            "outputs": outputs if case.kind == "LSTM" else outputs[:2],
            "opset": call_options.get("opset", 22),
            "shapes": call_options.get("shapes", "static"),
        }
        return {
            "run": self.run,
            "node": made_of,
            "inputs": inputs if constant else inputs | weights,
            "settings": {name: call_options[name] for name in self.settings if name in call_options},
        }

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return layout.dump(cell, params)

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        """Quantities from ``Y``, ``Y_h`` and ``Y_c``; `ValueError` where their shapes are not the operator's."""
        batch_first = case.call_options.get("layout", 0)
        if not native:
            raise ValueError("no output was returned")
        for name, due in _shapes(case, batch_first).items():
            if name in native and native[name].shape != due:
                raise ValueError(f"{name} has the shape {native[name].shape}, the operator's is {due}")
        found = {"outputs": layout.load_outputs(native["Y"], batch_first)} if "Y" in native else {}
        states = layout.load_state(case.cell, [native[n] for n in ("Y_h", "Y_c") if n in native], batch_first)
        return found | {f"state.{name}": part for name, part in zip(case.state_names, states, strict=True)}

    def to_native(self, case: Case, ours: Quantities) -> dict[str, Array]:
        batch_first = case.call_options.get("layout", 0)
        states = [ours[f"state.{name}"] for name in case.state_names]
        found = dict(zip(("Y_h", "Y_c"), layout.dump_state(case.cell, states, batch_first), strict=False))
        return {"Y": layout.dump_outputs(case.cell, ours["outputs"], batch_first)} | found

    def interface(self) -> Interface:
        """What a user builds against: the operators' newest versions, by the installed ``onnx``."""
        return {name: _interface_of(onnx.defs.get_schema(name)) for name in node.OPERATORS.values()}

    def missing(self, case: Case) -> dict[str, str]:
        found = {
            "gates": "an ONNX node gives outputs and final states only",
            "gradients": "inference only: neither evaluator differentiates a model",
        }
        return found | ({"outputs": "the node has no output Y"} if case.call_options.get("outputs") == "states" else {})


def _shapes(case: Case, batch_first: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the node's outputs."""
    (batch, time, _), directions = case.x.shape, len(layout.directions(case.cell))
    size = layout.directions(case.cell)[0][1].hidden_size
    state = (batch, directions, size) if batch_first else (directions, batch, size)
    outputs = (batch, time, directions, size) if batch_first else (time, directions, batch, size)
    return {"Y": outputs, "Y_h": state, "Y_c": state}


def attributes(case: Case) -> dict[str, Any]:
    """The node's attributes, as many as ``case.call_options`` asks for."""
    call_options, found = case.call_options, node.attributes(case.cell, case.reverse)
    if call_options.get("layout", 0):
        found["layout"] = call_options["layout"]
    if call_options.get("size_attribute") == "omitted":
        del found["hidden_size"]
    if call_options.get("attributes") == "omitted":
        found = {name: value for name, value in found.items() if value != DEFAULTS.get(name)}
        return _without_defaults(case, found)
    return found


def _without_defaults(case: Case, found: dict[str, Any]) -> dict[str, Any]:
    """The attributes without lists of activations and their parameters that say what is the default anyway."""
    for name, defaults in (("activation_alpha", node.DEFAULT_ALPHA), ("activation_beta", node.DEFAULT_BETA)):
        due = [float(np.float32(defaults[each])) for each in found["activations"] if each in defaults]
        if found.get(name) == due:
            del found[name]
    usual = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}[
        node.OPERATORS[case.kind]
    ]
    if found["activations"] in (usual, usual * 2):
        del found["activations"]
    return found


def _interface_of(schema: Any) -> dict[str, Any]:
    optional = onnx.defs.OpSchema.FormalParameterOption.Optional
    return {
        "opset": schema.since_version,
        "inputs": {one.name: "optional" if one.option == optional else "required" for one in schema.inputs},
        "outputs": {one.name: "optional" if one.option == optional else "required" for one in schema.outputs},
        "attributes": {name: _default(attribute) for name, attribute in sorted(schema.attributes.items())},
    }


def _default(attribute: Any) -> Any:
    """The default of a node's attribute; None where it has none, as it is optional."""
    if attribute.required:
        return "required"
    if not attribute.default_value.name:
        return None
    value = onnx.helper.get_attribute_value(attribute.default_value)
    if isinstance(value, list):
        return [one.decode() for one in value]
    return value.decode() if isinstance(value, bytes) else value
