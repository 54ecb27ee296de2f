"""TensorFlow.js: its Keras layers in Node, on its backend in plain JavaScript, forward and backward.

Options of its own, which change no number: ``unroll`` and ``implementation``. Its GRU resets before, as Keras 2's by
default; it refuses ``resetAfter``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from refimpl.layouts import keras as layout
from refimpl.stack import Stack

from ...contract import Array, Case, Quantities
from .. import node
from ..program import Program, ProgramImplementation, Weights
from .programs import layers as code

PACKAGE = "@tensorflow/tfjs"
_KINDS = {"SimpleRNN": "simpleRNN", "LSTM": "lstm", "GRU": "gru"}
_ACTIVATIONS: Mapping[str, str] = {"hard_sigmoid_keras2": "hardSigmoid", "silu": "swish"}
"""Our names to TensorFlow.js's, where they differ."""
_OUTER = ("tanh", "relu", "linear", "sigmoid", "elu", "selu", "relu6", "softsign", "mish", "silu", "softplus")
_INNER = ("sigmoid", "hard_sigmoid_keras2", "tanh")
_MASKS = ("none", "full", "right", "left", "holes", "rows")
_EITHER = (True, False)
_KINDS_OF_CELLS: Sequence[Mapping[str, Any]] = (
    {"kind": "SimpleRNN", "activation": _OUTER},
    {"kind": "LSTM", "activation": ("tanh", "relu", "sigmoid"), "recurrent_activation": _INNER},
    {
        "kind": "GRU",
        "reset_after": (False,),
        "activation": ("tanh", "relu", "sigmoid"),
        "recurrent_activation": _INNER,
    },
)
_WAYS: Sequence[Mapping[str, Any]] = (
    {"direction": ("forward",)},
    {"direction": ("backward",), "output_order": ("processing",)},
    {"direction": ("both",), "merge": ("concat", "sum", "mul", "ave")},
)
_CALLS: Mapping[str, Any] = {
    "use_bias": _EITHER,
    "use_recurrent_bias": (False,),
    "mask": _MASKS,
    "return_sequences": _EITHER,
}


class TensorFlowJs(ProgramImplementation):
    """``tf.layers``, on the backend ``cpu``."""

    name = "tfjs"
    path = "tf.layers, backend cpu, Node"
    dtypes: Sequence[str] = ("float32",)
    cells: Sequence[Mapping[str, Any]] = [
        *({**kind, **_CALLS, **way, "layers": (1, 2)} for kind in _KINDS_OF_CELLS for way in _WAYS[::2]),
        *({**kind, **_CALLS, **_WAYS[1]} for kind in _KINDS_OF_CELLS),
        *(
            {**kind, "use_recurrent_bias": (False,), "unroll": _EITHER, "implementation": (1, 2)}
            for kind in _KINDS_OF_CELLS
        ),
    ]
    program = Program(f"import numpy as np\n{node.IMPORTS}\nSERVER = {code.SERVER!r}", (*node.HELPERS, code.run_tfjs))

    def __init__(self) -> None:
        self.versions: Mapping[str, str] = {
            PACKAGE: node.installed_version(PACKAGE, f"require('{PACKAGE}').version.tfjs")
        }

    def arguments(self, case: Case) -> dict[str, Any]:
        found: dict[str, Any] = {
            "layers": self._layers(case),
            "weights": list(layout.dump(case.cell, case.params)),
            "x": case.x,
        }
        if case.mask is not None:
            found["mask"] = case.mask
        if case.initial_state is not None:
            found["states"] = list(case.initial_state)
        if case.x.shape[1] == 1:
            return found
        if case.d_outputs is not None:
            found["d_outputs"] = case.d_outputs if case.return_sequences else case.d_outputs[:, 0]
        if any(part is not None for part in case.d_state or ()):
            found["d_states"] = list(case.d_state or ())
        return found

    def _layers(self, case: Case) -> list[dict[str, Any]]:
        """What each layer is made of."""
        each: list[Any] = list(case.cell.layers) if isinstance(case.cell, Stack) else [None]
        found = []
        for k, layer in enumerate(each):
            cell: Any = case.cell if layer is None else layer.forward
            options: dict[str, Any] = {"units": cell.hidden_size, "useBias": cell.use_bias}
            options["activation"] = _ACTIVATIONS.get(cell.activation, cell.activation)
            if case.kind != "SimpleRNN":
                options["recurrentActivation"] = _ACTIVATIONS.get(cell.recurrent_activation, cell.recurrent_activation)
            options["returnSequences"] = case.return_sequences or k < len(each) - 1
            options |= {"goBackwards": True} if case.reverse else {}
            options |= case.call_options
            merge, directions = (layer.merge, 2) if layer is not None and layer.backward is not None else (None, 1)
            states = len(cell.state_names) * directions
            found.append({"kind": _KINDS[case.kind], "options": options, "merge": merge, "states": states})
        return found

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return {str(k): array for k, array in enumerate(layout.dump(cell, params))}

    def load(self, cell: Any, weights: Weights) -> Quantities:
        return layout.load(cell, [weights[str(k)] for k in range(len(weights))])

    def missing(self, case: Case) -> dict[str, str]:
        found = {"gates": "tf.layers return outputs and final states only"}
        if case.x.shape[1] == 1:
            found["gradients"] = "nothing is pulled back through a single step (tfjs-no-gradient-of-one-step)"
        return found

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        ours = super().from_native(case, native)
        for theirs, name in (("final.{}", "state.{}"), ("d_states.{}", "d_initial_state.{}")):
            for k, state in enumerate(case.state_names):
                if theirs.format(k) in ours:
                    ours[name.format(state)] = ours.pop(theirs.format(k))
        if not case.return_sequences:
            ours["outputs"] = ours["outputs"][:, None]
        return ours

    def to_native(self, case: Case, ours: Quantities) -> dict[str, Array]:
        native = super().to_native(case, ours)
        for theirs, name in (("final.{}", "state.{}"), ("d_states.{}", "d_initial_state.{}")):
            for k, state in enumerate(case.state_names):
                if name.format(state) in native:
                    native[theirs.format(k)] = native.pop(name.format(state))
        if not case.return_sequences:
            native["outputs"] = np.asarray(native["outputs"])[:, 0]
        return native
