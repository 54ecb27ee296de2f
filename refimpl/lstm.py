"""LSTM (Hochreiter & Schmidhuber 1997) with the forget gate of Gers et al. (2000), and its variants as options.

Symbols: ``x`` input ``(batch, input)``; ``h`` hidden state ``(batch, output)`` and ``c`` cell state
``(batch, hidden)``; ``W`` kernel ``(input, 4*hidden)``, ``U`` recurrent kernel ``(output, 4*hidden)``, ``b`` and ``β``
their biases, each in four blocks i f g o; ``φ`` activation, ``σ`` recurrent activation, ``ψ`` output activation; ``m``
the factors of recurrent dropout, 1 without. ``dv`` is the cotangent of ``v``, ``⊙`` the product by element.

Step, output is hidden::

    a_i a_f a_g a_o = x W + b  +  (h ⊙ m) U + β
    i = σ(a_i)    f = σ(a_f)    g = φ(a_g)    o = σ(a_o)
    c' = f ⊙ c + i ⊙ g
    h' = o ⊙ ψ(c')

Adjoint, from ``dh'`` and ``dc'``::

    do = dh' ⊙ ψ(c')
    dc' += dh' ⊙ o ⊙ ψ'(c')
    di = dc' ⊙ g    df = dc' ⊙ c    dg = dc' ⊙ i    dc = dc' ⊙ f
    da = di ⊙ σ'(a_i)    df ⊙ σ'(a_f)    dg ⊙ φ'(a_g)    do ⊙ σ'(a_o)
    dh = da Uᵀ ⊙ m

Options, each a term or a factor more in the same places:

=================  ============================================================  ================================
option             step                                                          adjoint
=================  ============================================================  ================================
``forget_bias``    ``f = σ(a_f + forget_bias)``                                  the same
``peepholes`` p    ``a_i += p_i ⊙ c``, ``a_f += p_f ⊙ c``, ``a_o += p_o ⊙ c'``   ``dc' += p_o ⊙ da_o``,
                                                                                 ``dc += p_i ⊙ da_i + p_f ⊙ da_f``
``input_forget``   ``f = 1 - i``                                                 ``di -= df``, ``da_f = 0``
``proj_size`` P    ``h' = (o ⊙ ψ(c')) P``, P ``(hidden, output)``                ``dh' Pᵀ`` in place of ``dh'``
``clip``           every activation's argument is clipped to ±clip, ψ's too      0 where it was clipped
=================  ============================================================  ================================

References: S. Hochreiter, J. Schmidhuber, Long Short-Term Memory, Neural Computation 9 (1997);
F. Gers, J. Schmidhuber, F. Cummins, Learning to Forget, Neural Computation 12 (2000); peepholes: F. Gers,
N. Schraudolph, J. Schmidhuber, JMLR 3 (2002); projection: H. Sak, A. Senior, F. Beaufays, Interspeech 2014; the
documentation of ``keras.layers.LSTM`` (one bias), of ``torch.nn.LSTM`` (two, ``proj_size``), of ONNX's operator LSTM
(peepholes, ``input_forget``, ``clip``, three activations) and of TensorFlow 1's ``BasicLSTMCell`` (``forget_bias``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from . import parameters
from .activations import Activation, Array
from .linear import Factors, affine, affine_adjoint, bias_gradient, blocks, concatenate, kernel_gradient
from .parameters import Gates, Parameters, State, StepCotangents


@dataclass(frozen=True)
class LSTM:
    """The equations of an LSTM and their options; it holds no arrays.

    State: ``(h, c)``; with ``proj_size``, h has that size. Gates: input ``i``, forget ``f``, candidate ``g``, output
    ``o``, cell state ``c``. ``output_activation`` is that of the cell state; None: ``activation``, as Keras has it.
    Raises `InvalidArgument` for a size below 1, an unknown activation, a clip that is not positive, and a projection
    that is not smaller than the hidden state.
    """

    input_size: int
    hidden_size: int
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    use_bias: bool = True
    use_recurrent_bias: bool = False
    output_activation: str | None = None
    proj_size: int = 0
    peepholes: bool = False
    input_forget: bool = False
    clip: float | None = None
    forget_bias: float = 0.0

    gate_order: ClassVar[tuple[str, ...]] = ("i", "f", "g", "o")
    state_names: ClassVar[tuple[str, ...]] = ("h", "c")

    def __post_init__(self) -> None:
        parameters.check_cell(self)

    @property
    def output_size(self) -> int:
        """The size of one step's output."""
        return self.proj_size or self.hidden_size

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """The size of each state."""
        return self.output_size, self.hidden_size

    @property
    def gate_names(self) -> tuple[str, ...]:
        """What a step keeps."""
        return parameters.kept_names(("i", "f", "g", "o", "c"), self._φ, self._σ)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameter name to shape."""
        found = parameters.shapes(self)
        if self.peepholes:
            found["peepholes"] = (3 * self.hidden_size,)
        if self.proj_size:
            found["projection_kernel"] = (self.hidden_size, self.proj_size)
        return found

    def init(self, rng: np.random.Generator, dtype: Any = np.float64) -> Parameters:
        """Fresh parameters, uniform on ±1/sqrt(hidden)."""
        return parameters.uniform(self, rng, dtype)

    def step(self, params: Parameters, projected: Array, state: State, factors: Factors = None) -> tuple[State, Gates]:
        """One step, from ``projected``, ``x W + b`` in ``(batch, 4 * hidden)``, and the state before it."""
        (h, c), φ, σ, ψ = state, self._φ, self._σ, self._ψ
        a = projected + affine(h, params["recurrent_kernel"], params.get("recurrent_bias"), factors)
        a_i, a_f, a_g, a_o = blocks(a, 4)
        if self.forget_bias:
            a_f = a_f + self.forget_bias
        if self.peepholes:
            p_i, p_f, p_o = blocks(params["peepholes"], 3)
            a_i, a_f = a_i + p_i * c, a_f + p_f * c
        i, g = σ(a_i), φ(a_g)
        f = 1 - i if self.input_forget else σ(a_f)
        c = f * c + i * g
        if self.peepholes:
            a_o = a_o + p_o * c
        o = σ(a_o)
        h = o * ψ(c)
        if self.proj_size:
            h = h @ params["projection_kernel"]
        gates = Gates(i=i, f=f, g=g, o=o, c=c)
        if parameters.need_arguments(φ, σ):
            gates[parameters.ARGUMENTS] = concatenate(a_i, a_f, a_g, a_o)
        return (h, c), gates

    def adjoint(
        self, params: Parameters, gates: Gates, state: State, d_state: State, factors: Factors = None
    ) -> tuple[StepCotangents, State]:
        """The cotangents of ``x W + b``, of ``h U + β`` and of the state before, from that of the state after."""
        (_, c), (d_output, d_c), φ, σ, ψ = state, d_state, self._φ, self._σ, self._ψ
        i, f, g, o, c_after = (gates[name] for name in ("i", "f", "g", "o", "c"))
        a_i, a_f, a_g, a_o = parameters.arguments(gates, 4)
        y = ψ(c_after)
        d_h = d_output @ params["projection_kernel"].T if self.proj_size else d_output
        d_ao = d_h * y * σ.derivative(o, a_o)
        d_c = d_c + d_h * o * ψ.derivative(y, c_after)
        if self.peepholes:
            p_i, p_f, p_o = blocks(params["peepholes"], 3)
            d_c = d_c + p_o * d_ao
        d_i, d_f, d_g = d_c * g, d_c * c, d_c * i
        if self.input_forget:
            d_i, d_af = d_i - d_f, 0 * d_f
        else:
            d_af = d_f * σ.derivative(f, a_f)
        d_ai = d_i * σ.derivative(i, a_i)
        d_c = d_c * f
        if self.peepholes:
            d_c = d_c + p_i * d_ai + p_f * d_af
        d_a = concatenate(d_ai, d_af, d_g * φ.derivative(g, a_g), d_ao)
        d_before = affine_adjoint(d_a, params["recurrent_kernel"], factors), d_c
        return StepCotangents(d_a, d_a, d_output if self.proj_size else None), d_before

    def gradients(self, gates: Gates, before: State, cotangents: StepCotangents, factors: Factors = None) -> Parameters:
        """``dU = hᵀ da``, ``dp = Σ da ⊙ c`` and ``dP = (o ⊙ ψ(c'))ᵀ dh'`` over all steps, h that before each step."""
        h, c = before
        found = {"recurrent_kernel": kernel_gradient(h, cotangents.recurrent, factors)}
        if self.peepholes:
            d_i, d_f, _, d_o = blocks(cotangents.recurrent, 4)
            found["peepholes"] = bias_gradient(concatenate(d_i * c, d_f * c, d_o * gates["c"]))
        if cotangents.output is not None:
            found["projection_kernel"] = kernel_gradient(gates["o"] * self._ψ(gates["c"]), cotangents.output)
        return found

    @property
    def _φ(self) -> Activation:
        return parameters.activation(self, "activation")

    @property
    def _σ(self) -> Activation:
        return parameters.activation(self, "recurrent_activation")

    @property
    def _ψ(self) -> Activation:
        return self._φ if self.output_activation is None else parameters.activation(self, "output_activation")
