"""GRU (Cho et al. 2014) in both reset forms; the update gate ``z`` keeps the old state.

Symbols: ``x`` input ``(batch, input)``; ``h`` hidden state ``(batch, hidden)``; ``W`` kernel
``(input, 3*hidden)``, ``U`` recurrent kernel ``(hidden, 3*hidden)``, ``b`` and ``β`` their biases, each
in three blocks z r n; ``φ`` activation, ``σ`` recurrent activation. ``dv`` is the cotangent of ``v``,
``⊙`` the product by element.

Step, reset after the product (``reset_after=True``; ONNX: linear before reset)::

    z = σ(x W_z + b_z  +  h U_z + β_z)
    r = σ(x W_r + b_r  +  h U_r + β_r)
    m = h U_n + β_n
    n = φ(x W_n + b_n  +  r ⊙ m)
    h' = z ⊙ h + (1 - z) ⊙ n

Step, reset before it: the same but for the candidate::

    m = r ⊙ h
    n = φ(x W_n + b_n  +  m U_n + β_n)

Recurrent dropout multiplies the ``h`` that each gate's block of ``U`` meets by factors, those of the gate or those of
all; the ``h`` that ``z`` keeps stays whole (Keras). ``clip`` bounds every activation's argument to ±clip (ONNX).

Adjoint, from ``dh'``; with dropout, what each gate's block of ``Uᵀ`` gives is multiplied by the gate's factors::

    dz = dh' ⊙ (h - n)    dn = dh' ⊙ (1 - z)    da_n = dn ⊙ φ'(a_n)
    after:   dr = da_n ⊙ m    dm = da_n ⊙ r       dh = dh' ⊙ z + [da_z da_r dm] Uᵀ
    before:  dm = da_n U_nᵀ   dr = dm ⊙ h         dh = dh' ⊙ z + [da_z da_r] U_zrᵀ + dm ⊙ r
    da_z = dz ⊙ σ'(a_z)   da_r = dr ⊙ σ'(a_r)

References: K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, EMNLP 2014,
arXiv:1406.1078 (its first version resets after, its third before); the documentation of
``keras.layers.GRU`` (both forms) and of ``torch.nn.GRU`` (reset after).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from . import checks, parameters
from .activations import Activation
from .arrays import Array
from .linear import Factors, affine, affine_adjoint, blocks, concatenate, dropped, kernel_gradient
from .parameters import Adjoint, Kept, Parameters, State, Step, StepCotangents


@dataclass(frozen=True)
class GRU:
    """The equations of a GRU and their options; it holds no arrays.

    State: ``(h,)``. Gates: update ``z``, reset ``r``, candidate ``n``, and the reset's operand ``m``.
    ``use_recurrent_bias`` is on by default, as reset after needs a bias of its own inside the reset product.
    Raises `InvalidArgument` for a size below 1, an unknown activation, and a clip that is not positive.
    """

    input_size: int
    hidden_size: int
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    reset_after: bool = True
    use_bias: bool = True
    use_recurrent_bias: bool = True
    clip: float | None = None

    gate_order: ClassVar[tuple[str, ...]] = ("z", "r", "n")
    state_names: ClassVar[tuple[str, ...]] = ("h",)

    def __post_init__(self) -> None:
        checks.fields(
            self,
            input_size=checks.size,
            hidden_size=checks.size,
            activation=parameters.activation_name,
            recurrent_activation=parameters.activation_name,
            reset_after=checks.flag,
            use_bias=checks.flag,
            use_recurrent_bias=checks.flag,
            clip=parameters.limit,
        )

    @property
    def output_size(self) -> int:
        """The size of one step's output."""
        return self.hidden_size

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """The size of each state."""
        return (self.hidden_size,)

    @property
    def gate_names(self) -> tuple[str, ...]:
        """What a step keeps."""
        return parameters.kept_names(("z", "r", "n", "m"), self._φ, self._σ)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameter name to shape."""
        return parameters.shapes(self)

    def init(self, rng: np.random.Generator, dtype: Any = np.float64) -> Parameters:
        """Fresh parameters, uniform on ±1/sqrt(hidden)."""
        return parameters.uniform(self, rng, dtype)

    def step(self, params: Parameters, factors: Factors = None) -> Step:
        """The step: from ``x W + b``, ``(batch, 3 * hidden)``, and the state before it, that after it and the gates."""
        φ, σ = self._φ, self._σ
        U, β = params["recurrent_kernel"], params.get("recurrent_bias")
        (U_zr, U_n), (β_zr, β_n) = self._zr_and_n(U), (None, None) if β is None else self._zr_and_n(β)
        of_zr, of_n = _zr_and_n_factors(factors)
        arguments = parameters.need_arguments(φ, σ)

        def step(projected: Array, state: State) -> tuple[State, Kept]:
            (h,) = state
            x_zr, x_n = self._zr_and_n(projected)
            if self.reset_after:
                u_zr, m = self._zr_and_n(affine(h, U, β, factors))
            else:
                u_zr = affine(h, U_zr, β_zr, of_zr)
            a_zr = x_zr + u_zr
            z, r = blocks(σ(a_zr), 2)
            if self.reset_after:
                a_n = x_n + r * m
            else:
                m = r * dropped(h, of_n)
                a_n = x_n + affine(m, U_n, β_n)
            n = φ(a_n)
            h = z * h + (1 - z) * n
            return (h,), (z, r, n, m, concatenate(a_zr, a_n)) if arguments else (z, r, n, m)

        return step

    def slopes(self, gates: Kept, before: State) -> Kept:
        """h - n and 1 - z; σ' of z, φ' of n, σ' of r; what r is multiplied with, m or h; r and z."""
        (z, r, n, m), (h,), φ, σ = gates[:4], before, self._φ, self._σ
        a_z, a_r, a_n = parameters.arguments(gates[4:], 3)
        σ_z, φ_n, σ_r = σ.derivative(z, a_z), φ.derivative(n, a_n), σ.derivative(r, a_r)
        return h - n, 1 - z, σ_z, φ_n, σ_r, m if self.reset_after else h, r, z

    def adjoint(self, params: Parameters, factors: Factors = None) -> Adjoint:
        """The step's adjoint: from a step's slopes and the cotangent of the state after it, the cotangents of
        ``x W + b``, of ``h U + β`` and of the state before."""
        U = params["recurrent_kernel"]
        (U_zr, U_n), (of_zr, of_n) = self._zr_and_n(U), _zr_and_n_factors(factors)

        def adjoint(slopes: Kept, d_state: State) -> tuple[StepCotangents, State]:
            (h_less_n, not_z, σ_z, φ_n, σ_r, reset_on, r, z), (d_h,) = slopes, d_state
            d_az = d_h * h_less_n * σ_z
            d_an = d_h * not_z * φ_n
            if self.reset_after:
                d_ar = d_an * reset_on * σ_r
                d_u = concatenate(d_az, d_ar, d_an * r)
                d_met = affine_adjoint(d_u, U, factors)
                return StepCotangents(concatenate(d_az, d_ar, d_an), d_u), (d_h * z + d_met,)
            d_m = affine_adjoint(d_an, U_n, of_n)
            d_ar = d_m * reset_on * σ_r
            d_met = affine_adjoint(concatenate(d_az, d_ar), U_zr, of_zr) + d_m * r
            d_a = concatenate(d_az, d_ar, d_an)
            return StepCotangents(d_a, d_a), (d_h * z + d_met,)

        return adjoint

    def gradients(self, gates: Kept, before: State, cotangents: StepCotangents, factors: Factors = None) -> Parameters:
        """``dU`` over all steps, from what each step's kernel met and the cotangent of ``h U + β``."""
        (h,), (_, _, _, m) = before, gates[:4]
        if self.reset_after:
            return {"recurrent_kernel": kernel_gradient(h, cotangents.recurrent, factors)}
        (d_zr, d_n), (of_zr, _) = self._zr_and_n(cotangents.recurrent), _zr_and_n_factors(factors)
        return {"recurrent_kernel": concatenate(kernel_gradient(h, d_zr, of_zr), kernel_gradient(m, d_n))}

    def _zr_and_n(self, a: Array) -> tuple[Array, Array]:
        """The blocks of the gates, and that of the candidate."""
        return a[..., : 2 * self.hidden_size], a[..., 2 * self.hidden_size :]

    @property
    def _φ(self) -> Activation:
        return parameters.activation(self, "activation")

    @property
    def _σ(self) -> Activation:
        return parameters.activation(self, "recurrent_activation")


def _zr_and_n_factors(factors: Factors) -> tuple[Factors, Factors]:
    """The factors of the gates, and those of the candidate: each has its own, or all have the same."""
    return (factors, factors) if factors is None or len(factors) == 1 else (factors[:2], factors[2:])
