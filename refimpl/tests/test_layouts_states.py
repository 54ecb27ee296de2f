"""States in each framework's own shape and order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument
from ..layouts import fused, keras, pytorch
from ..stack import Layer, Stack

BATCH = 4
PROJECTED = LSTM(2, 5, proj_size=3, use_recurrent_bias=True)
ABOVE = LSTM(6, 5, proj_size=3, use_recurrent_bias=True)
DEEP = Stack((Layer(PROJECTED, PROJECTED), Layer(ABOVE, ABOVE)))


def state_of(cell: Any) -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    return tuple(rng.standard_normal((BATCH, size)) for size in cell.state_sizes)


def test_pytorch_has_one_row_a_layer_and_direction() -> None:
    state = state_of(DEEP)
    h, c = pytorch.dump_state(DEEP, state)
    assert (h.shape, c.shape) == ((4, BATCH, 3), (4, BATCH, 5))
    named = dict(zip(DEEP.state_names, state, strict=True))
    for row, prefix in enumerate(("l0.", "l0_reverse.", "l1.", "l1_reverse.")):
        assert np.array_equal(h[row], named[prefix + "h"]), prefix
        assert np.array_equal(c[row], named[prefix + "c"]), prefix
    back = pytorch.load_state(DEEP, (h, c))
    assert all(np.array_equal(a, b) for a, b in zip(back, state, strict=True))


def test_pytorch_gives_a_gru_one_array_and_its_cell_no_row_of_layers() -> None:
    cell = GRU(2, 3)
    (h,) = state_of(cell)
    assert pytorch.dump_state(cell, (h,)).shape == (1, BATCH, 3)
    assert np.array_equal(pytorch.load_state(cell, h[None])[0], h)
    assert np.array_equal(pytorch.load_state(cell, h)[0], h)


def test_keras_lists_each_directions_h_and_c() -> None:
    stack = Stack((Layer(LSTM(2, 3), GRU(2, 5)),))
    state = state_of(stack)
    assert [array.shape[1] for array in keras.dump_state(stack, state)] == [3, 3, 5]
    assert all(np.array_equal(a, b) for a, b in zip(keras.load_state(stack, state), state, strict=True))


def test_tensorflow_1_puts_c_first() -> None:
    cell = LSTM(2, 5, proj_size=3)
    h, c = state_of(cell)
    assert all(np.array_equal(a, b) for a, b in zip(fused.dump_state(cell, (h, c)), (c, h), strict=True))
    for given in ((c, h), np.concatenate([c, h], axis=1)):
        assert all(np.array_equal(a, b) for a, b in zip(fused.load_state(cell, given), (h, c), strict=True))
    gru = GRU(2, 3, reset_after=False, use_recurrent_bias=False)
    (h,) = state_of(gru)
    assert np.array_equal(fused.load_state(gru, fused.dump_state(gru, (h,)))[0], h)


H, C = np.zeros((BATCH, 3)), np.zeros((BATCH, 5))


@pytest.mark.parametrize(
    ("layout", "cell", "given", "words"),
    [
        (pytorch, PROJECTED, (C[None], H[None]), r"hx\[0\]: expected h, shape \(4, 3\)"),  # c and h exchanged
        (pytorch, PROJECTED, H[None], r"expected \(h, c\)"),
        (pytorch, DEEP, (H[None], C[None]), r"shape \(4, batch, size\)"),
        (fused, LSTM(2, 5, proj_size=3), (H, C), r"expected h, shape \(4, 3\)"),
        (fused, LSTM(2, 5, proj_size=3), np.zeros((BATCH, 7)), r"shape \(batch, 8\)"),
        (keras, LSTM(2, 3), [H], r"2 arrays \(h, c\)"),
        (keras, LSTM(2, 3), [H, H[:2]], r"arrays\[1\]: expected c, shape \(4, 3\)"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(layout: Any, cell: Any, given: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        layout.load_state(cell, given)
