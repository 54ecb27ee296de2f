"""Steps that are padding in every row are not made, and what comes out is what came out with them."""

from __future__ import annotations

import numpy as np
import pytest

from .. import GRU, LSTM, Dense, Embedding, Model, Recurrent, SimpleRNN, forward, rounding
from ..parameters import Cell

CELLS: list[Cell] = [SimpleRNN(3, 4), LSTM(3, 4), GRU(3, 4)]
PADDED = np.array([[0, 0, 3, 0, 0, 4], [0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 2, 5]])
COUNTED = [2, 4, 5]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: type(cell).__name__)
def test_padding_in_every_row_changes_no_bit(cell: Cell) -> None:
    model = Model((Embedding(6, 3, mask_zero=True), cell, Dense(4, 2)))
    params = model.init(np.random.default_rng(0))
    long, short = model.forward(params, PADDED), model.forward(params, PADDED[:, COUNTED])
    assert (long.output == short.output).all()
    d_output = np.random.default_rng(1).standard_normal((3, 2))
    found, expected = (model.backward(passed, d_output, squares=True) for passed in (long, short))
    for name, gradient in expected.params.items():
        assert (found.params[name] == gradient).all(), name
    for name, squares in expected.squares.items():
        assert (found.squares[name] == squares).all(), name


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: type(cell).__name__)
def test_the_state_is_that_of_a_run_over_every_step(cell: Cell) -> None:
    model = Model((Embedding(6, 3, mask_zero=True), Recurrent(cell)))
    params = model.init(np.random.default_rng(0))
    own = model.part(params, model.names[1])
    run = forward(cell, own, params["embedding.embeddings"][PADDED], mask=PADDED != 0)
    off = np.abs(model.forward(params, PADDED).output - run.state[0])
    assert (off <= 2 * rounding.bound(run, np.float64).state[0]).all()


def test_of_padding_alone_the_state_is_the_initial_one() -> None:
    model = Model((Embedding(6, 3, mask_zero=True), SimpleRNN(3, 4)))
    params = model.init(np.random.default_rng(0))
    assert (model.forward(params, np.zeros((2, 5), int)).output == 0).all()


def test_every_step_is_made_where_its_output_is_asked_for() -> None:
    model = Model((Embedding(6, 3, mask_zero=True), Recurrent(SimpleRNN(3, 4), return_sequences=True)))
    params = model.init(np.random.default_rng(0))
    assert model.forward(params, PADDED).output.shape == (3, 6, 4)
