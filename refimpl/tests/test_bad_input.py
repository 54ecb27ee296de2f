"""What does not fit is refused before any arithmetic; the message says what was expected and what came."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument, SimpleRNN, backward, forward, rounding
from .support import example

E = example(LSTM(2, 3, use_recurrent_bias=True), seed=0)  # batch 4, time 5
RUN = forward(E.cell, E.params, E.x, E.initial_state)
H, C = E.initial_state


def ahead(**changes: Any) -> Callable[[], Any]:
    """`forward` on the example, but for the changes."""
    arguments = {"params": E.params, "x": E.x, "initial_state": E.initial_state} | changes
    return lambda: forward(E.cell, **arguments)


def back(*cotangents: Any) -> Callable[[], Any]:
    return lambda: backward(RUN, *cotangents)


def param(name: str, value: Any) -> Callable[[], Any]:
    return ahead(params=E.params | {name: value})


def spoilt(array: Any, value: float) -> Any:
    found = array.copy()
    found[(-1,) * array.ndim] = value
    return found


ALL = "kernel, recurrent_kernel, bias, recurrent_bias"
DTYPES = "dtype float64, float32 or object"
FINITE = "finite values (or check_finite=False)"
REFUSED: list[tuple[Callable[[], Any], str, str, str]] = [
    # x
    (ahead(x=E.x[0]), "x", "shape (batch, time, input=2)", "shape (5, 2)"),
    (ahead(x=E.x[None]), "x", "shape (batch, time, input=2)", "shape (1, 4, 5, 2)"),
    (ahead(x=E.x[..., :1]), "x", "shape (batch, time, input=2)", "shape (4, 5, 1)"),
    (ahead(x=None), "x", "shape (batch, time, input=2)", "shape ()"),
    (ahead(x=E.x.astype(np.int64)), "x", DTYPES, "int64 of shape (4, 5, 2)"),
    (ahead(x=E.x.astype(complex)), "x", DTYPES, "complex128 of shape (4, 5, 2)"),
    (ahead(x=E.x.astype(np.float16)), "x", DTYPES, "float16 of shape (4, 5, 2)"),
    (ahead(x=E.x > 0), "x", DTYPES, "bool of shape (4, 5, 2)"),
    (ahead(x=[[[1.0, 2.0], [1.0]]]), "x", "lists of equal lengths", "inhomogeneous"),
    (ahead(x=E.x.astype(object)), "x", "numbers with their own arithmetic in an object array", "the float"),
    (ahead(x=spoilt(E.x, np.nan)), "x", FINITE, "nan at index (3, 4, 1)"),
    (ahead(x=spoilt(E.x, -np.inf)), "x", FINITE, "-inf at index (3, 4, 1)"),
    # params
    (ahead(params=[*E.params.values()]), "params", f"a mapping with exactly the keys {ALL}", "list"),
    (ahead(params={}), "params", f"exactly the keys {ALL}", "the keys (none)"),
    (ahead(params=E.params | {"gamma": H}), "params", f"exactly the keys {ALL}", f"the keys {ALL}, gamma"),
    (
        ahead(params={k: v for k, v in E.params.items() if k != "bias"}),
        "params",
        f"exactly the keys {ALL}",
        "the keys kernel, recurrent_kernel, recurrent_bias",
    ),
    (
        ahead(params={{"bias": "b"}.get(k, k): v for k, v in E.params.items()}),
        "params",
        f"exactly the keys {ALL}",
        "the keys kernel, recurrent_kernel, b, recurrent_bias",
    ),
    (param("kernel", E.params["kernel"].T), "params['kernel']", "(axis 0=2, axis 1=12)", "shape (12, 2)"),
    (param("bias", np.ones(9)), "params['bias']", "(axis 0=12)", "shape (9,)"),
    (param("bias", np.ones(12, np.int64)), "params['bias']", DTYPES, "int64 of shape (12,)"),
    (param("bias", np.ones(12, "f")), "params['bias']", "dtype float64, as x has", "float32 of shape (12,)"),
    (param("bias", spoilt(np.ones(12), np.inf)), "params['bias']", FINITE, "inf at index (11,)"),
    # initial_state
    (ahead(initial_state=(H,)), "initial_state", "a tuple (h, c)", "a tuple of 1"),
    (ahead(initial_state=[H, C, C]), "initial_state", "a tuple (h, c)", "a list of 3"),
    (ahead(initial_state=H), "initial_state", "a tuple (h, c)", "float64 of shape (4, 3)"),
    (ahead(initial_state=(H, C[:3])), "initial_state[1]", "shape (batch=4, hidden=3)", "shape (3, 3)"),
    (ahead(initial_state=(H[:, :2], C)), "initial_state[0]", "shape (batch=4, hidden=3)", "shape (4, 2)"),
    (ahead(initial_state=(H[:1], C)), "initial_state[0]", "shape (batch=4, hidden=3)", "shape (1, 3)"),
    (ahead(initial_state=(H, C.astype("f"))), "initial_state[1]", "dtype float64, as x has", "float32"),
    (ahead(initial_state=(H, C.astype(np.int64))), "initial_state[1]", DTYPES, "int64 of shape (4, 3)"),
    (ahead(initial_state=(spoilt(H, np.nan), C)), "initial_state[0]", FINITE, "nan at index (3, 2)"),
    # mask, lengths, masked_output
    (ahead(mask=np.ones((4, 5))), "mask", "bool of shape (batch=4, time=5)", "float64 of shape (4, 5)"),
    (ahead(mask=np.ones((4, 5), "i")), "mask", "bool of shape (batch=4, time=5)", "int32 of shape (4, 5)"),
    (ahead(mask=np.ones((5, 4), bool)), "mask", "bool of shape (batch=4, time=5)", "bool of shape (5, 4)"),
    (ahead(mask=np.ones((4, 5, 1), bool)), "mask", "(batch=4, time=5)", "bool of shape (4, 5, 1)"),
    (ahead(lengths=[1, 2, 3]), "lengths", "integers of shape (batch=4)", "of shape (3,)"),
    (ahead(lengths=5), "lengths", "integers of shape (batch=4)", "of shape ()"),
    (ahead(lengths=[1.0, 2, 3, 4]), "lengths", "integers of shape (batch=4)", "float64 of shape (4,)"),
    (ahead(lengths=[True] * 4), "lengths", "integers of shape (batch=4)", "bool of shape (4,)"),
    (ahead(lengths=[[1], [1, 2], 3, 4]), "lengths", "lists of equal lengths", "inhomogeneous"),
    (ahead(mask=[[True], [True, False]]), "mask", "lists of equal lengths", "inhomogeneous"),
    (ahead(reverse="no"), "reverse", "True or False", "str 'no'"),
    (ahead(masked_output=np.ones(2)), "masked_output", "'repeat' or 'zeros'", "float64 of shape (2,)"),
    (ahead(lengths=[1, 2, 6, 3]), "lengths", "between 0 and time=5", "[1, 2, 6, 3]"),
    (ahead(lengths=[1, -1, 2, 3]), "lengths", "between 0 and time=5", "[1, -1, 2, 3]"),
    (ahead(lengths=[1] * 4, mask=np.ones((4, 5), bool)), "lengths", "None where a mask is given", "both"),
    (ahead(masked_output="hold"), "masked_output", "'repeat' or 'zeros'", "hold"),
    (ahead(masked_output=None), "masked_output", "'repeat' or 'zeros'", "None"),
    # cotangents
    (back(E.d_outputs[:, :3]), "d_outputs", "shape (batch=4, time=5, output=3)", "shape (4, 3, 3)"),
    (back(E.d_outputs[0]), "d_outputs", "shape (batch=4, time=5, output=3)", "shape (5, 3)"),
    (back(E.d_outputs.astype("f")), "d_outputs", "dtype float64, as x has", "float32 of shape (4, 5, 3)"),
    (back(E.d_outputs.astype(np.int64)), "d_outputs", DTYPES, "int64 of shape (4, 5, 3)"),
    (back(spoilt(E.d_outputs, np.nan)), "d_outputs", FINITE, "nan at index (3, 4, 2)"),
    (back(None, (H,)), "d_state", "a tuple (h, c)", "a tuple of 1"),
    (back(None, H), "d_state", "a tuple (h, c)", "float64 of shape (4, 3)"),
    (back(None, (H, C[0])), "d_state[1]", "shape (batch=4, hidden=3)", "shape (3,)"),
    (back(None, (H, C.astype("f"))), "d_state[1]", "dtype float64, as x has", "float32 of shape (4, 3)"),
    (back(None, (H, spoilt(C, np.inf))), "d_state[1]", FINITE, "inf at index (3, 2)"),
    # cells
    (lambda: LSTM(0, 3), "input_size", "a positive integer", "0"),
    (lambda: GRU(2, -1), "hidden_size", "a positive integer", "-1"),
    (lambda: SimpleRNN(True, 3), "input_size", "a positive integer", "True"),
    (lambda: SimpleRNN(2, False), "hidden_size", "a positive integer", "False"),
    (lambda: LSTM(2, 3.0), "hidden_size", "a positive integer", "3.0"),  # type: ignore[arg-type]
    (lambda: GRU(None, 3), "input_size", "a positive integer", "None"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3, activation="swish"), "activation", "one of tanh, sigmoid, relu", "'swish'"),
    (lambda: GRU(2, 3, recurrent_activation="Tanh"), "recurrent_activation", "one of tanh", "'Tanh'"),
    (lambda: SimpleRNN(2, 3, activation=None), "activation", "one of tanh", "None"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3, use_bias=1), "use_bias", "True or False", "1"),  # type: ignore[arg-type]
    (lambda: GRU(2, 3, reset_after="yes"), "reset_after", "True or False", "'yes'"),  # type: ignore[arg-type]
    # results
    (lambda: RUN.gates["z"], "gate", "one of i, f, g, o, c", "'z'"),
    (lambda: rounding.bound(RUN, float).gates["n"], "gate", "one of i, f, g, o, c", "'n'"),
    (lambda: rounding.bound(RUN, np.int16), "dtype", "float64 or float32 or float16 or bfloat16", "int16"),
    (lambda: rounding.gradient_bound(RUN, np.int64), "dtype", "float64 or float32 or float16 or bfloat16", "int64"),
    (lambda: rounding.bound(RUN, object), "dtype", "float64 or float32 or float16 or bfloat16", "object"),
    (lambda: rounding.bound(RUN, "nonsense"), "dtype", "float64 or float32 or float16 or bfloat16", "nonsense"),
    (lambda: rounding.gradient_bound(RUN, float, E.d_outputs[:1]), "d_outputs", "(batch=4, time=5,", "(1, 5, 3)"),
    (lambda: rounding.gradient_bound(RUN, float, None, (H,)), "d_state", "a tuple (h, c)", "a tuple of 1"),
    (lambda: forward("LSTM", E.params, E.x), "cell", "SimpleRNN, LSTM, GRU or a Stack", "str 'LSTM'"),  # type: ignore[arg-type]
    (lambda: backward(None), "run", "what forward returned", "NoneType None"),  # type: ignore[arg-type]
    (lambda: rounding.bound(None, float), "run", "what forward returned", "None"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3).init(0), "rng", "a numpy.random.Generator", "0"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3).init(np.random.default_rng(0), int), "dtype", "float64 or float32", "<class 'int'>"),
    (lambda: rounding.bound(RUN, complex), "dtype", "float64 or float32 or float16 or bfloat16", "complex128"),
]


@pytest.mark.parametrize(
    ("call", "argument", "expected", "got"), REFUSED, ids=[f"{row[1]}-{row[3]}" for row in REFUSED]
)
def test_what_does_not_fit_is_refused(call: Callable[[], Any], argument: str, expected: str, got: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        call()
    message = str(caught.value)
    assert caught.value.argument == argument
    assert message.startswith(f"{argument}: expected "), message
    assert expected in message.partition(", got ")[0], message
    assert got in message.rpartition("got ")[2], message


def test_the_refusal_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"^x: expected shape \(batch, time, input=2\), got shape \(5, 2\)$"):
        ahead(x=E.x[0])()


def test_the_refusal_survives_pickling() -> None:
    error = InvalidArgument("x", expected="this", got="that")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.argument) == (str(error), "x")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_without_the_check_what_is_not_finite_goes_through(value: float) -> None:
    with np.errstate(invalid="ignore"):
        run = ahead(x=spoilt(E.x, value), check_finite=False)()
        grads = backward(RUN, spoilt(E.d_outputs, value), check_finite=False)
    assert np.isnan(run.outputs[3, 4]).any() == np.isnan(value)
    assert np.isfinite(run.outputs[:3]).all()
    assert np.isfinite(grads.x[:3]).all()
    assert not np.isfinite(grads.x[3]).any()
