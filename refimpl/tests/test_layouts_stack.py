"""Stacks of layers and projections to PyTorch's layout and back: every tensor under its own name, every bit kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument, Layer, SimpleRNN, Stack
from ..layouts import pytorch
from .support import HIDDEN, INPUT, assert_same

PROJECTED = LSTM(INPUT, HIDDEN, use_recurrent_bias=True, proj_size=2)
GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}
CELLS = (
    SimpleRNN(INPUT, HIDDEN, use_recurrent_bias=True),
    LSTM(INPUT, HIDDEN, use_bias=False),
    GRU(INPUT, HIDDEN),
    PROJECTED,
)


def stack_of(cell: Any, layers: int, both: bool) -> Stack:
    made: list[Layer] = []
    for k in range(layers):
        each = replace(cell, input_size=made[-1].output_size) if k else cell
        made.append(Layer(each, each if both else None))
    return Stack(tuple(made))


def torch_shapes(cell: Any, layers: int, both: bool) -> dict[str, tuple[int, ...]]:
    """Name to shape, as the documentation of ``torch.nn.LSTM`` has them."""
    rows, output = GATES[type(cell).__name__] * HIDDEN, cell.output_size
    found: dict[str, tuple[int, ...]] = {}
    for k in range(layers):
        features = output * (1 + both) if k else INPUT
        for suffix in (f"_l{k}", f"_l{k}_reverse")[: 1 + both]:
            found |= {"weight_ih" + suffix: (rows, features), "weight_hh" + suffix: (rows, output)}
            if cell.use_bias:
                found |= {"bias_ih" + suffix: (rows,), "bias_hh" + suffix: (rows,)}
            if output != HIDDEN:
                found["weight_hr" + suffix] = (output, HIDDEN)
    return found


def numbered(shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Arrays of these shapes in which no number comes twice."""
    numbers = iter(range(10**6))
    return {
        name: np.array([float(next(numbers)) for _ in range(int(np.prod(shape)))]).reshape(shape)
        for name, shape in shapes.items()
    }


on_stacks = pytest.mark.parametrize(
    ("cell", "layers", "both"),
    [(cell, layers, both) for cell in CELLS for layers in (1, 2, 3) for both in (False, True)],
)


@on_stacks
def test_a_stack_holds_the_tensors_of_every_layer_and_direction(cell: Any, layers: int, both: bool) -> None:
    stack, theirs = stack_of(cell, layers, both), numbered(torch_shapes(cell, layers, both))
    loaded = pytorch.load(stack, theirs)
    assert set(loaded) == set(stack.parameter_shapes)
    assert_same(str(stack), pytorch.dump(stack, loaded), theirs)


@on_stacks
def test_each_layer_and_direction_is_loaded_as_a_single_cell_is(cell: Any, layers: int, both: bool) -> None:
    stack, theirs = stack_of(cell, layers, both), numbered(torch_shapes(cell, layers, both))
    loaded = pytorch.load(stack, theirs)
    for k, layer in enumerate(stack.layers):
        for ours, suffix in ((f"l{k}.", f"_l{k}"), (f"l{k}_reverse.", f"_l{k}_reverse"))[: 1 + both]:
            single = pytorch.load(layer.cells[0], theirs, suffix)
            assert_same(
                f"{stack} {ours}", {n.removeprefix(ours): loaded[n] for n in loaded if n.startswith(ours)}, single
            )


def test_the_projection_is_transposed_and_nothing_else() -> None:
    theirs = numbered(torch_shapes(PROJECTED, 1, both=False))
    assert_same("", {"p": pytorch.load(PROJECTED, theirs)["projection_kernel"]}, {"p": theirs["weight_hr_l0"].T})


def test_what_is_loaded_of_a_stack_is_a_copy() -> None:
    stack = stack_of(PROJECTED, 2, both=True)
    theirs = numbered(torch_shapes(PROJECTED, 2, both=True))
    loaded = pytorch.load(stack, theirs)
    before = {name: array.copy() for name, array in loaded.items()}
    for array in theirs.values():
        array[:] = -1
    assert_same(str(stack), loaded, before)


PLAIN = LSTM(INPUT, HIDDEN, use_recurrent_bias=True)
WIDE = replace(PLAIN, input_size=HIDDEN)
FOREIGN = {
    "merged by a sum": (Stack((Layer(PLAIN, PLAIN, merge="sum"),)), "cell.layers[0]"),
    "backward alone": (Stack((Layer(None, PLAIN),)), "cell.layers[0]"),
    "directions of two sizes": (Stack((Layer(PLAIN, replace(PLAIN, hidden_size=HIDDEN + 1)),)), "cell.layers[0]"),
    "layers of two kinds": (
        Stack((Layer(PLAIN), Layer(SimpleRNN(HIDDEN, HIDDEN, use_recurrent_bias=True)))),
        "cell.layers[1]",
    ),
    "two directions, then one": (
        Stack((Layer(PLAIN, PLAIN), Layer(replace(PLAIN, input_size=2 * HIDDEN)))),
        "cell.layers[1]",
    ),
    "one direction, then two": (Stack((Layer(PLAIN), Layer(WIDE, WIDE))), "cell.layers[1]"),
    "a cell with one bias": (Stack((Layer(LSTM(INPUT, HIDDEN)),)), "cell.use_recurrent_bias"),
    "peepholes": (replace(PLAIN, peepholes=True), "cell.peepholes"),
}


@pytest.mark.parametrize("direction", ["load", "dump"])
@pytest.mark.parametrize("name", FOREIGN)
def test_a_stack_that_pytorch_lacks_is_refused(name: str, direction: str) -> None:
    stack, argument = FOREIGN[name]
    with pytest.raises(InvalidArgument) as caught:
        getattr(pytorch, direction)(stack, {})
    assert caught.value.argument == argument


def test_a_suffix_for_a_stack_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="a stack's layers have their own"):
        pytorch.load(stack_of(PLAIN, 1, both=False), {}, "_l1")


def test_a_missing_tensor_of_any_layer_is_named() -> None:
    theirs = numbered(torch_shapes(PROJECTED, 2, both=True))
    del theirs["weight_hr_l1_reverse"]
    with pytest.raises(InvalidArgument, match="weight_hr_l1_reverse"):
        pytorch.load(stack_of(PROJECTED, 2, both=True), theirs)
