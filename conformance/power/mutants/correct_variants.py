"""Correct implementations written differently: what the suite says of them must be nothing.

Each computes the textbook's equations in another way that rounds otherwise, as some framework does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .autodiff import Array, Var, blocks, concatenate
from .cell_equations import LayerDirection, State
from .layer import Textbook, unmasked_steps


class Fused(Textbook):
    """Input and state side by side meet one matrix, with one bias: TensorFlow 1, oneDNN."""

    def arguments(self, at: LayerDirection, t: int, x: Var, h: Var) -> list[Var]:
        factors = [self.factors(at, t, name) for name in ("input", "recurrent")]
        if any(each is not None for each in factors):
            return super().arguments(at, t, x, h)
        matrix = concatenate([self.kernel(at, t), self.recurrent_kernel(at, t)], axis=0)
        product = concatenate([x, h]) @ matrix
        given = [bias for bias in (self.bias(at, t), self.recurrent_bias(at, t)) if bias is not None]
        return self.split(at, product + sum(given[1:], given[0]) if given else product, 4)


class Separate(Textbook):
    """Each gate has a product of its own: Keras's ``implementation=1``."""

    def product(self, at: LayerDirection, v: Var, kernel: Var, factors: Array | None) -> Var:
        gates = kernel.shape[1] // at.cell.hidden_size
        if gates == 1 or (factors is not None and factors.ndim == 3):
            return super().product(at, v, kernel, factors)
        dropped = v if factors is None else self.dropped(v, factors)
        return concatenate([dropped @ block for block in blocks(kernel, gates)])


class SummedBackward(Textbook):
    """Products are summed term by term, the last first, from the biases on."""

    def product(self, at: LayerDirection, v: Var, kernel: Var, factors: Array | None) -> Var:
        if factors is not None and factors.ndim == 3:
            return super().product(at, v, kernel, factors)
        dropped = v if factors is None else self.dropped(v, factors)
        a, b = dropped.value, kernel.value
        total, *terms = (a[:, k : k + 1] * b[k] for k in reversed(range(len(b))))
        for term in terms:
            total = total + term
        # one operation of the tape: one for each term would copy the whole kernel for each
        of_a = (dropped, lambda d: np.stack([(d * row).sum(axis=1) for row in b], axis=1))
        of_b = (kernel, lambda d: np.stack([(d * column[:, None]).sum(axis=0) for column in a.T]))
        return Var(total, [of_a, of_b])


class InBlocks(Textbook):
    """Time is cut into blocks of two steps, each run from the state that the one before it left."""

    def run_direction(self, at: LayerDirection, x: Var, state: State) -> tuple[Var, State]:
        if at.reverse or at.case.mask is not None or at.case.lengths is not None or x.shape[1] < 3:
            return super().run_direction(at, x, state)
        found = []
        for begin in range(0, x.shape[1], 2):
            outputs, state = super().run_direction(at, x[:, begin : begin + 2], state)
            found.append(outputs)
        every = concatenate(found, axis=1)
        return (every if at.case.return_sequences or not at.last else every[:, -1:]), state


class OtherFormulas(Textbook):
    """The sigmoid by two branches, tanh by expm1, and the GRU's state as n + z (h - n): PyTorch."""

    def activation_value(self, name: str, a: Array) -> Array:
        if name == "sigmoid":
            e = np.exp(-np.abs(a))
            return np.asarray(np.where(a >= 0, 1 / (1 + e), e / (1 + e)))
        if name == "tanh":
            e = np.expm1(-2 * np.abs(a))
            return np.asarray(np.copysign(-e / (2 + e), a))
        return super().activation_value(name, a)

    def interpolated(self, at: LayerDirection, z: Var, h: Var, n: Var) -> Var:
        return n + z * (h - n)


class FusedMultiplyAdd(Textbook):
    """Float32 whose products are added before they are rounded, as a processor's FMA does; emulated in float64.

    The product of two float32 is exact in float64, and rounding its sum twice is one FMA but for a rare half way.
    """

    dtypes: Sequence[str] = ("float32",)

    def product(self, at: LayerDirection, v: Var, kernel: Var, factors: Array | None) -> Var:
        plain = super().product(at, v, kernel, factors)
        if factors is not None and factors.ndim == 3:
            return plain
        left = (v.value if factors is None else v.value * factors).astype(np.float64)
        total = np.zeros(plain.shape, plain.value.dtype)
        for k in range(left.shape[1]):
            total = (total + left[:, k : k + 1] * kernel.value[k]).astype(plain.value.dtype)
        return plain.apply(total, np.ones_like(total))

    def cell_state(self, f: Var, c: Var, i: Var, g: Var) -> Var:
        plain = super().cell_state(f, c, i, g)
        inner = (i.value * g.value).astype(np.float64)
        fused = (f.value.astype(np.float64) * c.value + inner).astype(plain.value.dtype)
        return plain.apply(fused, np.ones_like(fused))


class MasksByArithmetic(Textbook):
    """The state at masked steps is ``m new + (1 - m) old``, as older Keras has it."""

    def masked_state(self, at: LayerDirection, t: int, keep: Array | None, after: State, before: State) -> State:
        if keep is None:
            return after
        m = keep.astype(after[0].value.dtype)
        return tuple(new * m + old * (1 - m) for new, old in zip(after, before, strict=True))


class InputsFirst(Textbook):
    """All steps' inputs meet the kernel in one product before the first step: cuDNN, Keras's ``implementation=2``."""

    threads = False  # a call keeps its products in the object

    every: Var | None = None

    def run_direction(self, at: LayerDirection, x: Var, state: State) -> tuple[Var, State]:
        clean = self.input_in_order(at, self.without_padding(x, unmasked_steps(at.case)))
        factors = at.dropout.get("input")
        self.every = None
        if x.shape[1] and not (factors is not None and factors.ndim == 3):
            self.every = (clean if factors is None else clean * factors[:, None]) @ self.kernel(at, 0)
        return super().run_direction(at, x, state)

    def from_input(self, at: LayerDirection, t: int, x: Var) -> Var:
        if self.every is None:
            return super().from_input(at, t, x)
        bias = self.bias(at, t)
        return self.every[:, t] if bias is None else self.every[:, t] + bias


CORRECT_VARIANTS: Mapping[str, type[Textbook]] = {
    each.__name__: each
    for each in (
        Textbook,
        Fused,
        Separate,
        SummedBackward,
        InBlocks,
        OtherFormulas,
        FusedMultiplyAdd,
        MasksByArithmetic,
        InputsFirst,
    )
}
"""Every correct implementation by its name."""
