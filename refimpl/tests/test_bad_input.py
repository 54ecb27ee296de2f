"""What does not fit is refused before any arithmetic; the message says what was expected and what came."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument, Layer, SimpleRNN, Stack, backward, forward, rounding
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


def stacked(**changes: Any) -> Callable[[], Any]:
    arguments = {"params": S.params, "x": S.x, "initial_state": S.initial_state} | changes
    return lambda: forward(STACK, **arguments)


def projected(**changes: Any) -> Callable[[], Any]:
    p = example(LSTM(2, 3, proj_size=2), seed=0)
    return lambda: forward(p.cell, p.params, p.x, **changes)


def known_state(state_bound: Any) -> Callable[[], Any]:
    return lambda: rounding.bound(RUN, float, state_bound)


STACK = Stack((Layer(LSTM(2, 3)), Layer(backward=GRU(3, 5))))
S = example(STACK, seed=0)
STACKED = forward(STACK, S.params, S.x, S.initial_state)
LAST = forward(E.cell, E.params, E.x, return_sequences=False)
CLIPS: list[tuple[Any, Any]] = [
    *((LSTM, value) for value in (0, -1.0, np.inf, np.nan, True, "1", [1.0])),
    (SimpleRNN, 0.0),
    (GRU, -0.5),
]

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
    (lambda: LSTM(2, 3, activation="swash"), "activation", "one of tanh, sigmoid, relu", "'swash'"),
    (lambda: GRU(2, 3, recurrent_activation="Tanh"), "recurrent_activation", "one of tanh", "'Tanh'"),
    (lambda: SimpleRNN(2, 3, activation=None), "activation", "one of tanh", "None"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3, use_bias=1), "use_bias", "True or False", "1"),  # type: ignore[arg-type]
    (lambda: GRU(2, 3, reset_after="yes"), "reset_after", "True or False", "'yes'"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3, recurrent_activation=None), "recurrent_activation", "one of tanh", "None"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3, output_activation="swash"), "output_activation", "one of tanh", "'swash'"),
    (lambda: LSTM(2, 3, output_activation=False), "output_activation", "one of tanh", "False"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3, proj_size=-1), "proj_size", "an integer from 0 (none) to hidden_size - 1", "-1"),
    (lambda: LSTM(2, 3, proj_size=3), "proj_size", "less than hidden_size=3", "3"),
    (lambda: LSTM(2, 3, proj_size=2.0), "proj_size", "an integer from 0", "2.0"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3, proj_size=True), "proj_size", "an integer from 0", "True"),
    (lambda: LSTM(2, 3, proj_size=None), "proj_size", "an integer from 0", "None"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3, peepholes=1), "peepholes", "True or False", "1"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3, input_forget="no"), "input_forget", "True or False", "'no'"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3, forget_bias=np.nan), "forget_bias", "a finite number", "nan"),
    (lambda: LSTM(2, 3, forget_bias=None), "forget_bias", "a finite number", "None"),  # type: ignore[arg-type]
    (lambda: LSTM(2, 3, forget_bias=True), "forget_bias", "a finite number", "True"),
    *((lambda c=c, v=v: c(2, 3, clip=v), "clip", "None or a positive finite number", repr(v)) for c, v in CLIPS),
    # layers and stacks
    (lambda: Layer(), "layer", "a cell forward, backward or both", "Layer(forward=None, backward=None"),
    (lambda: Layer(LSTM), "layer", "a cell forward, backward or both", "Layer(forward=<class"),  # type: ignore[arg-type]
    (lambda: Layer(backward="GRU"), "layer", "a cell forward, backward or both", "backward='GRU'"),  # type: ignore[arg-type]
    (lambda: Layer(STACK), "layer", "a cell forward, backward or both", "Layer(forward=Stack("),  # type: ignore[arg-type]
    (lambda: Layer(LSTM(2, 3), merge="average"), "merge", "one of concat, sum, mul, ave", "'average'"),
    (lambda: Layer(LSTM(2, 3), merge=None), "merge", "one of concat, sum, mul, ave", "None"),  # type: ignore[arg-type]
    (lambda: Layer(LSTM(2, 3), GRU(3, 3)), "layer", "one input size for both directions", "2 and 3"),
    (lambda: Layer(LSTM(2, 3), GRU(2, 4), "sum"), "layer", "one output size where merge='sum'", "3 and 4"),
    (lambda: Layer(LSTM(2, 4, proj_size=3), GRU(2, 4), "mul"), "layer", "one output size", "3 and 4"),
    (lambda: Stack(()), "layers", "a tuple of at least one Layer", "()"),
    (lambda: Stack([Layer(GRU(2, 3))]), "layers", "a tuple of at least one Layer", "[Layer("),  # type: ignore[arg-type]
    (lambda: Stack((GRU(2, 3),)), "layers", "a tuple of at least one Layer", "(GRU("),  # type: ignore[arg-type]
    (lambda: Stack(None), "layers", "a tuple of at least one Layer", "None"),  # type: ignore[arg-type]
    (
        lambda: Stack((Layer(LSTM(2, 3), GRU(2, 3)), Layer(GRU(3, 3)))),
        "layers[1]",
        "input_size=6, the output size of layer 0",
        "input_size=3",
    ),
    (stacked(reverse=True), "reverse, output_order", "'original' for a stack", "True, 'original'"),
    (stacked(output_order="processing"), "reverse, output_order", "'original' for a stack", "False, 'processing'"),
    (stacked(params=E.params), "params", "exactly the keys l0.kernel, l0.recurrent_kernel", "the keys kernel"),
    (stacked(initial_state=S.initial_state[:2]), "initial_state", "a tuple (l0.h, l0.c, l1_reverse.h)", "a tuple of 2"),
    (stacked(initial_state=S.initial_state[::-1]), "initial_state[0]", "(batch=4, hidden=3)", "(4, 5)"),
    (stacked(dropout={"input": np.ones((4, 2))}), "dropout", "l0.input, l0.recurrent, l1_reverse.input", "keys input"),
    (stacked(dropout={"l0.between": E.x}), "dropout", "l1.between", "the keys l0.between"),
    (stacked(dropout={"l1.between": E.x}), "dropout['l1.between']", "(batch=4, time=5, size=3)", "shape (4, 5, 2)"),
    (stacked(dropout={"l1.between": np.ones((4, 3))}), "dropout['l1.between']", "(batch=4, time=5,", "shape (4, 3)"),
    (lambda: backward(STACKED, None, (H, C)), "d_state", "a tuple (l0.h, l0.c, l1_reverse.h)", "a tuple of 2"),
    (lambda: backward(STACKED, E.d_outputs), "d_outputs", "(batch=4, time=5, output=5)", "shape (4, 5, 3)"),
    (lambda: STACKED.gates["i"], "gate", "one of l0.i, l0.f", "'i'"),
    # what is returned
    (ahead(output_order="reverse"), "output_order", "'original' or 'processing'", "str 'reverse'"),
    (ahead(output_order=None), "output_order", "'original' or 'processing'", "None"),
    (ahead(return_sequences=1), "return_sequences", "True or False", "int 1"),
    (ahead(return_sequences=None), "return_sequences", "True or False", "None"),
    (ahead(x=E.x[:, :0], return_sequences=False), "return_sequences", "True where there is no step", "False"),
    (lambda: backward(LAST, E.d_outputs), "d_outputs", "(batch=4, time=1, output=3)", "shape (4, 5, 3)"),
    (lambda: backward(LAST, E.d_outputs[:, 0]), "d_outputs", "(batch=4, time=1, output=3)", "shape (4, 3)"),
    # dropout
    (ahead(dropout=[np.ones((4, 2))]), "dropout", "a mapping with keys among input, recurrent", "list"),
    (ahead(dropout=0.5), "dropout", "a mapping with keys among input, recurrent", "float 0.5"),
    (ahead(dropout={"hidden": H}), "dropout", "a mapping with keys among input, recurrent", "the keys hidden"),
    (ahead(dropout={"recurrent": H, "hidden": H}), "dropout", "keys among input, recurrent", "recurrent, hidden"),
    (stacked(dropout={"l1.between": S.x[None, :0]}), "dropout['l1.between']", "(batch=4, time=5,", "(1, 0, 5, 2)"),
    (stacked(dropout={"l1.between": np.ones((0, 4, 5, 3))}), "dropout['l1.between']", "shape (batch=4", "(0, 4, 5, 3)"),
    (ahead(dropout={"input": 0.5}), "dropout['input']", "shape (batch=4, input=2)", "shape ()"),
    (ahead(dropout={"input": None}), "dropout['input']", "shape (batch=4, input=2)", "shape ()"),
    (ahead(dropout={"input": H}), "dropout['input']", "shape (batch=4, input=2)", "shape (4, 3)"),
    (ahead(dropout={"recurrent": H[:1]}), "dropout['recurrent']", "shape (batch=4, output=3)", "shape (1, 3)"),
    (ahead(dropout={"recurrent": H[None]}), "dropout['recurrent']", "(gates=4, batch=4, output=3)", "(1, 4, 3)"),
    (ahead(dropout={"input": E.x}), "dropout['input']", "(gates=4, batch=4, input=2)", "(4, 5, 2)"),
    (ahead(dropout={"recurrent": H.astype("f")}), "dropout['recurrent']", "dtype float64, as x has", "float32"),
    (ahead(dropout={"recurrent": H > 0}), "dropout['recurrent']", DTYPES, "bool of shape (4, 3)"),
    (ahead(dropout={"recurrent": spoilt(H, np.nan)}), "dropout['recurrent']", FINITE, "nan at index (3, 2)"),
    (ahead(dropout={"input": [[1.0], [1.0, 2.0]]}), "dropout['input']", "lists of equal lengths", "inhomogeneous"),
    (projected(initial_state=(C, C)), "initial_state[0]", "shape (batch=4, hidden=2)", "shape (4, 3)"),
    (projected(dropout={"recurrent": H}), "dropout['recurrent']", "shape (batch=4, output=2)", "shape (4, 3)"),
    # the bound on the state
    (known_state((H,)), "state_bound", "a tuple (h, c)", "a tuple of 1"),
    (known_state(()), "state_bound", "a tuple (h, c)", "a tuple of 0"),
    (known_state(H), "state_bound", "a tuple (h, c)", "float64 of shape (4, 3)"),
    (known_state((abs(H), abs(C[:3]))), "state_bound[1]", "shape (batch=4, hidden=3)", "shape (3, 3)"),
    (known_state((-abs(H), None)), "state_bound[0]", "bounds from 0 to infinity", "-"),
    (known_state((None, abs(C) * np.nan)), "state_bound[1]", "bounds from 0 to infinity", "nan"),
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
    (lambda: forward(LSTM, E.params, E.x), "cell", "SimpleRNN, LSTM, GRU or a Stack", "type <class"),  # type: ignore[arg-type]
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
