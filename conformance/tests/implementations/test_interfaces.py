"""What a user builds against, as data: of a class, and of frameworks that are installed (Keras's: test_keras.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.contract import NotRun
from conformance.implementations.finding import load
from conformance.implementations.interfaces import signature_of

_NOTHING = object()


class Layer:
    """A layer with every sort of argument."""

    def __init__(
        self, units: int, *more: int, activation: str = "tanh", given: object = _NOTHING, **kwargs: int
    ) -> None:
        """Nothing is kept."""


def interface(name: str) -> dict[str, Any]:
    """The implementation's, as a file of JSON gives it back."""
    try:
        implementation: Any = load(name)
    except NotRun as reason:
        pytest.skip(str(reason))
    given = implementation.interface()
    found: dict[str, Any] = json.loads(json.dumps(given))
    assert found == given, "JSON does not hold it"
    return found


def test_each_argument_is_told_with_its_default_as_source() -> None:
    assert signature_of(Layer) == {
        "units": "required",
        "*more": "any",
        "activation": "'tanh'",
        "given": "<object object>",
        "**kwargs": "any",
    }


def test_layers_of_pytorch_that_take_any_arguments_tell_their_defaults_by_attributes() -> None:
    found = interface("torch")
    assert list(found) == ["torch.nn.RNN", "torch.nn.LSTM", "torch.nn.GRU"]
    lstm = found["torch.nn.LSTM"]
    defaults = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
    assert lstm["defaults"].items() >= (defaults | {"proj_size": 0}).items()
    assert lstm["weights"] == [
        *(["weight_ih_l0", [12, 2]], ["weight_hh_l0", [12, 3]]),
        *(["bias_ih_l0", [12]], ["bias_hh_l0", [12]]),
    ]
    assert found["torch.nn.RNN"]["defaults"]["nonlinearity"] == "tanh"


def test_cells_of_pytorch_tell_their_arguments() -> None:
    found = interface("torch-cell")
    assert list(found) == ["torch.nn.RNNCell", "torch.nn.LSTMCell", "torch.nn.GRUCell"]
    cell = found["torch.nn.GRUCell"]
    assert cell["signature"].items() >= {"input_size": "required", "bias": "True"}.items()
    assert cell["weights"][0] == ["weight_ih", [9, 2]]


@pytest.mark.parametrize("name", ["onnxruntime", "onnx-reference"])
def test_operators_of_onnx_tell_their_attributes_and_inputs(name: str) -> None:
    found = interface(name)
    assert set(found) == {"RNN", "LSTM", "GRU"}
    lstm = found["LSTM"]
    assert lstm["opset"] >= 22
    assert [name for name, given in lstm["inputs"].items() if given == "required"] == ["X", "W", "R"]
    assert lstm["inputs"]["P"] == "optional"
    assert list(lstm["outputs"]) == ["Y", "Y_h", "Y_c"]
    assert lstm["attributes"]["direction"] == "forward"
    assert lstm["attributes"]["clip"] is None
    assert found["RNN"]["attributes"]["activations"] == ["Tanh", "Tanh"]
    assert found["GRU"]["attributes"]["linear_before_reset"] == 0
