"""Flax, Equinox, Haiku and MLX: layers with one bias a gate, asked through the oracle's cells, which may have two."""

from __future__ import annotations

from typing import Any

import numpy as np

import refimpl as ri
from refimpl.layouts import equinox

from ...contract import Case
from ...implementations.one_bias import OneBias


class InNumPy(OneBias):
    """A library that is the oracle itself, behind Equinox's names: it shows what goes in and what comes back."""

    layout = equinox

    def program(self, arguments: Any) -> Any:  # type: ignore[override]
        """Gradients of 1, 2, 3, … by the library's names."""
        weights = {name.removeprefix("weights."): value for name, value in arguments["leaves"].items()}
        return {
            f"d_weights.{name}": np.arange(1.0, value.size + 1).reshape(value.shape)
            for name, value in weights.items()
            if "." not in name and name != "x"
        }


def gru_case() -> Case:
    cell = ri.GRU(2, 3)
    rng = np.random.default_rng(0)
    params = {name: rng.standard_normal(shape) for name, shape in cell.parameter_shapes.items()}
    return Case(cell, params, rng.standard_normal((4, 5, 2)), d_outputs=rng.standard_normal((4, 5, 3)))


def test_a_recurrent_bias_that_the_library_has_not_is_added_to_the_other() -> None:
    case = gru_case()
    given = InNumPy().named_arrays(case)["leaves"]
    weights = {name.removeprefix("weights."): value for name, value in given.items() if name.startswith("weights.")}
    taken = equinox.load(case.cell, weights)
    ours = ri.forward(case.cell, case.params, case.x).outputs
    theirs = ri.forward(case.cell, taken, case.x).outputs
    assert np.abs(ours - theirs).max() < 64 * 2.0**-52
    assert np.array_equal(taken["recurrent_bias"][6:], case.params["recurrent_bias"][6:])
    assert case.params["recurrent_bias"][:6].all(), "the case that was given is left as it is"


def test_the_gradient_of_a_bias_that_is_not_there_is_that_of_the_one_beside_it() -> None:
    case = gru_case()
    library = InNumPy()
    native = library.program(library.named_arrays(case))
    ours = library.from_native(case, native)
    bias, recurrent = ours["d_params.bias"], ours["d_params.recurrent_bias"]
    assert np.array_equal(recurrent[:6], bias[:6])
    assert recurrent[6:].tolist() == [1.0, 2.0, 3.0], "the candidate's own, by bias_n"
    assert not np.array_equal(recurrent[6:], bias[6:])
    back = library.to_native(case, ours)
    assert {name: value.tolist() for name, value in back.items()} == {n: v.tolist() for n, v in native.items()}
