"""LSTM (Hochreiter & Schmidhuber 1997) with the forget gate of Gers et al. (2000), no peepholes.

Symbols: ``x`` input ``(batch, input)``; ``h`` hidden state and ``c`` cell state ``(batch, hidden)``;
``W`` kernel ``(input, 4*hidden)``, ``U`` recurrent kernel ``(hidden, 4*hidden)``, ``b`` and ``β`` their
biases, each in four blocks i f g o; ``φ`` activation, ``σ`` recurrent activation. ``dv`` is the cotangent
of ``v``, ``⊙`` the product by element.

Step::

    a_i a_f a_g a_o = x W + b  +  h U + β
    i = σ(a_i)    f = σ(a_f)    g = φ(a_g)    o = σ(a_o)
    c' = f ⊙ c + i ⊙ g
    h' = o ⊙ φ(c')

Adjoint, from ``dh'`` and ``dc'``::

    do = dh' ⊙ φ(c')
    dc' += dh' ⊙ o ⊙ φ'(c')
    di = dc' ⊙ g    df = dc' ⊙ c    dg = dc' ⊙ i    dc = dc' ⊙ f
    da = di ⊙ σ'(a_i)    df ⊙ σ'(a_f)    dg ⊙ φ'(a_g)    do ⊙ σ'(a_o)
    dh = da Uᵀ

References: S. Hochreiter, J. Schmidhuber, Long Short-Term Memory, Neural Computation 9 (1997);
F. Gers, J. Schmidhuber, F. Cummins, Learning to Forget, Neural Computation 12 (2000); the
documentation of ``keras.layers.LSTM`` (one bias) and of ``torch.nn.LSTM`` (two).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from . import activations, parameters
from .activations import Array
from .linear import affine, blocks, concatenate, kernel_gradient
from .parameters import Gates, Parameters, State


@dataclass(frozen=True)
class LSTM:
    """The equations of an LSTM and their options; it holds no arrays.

    State: ``(h, c)``. Gates: input ``i``, forget ``f``, candidate ``g``, output ``o``, cell state ``c``.
    Raises `InvalidArgument` for a size below 1 and for an unknown activation.
    """

    input_size: int
    hidden_size: int
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    use_bias: bool = True
    use_recurrent_bias: bool = False

    gate_order: ClassVar[tuple[str, ...]] = ("i", "f", "g", "o")
    gate_names: ClassVar[tuple[str, ...]] = ("i", "f", "g", "o", "c")
    state_names: ClassVar[tuple[str, ...]] = ("h", "c")

    def __post_init__(self) -> None:
        parameters.check_cell(self)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameter name to shape."""
        return parameters.shapes(self)

    def init(self, rng: np.random.Generator, dtype: Any = np.float64) -> Parameters:
        """Fresh parameters, uniform on ±1/sqrt(hidden)."""
        return parameters.uniform(self, rng, dtype)

    def step(self, params: Parameters, projected: Array, state: State) -> tuple[State, Gates]:
        """One step, from ``projected``, ``x W + b`` in ``(batch, gates * hidden)``, and the state before it."""
        h, c = state
        φ, σ = activations.named(self.activation), activations.named(self.recurrent_activation)
        a = projected + affine(h, params["recurrent_kernel"], params.get("recurrent_bias"))
        a_i, a_f, a_g, a_o = blocks(a, 4)
        i, f, g, o = σ(a_i), σ(a_f), φ(a_g), σ(a_o)
        c = f * c + i * g
        h = o * φ(c)
        return (h, c), Gates(i=i, f=f, g=g, o=o, c=c)

    def adjoint(self, params: Parameters, gates: Gates, state: State, d_state: State) -> tuple[Array, Array, State]:
        """The cotangents of ``x W + b``, of ``h U + β`` and of the state before, from that of the state after."""
        (_, c), (d_h, d_c) = state, d_state
        φ, σ = activations.named(self.activation), activations.named(self.recurrent_activation)
        i, f, g, o, c_after = (gates[name] for name in ("i", "f", "g", "o", "c"))
        y = φ(c_after)
        d_o = d_h * y
        d_c = d_c + d_h * o * φ.derivative(y)
        d_i, d_f, d_g = d_c * g, d_c * c, d_c * i
        d_a = concatenate(d_i * σ.derivative(i), d_f * σ.derivative(f), d_g * φ.derivative(g), d_o * σ.derivative(o))
        return d_a, d_a, (d_a @ params["recurrent_kernel"].T, d_c * f)

    def recurrent_kernel_gradient(self, gates: Gates, h: Array, d_recurrent: Array) -> Array:
        """``dU`` over all steps, from ``h`` before each step and the cotangent of ``h U + β``."""
        return kernel_gradient(h, d_recurrent)
