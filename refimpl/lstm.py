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

(dc', dc', dc' and dh' stand side by side and are multiplied with g, c, i and ψ(c'), then with the slopes, all at once.)

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

from . import checks, parameters
from .activations import Activation
from .arrays import Array
from .errors import InvalidArgument
from .linear import Factors, affine, affine_adjoint, bias_gradient, blocks, concatenate, kernel_gradient
from .parameters import Adjoint, Kept, Parameters, State, Step, StepCotangents


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
        checks.fields(
            self,
            input_size=checks.size,
            hidden_size=checks.size,
            activation=parameters.activation_name,
            recurrent_activation=parameters.activation_name,
            use_bias=checks.flag,
            use_recurrent_bias=checks.flag,
            output_activation=checks.optional(parameters.activation_name),
            proj_size=parameters.projected_size,
            peepholes=checks.flag,
            input_forget=checks.flag,
            clip=parameters.limit,
            forget_bias=checks.number,
        )
        if self.proj_size >= self.hidden_size:
            expected = f"less than hidden_size={self.hidden_size}"
            raise InvalidArgument("proj_size", expected=expected, got=self.proj_size)

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

    def step(self, params: Parameters, factors: Factors = None) -> Step:
        """The step: from ``x W + b``, ``(batch, 4 * hidden)``, and the state before it, that after it and the gates."""
        φ, σ, ψ, hidden = self._φ, self._σ, self._ψ, self.hidden_size
        U, β = params["recurrent_kernel"], params.get("recurrent_bias")
        P, p = params.get("projection_kernel"), params.get("peepholes")
        arguments = parameters.need_arguments(φ, σ)

        def step(projected: Array, state: State) -> tuple[State, Kept]:
            h, c = state
            a = affine(h, U, β, factors)
            a += projected
            a_if, a_g, a_o = a[..., : 2 * hidden], a[..., 2 * hidden : 3 * hidden], a[..., 3 * hidden :]
            if self.forget_bias:
                a_i, a_f = blocks(a_if, 2)
                a_if = concatenate(a_i, a_f + self.forget_bias)
            if p is not None:
                p_if, p_o = p[: 2 * hidden], p[2 * hidden :]
                a_if = a_if + p_if * concatenate(c, c)
            i, f = blocks(σ(a_if), 2)
            if self.input_forget:
                f = 1 - i
            g = φ(a_g)
            c = f * c + i * g
            if p is not None:
                a_o = a_o + p_o * c
            o = σ(a_o)
            h = o * ψ(c)
            if P is not None:
                h = h @ P
            return (h, c), (i, f, g, o, c, concatenate(a_if, a_g, a_o)) if arguments else (i, f, g, o, c)

        return step

    def slopes(self, gates: Kept, before: State) -> Kept:
        """What dc', dc', dc' and dh', side by side, are multiplied with: g, c, i and ψ(c'), and the slopes; further
        o, ψ'(c') and f."""
        (i, f, g, o, c_after), (_, c), φ, σ, ψ = gates[:5], before, self._φ, self._σ, self._ψ
        a_i, a_f, a_g, a_o = parameters.arguments(gates[5:], 4)
        y = ψ(c_after)
        σ_i, φ_g, σ_o = σ.derivative(i, a_i), φ.derivative(g, a_g), σ.derivative(o, a_o)
        σ_f = σ_i if self.input_forget else σ.derivative(f, a_f)
        return concatenate(g, c, i, y), concatenate(σ_i, σ_f, φ_g, σ_o), o, ψ.derivative(y, c_after), f

    def adjoint(self, params: Parameters, factors: Factors = None) -> Adjoint:
        """The step's adjoint: from a step's slopes and the cotangent of the state after it, the cotangents of
        ``x W + b``, of ``h U + β`` and of the state before."""
        U, P, p = params["recurrent_kernel"], params.get("projection_kernel"), params.get("peepholes")

        def adjoint(slopes: Kept, d_state: State) -> tuple[StepCotangents, State]:
            (partners, slopes_a, o, ψ_c, f), (d_output, d_c) = slopes, d_state
            d_h = d_output if P is None else d_output @ P.T
            d_c = d_c + d_h * o * ψ_c
            if p is not None:
                (p_i, p_f, p_o), y, σ_o = blocks(p, 3), blocks(partners, 4)[3], blocks(slopes_a, 4)[3]
                d_c = d_c + p_o * (d_h * y * σ_o)
            d_a = concatenate(d_c, d_c, d_c, d_h)
            d_a *= partners
            if self.input_forget:
                d_i, d_f, d_g, d_o = blocks(d_a, 4)
                d_a = concatenate(d_i - d_f, 0 * d_f, d_g, d_o)
            d_a *= slopes_a
            d_c = d_c * f
            if p is not None:
                d_ai, d_af, _, _ = blocks(d_a, 4)
                d_c = d_c + p_i * d_ai + p_f * d_af
            d_before = affine_adjoint(d_a, U, factors), d_c
            return StepCotangents(d_a, d_a, None if P is None else d_output), d_before

        return adjoint

    def gradients(self, gates: Kept, before: State, cotangents: StepCotangents, factors: Factors = None) -> Parameters:
        """``dU = hᵀ da``, ``dp = Σ da ⊙ c``, for o with ``c'``, and ``dP = (o ⊙ ψ(c'))ᵀ dh'`` over all steps, h and c
        those before each step."""
        (_, _, _, o, c_after), (h, c) = gates[:5], before
        found = {"recurrent_kernel": kernel_gradient(h, cotangents.recurrent, factors)}
        if self.peepholes:
            d_i, d_f, _, d_o = blocks(cotangents.recurrent, 4)
            found["peepholes"] = bias_gradient(concatenate(d_i * c, d_f * c, d_o * c_after))
        if cotangents.output is not None:
            found["projection_kernel"] = kernel_gradient(o * self._ψ(c_after), cotangents.output)
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
