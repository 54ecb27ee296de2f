"""Cases of the sizes at which frameworks take other kernels, or fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from ..common.descriptions import BASIC_OPTIONS
from ..contract import Array, Case
from .building import build_case
from .choosers import SeededChooser
from .numbers import rounded
from .option_space import Combination

SIZES: Mapping[str, Mapping[str, int]] = {
    "1 unit": {"batch": 3, "time": 5, "input": 2, "hidden": 1},
    "31 units": {"batch": 3, "time": 5, "input": 7, "hidden": 31},
    "32 units": {"batch": 3, "time": 5, "input": 32, "hidden": 32},
    "33 units": {"batch": 3, "time": 5, "input": 7, "hidden": 33},
    "512 units": {"batch": 2, "time": 4, "input": 512, "hidden": 512},
    "1024 units": {"batch": 2, "time": 3, "input": 128, "hidden": 1024},
    "1 row": {"batch": 1, "time": 7, "input": 3, "hidden": 8},
    "no row": {"batch": 0, "time": 4, "input": 3, "hidden": 8},
    "1 step": {"batch": 4, "time": 1, "input": 3, "hidden": 8},
    "300 steps": {"batch": 2, "time": 300, "input": 3, "hidden": 4},
    "65,537 rows": {"batch": 65537, "time": 1, "input": 2, "hidden": 2},
    "65,540 rows times steps": {"batch": 16385, "time": 4, "input": 2, "hidden": 3},
}
"""By what is special about them. cuDNN has persistent kernels for multiples of 128 units; a CUDA grid 65,535 rows."""


REAL_SIZES: Mapping[str, Mapping[str, int]] = {
    "9 units": {"batch": 4, "time": 20, "input": 6, "hidden": 9},
    "32 units": {"batch": 8, "time": 50, "input": 32, "hidden": 32},
    "128 units": {"batch": 8, "time": 100, "input": 64, "hidden": 128},
    "256 units": {"batch": 32, "time": 50, "input": 128, "hidden": 256},
}
"""Sizes of layers as people train them."""


def can_have_any_size(combination: Combination) -> bool:
    """Whether such a case can have all `SIZES`: one layer, nothing masked, every gradient asked for."""
    basic = all(combination[name] == value for name, value in BASIC_OPTIONS.items())
    batched = combination.get("layout", "batch-major") == "batch-major" and combination.get("gradients") is not False
    return basic and batched and not combination.get("projection") and combination.get("return_state") is not False


def build_case_of_size(combination: Combination, size: str, seed: int) -> Case:
    """A case with these options, of one of the `SIZES`.

    Kernels are divided by their rows, so that the state does not grow from step to step and bounds stay narrow.
    """
    return _of_size(combination, SIZES[size], seed, lambda rows, hidden: 1 / rows)


def build_real_case(combination: Combination, size: str, seed: int) -> Case:
    """A case with these options, of one of the `REAL_SIZES`.

    All weights have the deviation that PyTorch gives them, of numbers that are uniform within ``±1 / √hidden``.
    """
    return _of_size(combination, REAL_SIZES[size], seed, lambda rows, hidden: (3 * hidden) ** -0.5)


def _of_size(
    combination: Combination, sizes: Mapping[str, int], seed: int, scale_of: Callable[[int, int], float]
) -> Case:
    """Numbers may occur twice, as half precision has only few."""
    small = build_case(SeededChooser(seed), combination)
    cell = replace(small.cell, input_size=sizes["input"], hidden_size=sizes["hidden"])
    rng, batch, time = np.random.default_rng(seed), sizes["batch"], sizes["time"]

    def array(*shape: int, scale: float = 1.0) -> Array:
        return rounded(scale * rng.normal(size=shape), combination["dtype"])

    return small.replace(
        cell=cell,
        params={
            name: array(*shape, scale=scale_of(shape[0], sizes["hidden"]))
            for name, shape in cell.parameter_shapes.items()
        },
        x=array(batch, time, cell.input_size),
        initial_state=tuple(array(batch, n) for n in cell.state_sizes) if combination["initial_state"] else None,
        d_outputs=array(batch, time, cell.output_size),
        d_state=tuple(array(batch, n) for n in cell.state_sizes),
    )
