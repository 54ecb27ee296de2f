"""Faults in kernels, projections and the arithmetic itself."""

from __future__ import annotations

import numpy as np

from ..activations import FUNCTIONS
from ..autodiff import Array, Var, blocks, concatenate
from ..cell_equations import LayerDirection
from ..layer import Textbook


class RecurrentKernelTransposed(Textbook):
    """Each gate's recurrent kernel is read by columns: being square, it fits either way."""

    def recurrent_kernel(self, at: LayerDirection, t: int) -> Var:
        return _transposed(at, super().recurrent_kernel(at, t))


class KernelTransposedWhereSquare(Textbook):
    """Each gate's kernel is read by columns where input and state have the same size."""

    def kernel(self, at: LayerDirection, t: int) -> Var:
        return _transposed(at, super().kernel(at, t))


def _transposed(at: LayerDirection, kernel: Var) -> Var:
    parts = blocks(kernel, len(at.cell.gate_order))
    if parts[0].shape[0] != parts[0].shape[1]:
        return kernel
    return concatenate([part.swapaxes(0, 1) for part in parts])


class KernelsReadAsGatesLast(Textbook):
    """The recurrent kernel's columns are read unit by unit and not gate by gate."""

    def recurrent_kernel(self, at: LayerDirection, t: int) -> Var:
        kernel, gates = super().recurrent_kernel(at, t), len(at.cell.gate_order)
        return kernel[:, np.arange(kernel.shape[1]).reshape(-1, gates).T.ravel()]


class ProjectionAtTheLastStepOnly(Textbook):
    """Only the last step's state is projected; before it, as much of the state as fits is handed on."""

    def projected(self, at: LayerDirection, t: int, h: Var) -> Var:
        last = t == at.case.x.shape[1] - 1
        return super().projected(at, t, h) if last or not at.cell.proj_size else h[:, : at.cell.proj_size]


class ProjectionInOneDirectionOnly(Textbook):
    """The backward direction's state is not projected: as much of it as fits is handed on."""

    def projected(self, at: LayerDirection, t: int, h: Var) -> Var:
        return h[:, : at.cell.proj_size] if at.reverse and at.cell.proj_size else super().projected(at, t, h)


class ComputesInFloat32(Textbook):
    """Float64 is computed in float32, as Keras does on PyTorch and JAX."""

    def product(self, at: LayerDirection, v: Var, kernel: Var, factors: Array | None) -> Var:
        found = super().product(at, v, kernel, factors)
        return found.apply(found.value.astype(np.float32).astype(found.value.dtype), np.ones_like(found.value))


class ProductsInBfloat16(Textbook):
    """Float32 is multiplied in 8 bits of precision, as a fast matrix unit does unless it is told otherwise."""

    def product(self, at: LayerDirection, v: Var, kernel: Var, factors: Array | None) -> Var:
        return super().product(at, _of_8_bits(v), _of_8_bits(kernel), factors)


def _of_8_bits(v: Var) -> Var:
    fraction, exponent = np.frexp(v.value)
    rounded = np.ldexp(np.round(fraction * 256) / 256, exponent).astype(v.value.dtype)
    return v.apply(rounded, np.ones_like(rounded))


class _Formula(Textbook):
    """An activation by another formula: its values are those of the method ``by``."""

    function: str

    def by(self, a: Array) -> Array:
        raise NotImplementedError

    def activation_value(self, name: str, a: Array) -> Array:
        if name != self.function:
            return super().activation_value(name, a)
        with np.errstate(all="ignore"):
            return self.by(a)


class SigmoidOverflows(_Formula):
    """The sigmoid is exp(x) / (1 + exp(x)): not a number where exp overflows."""

    function = "sigmoid"

    def by(self, a: Array) -> Array:
        return np.asarray(np.exp(a) / (1 + np.exp(a)))


class SigmoidLosesSmallValues(_Formula):
    """The sigmoid is (1 + tanh(x / 2)) / 2: where it is small no digit is left, as in ONNX Runtime 1.31."""

    function = "sigmoid"

    def by(self, a: Array) -> Array:
        return np.asarray((1 + np.tanh(a / 2)) / 2)


class TanhCancels(_Formula):
    """tanh is (exp(2x) - 1) / (exp(2x) + 1): where x is small no digit is left."""

    function = "tanh"

    def by(self, a: Array) -> Array:
        twice = np.exp(np.minimum(2 * a, 80))
        return np.asarray((twice - 1) / (twice + 1))


class TanhByATable(_Formula):
    """tanh is looked up in a table of 4096 places and joined by straight lines."""

    function = "tanh"

    def by(self, a: Array) -> Array:
        places = np.linspace(-9, 9, 4096)
        return np.interp(a, places, np.tanh(places)).astype(a.dtype)


class SigmoidSaturatesEarly(_Formula):
    """The sigmoid is 0 and 1 beyond 8."""

    function = "sigmoid"

    def by(self, a: Array) -> Array:
        return np.where(np.abs(a) > 8, (a > 0).astype(a.dtype), FUNCTIONS["sigmoid"](a))
