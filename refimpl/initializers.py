"""Fresh parameters, distributed as Keras's and PyTorch's own. Each draws from the generator that it is given.

===================  ==========================================================================================
`glorot_uniform`     uniform on ±sqrt(6 / (fan_in + fan_out)): Keras's kernels
`orthogonal`         Q of a normal matrix's QR decomposition, signs made those of R's diagonal: Keras's recurrent
                     kernels
`uniform`            uniform on ±limit: PyTorch's recurrent layers, with 1/sqrt(hidden), and its Linear, with
                     1/sqrt(in); Keras's embeddings, with 0.05
`unit_forget_bias`   a bias whose forget gate's block is one: Keras's LSTM (Jozefowicz et al. 2015)
===================  ==========================================================================================

Shapes are ``(rows, columns)``, dtypes float64 and float32. All raise `InvalidArgument` for another dtype, for what is
no ``numpy.random.Generator``, and, where a matrix is due, for another rank.

References: X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks (2010);
A. Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear neural networks (2013);
F. Mezzadri, How to generate random matrices from the classical compact groups (2007);
keras/src/initializers/random_initializers.py, Keras 3.15; torch/nn/init.py, PyTorch 2.13.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import checks
from .arrays import Array
from .errors import InvalidArgument
from .linear import blocks, concatenate

MANNERS = ("keras", "pytorch")

_LIMIT = checks.at_least(0)


def glorot_uniform(rng: np.random.Generator, shape: Sequence[int], dtype: Any = np.float64) -> Array:
    """``(fan_in, fan_out)``, uniform on ±sqrt(6 / (fan_in + fan_out))."""
    rows, columns = _matrix(shape)
    return uniform(rng, (rows, columns), math.sqrt(6 / (rows + columns)), dtype)


def orthogonal(rng: np.random.Generator, shape: Sequence[int], dtype: Any = np.float64, gain: float = 1.0) -> Array:
    """``gain`` times a matrix with orthonormal rows or columns, whichever are fewer, uniform among all such."""
    rows, columns = _matrix(shape)
    rng, dtype, gain = checks.generator("rng", rng), checks.dtype("dtype", dtype), checks.number("gain", gain)
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diagonal(r))
    return (gain * (q.T if rows < columns else q)).astype(dtype)


def uniform(rng: np.random.Generator, shape: Sequence[int], limit: float, dtype: Any = np.float64) -> Array:
    """Uniform on ±limit."""
    rng, dtype, limit = checks.generator("rng", rng), checks.dtype("dtype", dtype), _LIMIT("limit", limit)
    return rng.uniform(-limit, limit, _shape(shape)).astype(dtype)


def normal(rng: np.random.Generator, shape: Sequence[int], dtype: Any = np.float64) -> Array:
    """Normal, of mean 0 and deviation 1."""
    rng, dtype = checks.generator("rng", rng), checks.dtype("dtype", dtype)
    return rng.standard_normal(_shape(shape)).astype(dtype)


def unit_forget_bias(cell: Any, bias: Array) -> Array:
    """``bias`` with ones in the block of the forget gate."""
    order = () if isinstance(cell, type) else getattr(cell, "gate_order", ())
    if "f" not in order:
        raise InvalidArgument("cell", expected="a cell with a forget gate", got=checks.described(cell))
    bias = checks.shaped("bias", bias, (len(order) * cell.hidden_size,))
    parts = zip(order, blocks(bias, len(order)), strict=True)
    return concatenate(*(np.ones_like(part) if gate == "f" else part for gate, part in parts))


def cell_parameters(
    cell: Any, rng: np.random.Generator, dtype: Any = np.float64, manner: str = "keras"
) -> dict[str, Array]:
    """A cell's parameters, or a Stack's, as that framework's layer starts with them."""
    check_manner(manner)
    checks.has("cell", cell, ("parameter_shapes", "init"), "a cell or a Stack")
    if manner == "pytorch":
        found: dict[str, Array] = cell.init(rng, dtype)
        return found
    return {name: _keras(cell, name, shape, rng, dtype) for name, shape in cell.parameter_shapes.items()}


def check_manner(manner: str) -> None:
    """Refuses what is neither Keras's nor PyTorch's manner."""
    checks.one_of("manner", manner, MANNERS)


def _keras(cell: Any, name: str, shape: tuple[int, ...], rng: np.random.Generator, dtype: Any) -> Array:
    layer, _, kind = name.rpartition(".")
    if kind in ("recurrent_kernel", "projection_kernel"):
        return orthogonal(rng, shape, dtype)
    if kind == "kernel":
        return glorot_uniform(rng, shape, dtype)
    checks.generator("rng", rng)
    zeros = np.zeros(shape, checks.dtype("dtype", dtype))
    cell = _cell_of(cell, layer)
    return unit_forget_bias(cell, zeros) if kind == "bias" and "f" in cell.gate_order else zeros


def _cell_of(cell: Any, layer: str) -> Any:
    """Of a Stack, the cell of the layer ``l0`` or ``l0_reverse``; of a cell, itself."""
    if not layer:
        return cell
    number, _, reverse = layer.removeprefix("l").partition("_")
    chosen = cell.layers[int(number)]
    return chosen.backward if reverse else chosen.forward


def _matrix(shape: Sequence[int]) -> tuple[int, int]:
    found = _shape(shape)
    if len(found) != 2:
        raise InvalidArgument("shape", expected="(rows, columns)", got=found)
    return found[0], found[1]


def _shape(shape: Sequence[int]) -> tuple[int, ...]:
    found = tuple(checks.size("shape", part) for part in checks.sequence("shape", shape, "a tuple of sizes"))
    checks.fits_in_memory("shape", found)
    return found
