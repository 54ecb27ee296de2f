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

from . import parameters
from .activations import Activation, Array
from .linear import Factors, affine, blocks, concatenate, dropped, kernel_gradient, total
from .parameters import Gates, Parameters, State, StepCotangents


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
        parameters.check_cell(self)

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

    def step(self, params: Parameters, projected: Array, state: State, factors: Factors = None) -> tuple[State, Gates]:
        """One step, from ``projected``, ``x W + b`` in ``(batch, 3 * hidden)``, and the state before it."""
        (h,), φ, σ = state, self._φ, self._σ
        h_z, h_r, h_n = (dropped(h, factors, gate) for gate in range(3))
        x_z, x_r, x_n = blocks(projected, 3)
        u_z, u_r, u_n = blocks(params["recurrent_kernel"], 3)
        β_z, β_r, β_n = self._recurrent_biases(params)
        a_z = x_z + affine(h_z, u_z, β_z)
        a_r = x_r + affine(h_r, u_r, β_r)
        z, r = σ(a_z), σ(a_r)
        if self.reset_after:
            m = affine(h_n, u_n, β_n)
            a_n = x_n + r * m
        else:
            m = r * h_n
            a_n = x_n + affine(m, u_n, β_n)
        n = φ(a_n)
        h = z * h + (1 - z) * n
        gates = Gates(z=z, r=r, n=n, m=m)
        if parameters.need_arguments(φ, σ):
            gates[parameters.ARGUMENTS] = concatenate(a_z, a_r, a_n)
        return (h,), gates

    def adjoint(
        self, params: Parameters, gates: Gates, state: State, d_state: State, factors: Factors = None
    ) -> tuple[StepCotangents, State]:
        """The cotangents of ``x W + b``, of ``h U + β`` and of the state before, from that of the state after."""
        (h,), (d_h,), φ, σ = state, d_state, self._φ, self._σ
        z, r, n, m = (gates[name] for name in ("z", "r", "n", "m"))
        a_z, a_r, a_n = parameters.arguments(gates, 3)
        u_z, u_r, u_n = blocks(params["recurrent_kernel"], 3)
        d_az = d_h * (h - n) * σ.derivative(z, a_z)
        d_an = d_h * (1 - z) * φ.derivative(n, a_n)
        if self.reset_after:
            d_ar = d_an * m * σ.derivative(r, a_r)
            d_m = d_an * r
            d_hn = d_m @ u_n.T
            d_recurrent = concatenate(d_az, d_ar, d_m)
        else:
            d_m = d_an @ u_n.T
            d_ar = d_m * dropped(h, factors, 2) * σ.derivative(r, a_r)
            d_hn = d_m * r
            d_recurrent = concatenate(d_az, d_ar, d_an)
        d_met = (d_az @ u_z.T, d_ar @ u_r.T, d_hn)  # the cotangents of what of h each gate's kernel met
        d_before = total(d_h * z, *(dropped(d, factors, gate) for gate, d in enumerate(d_met)))
        return StepCotangents(concatenate(d_az, d_ar, d_an), d_recurrent), (d_before,)

    def gradients(self, gates: Gates, before: State, cotangents: StepCotangents, factors: Factors = None) -> Parameters:
        """``dU`` over all steps, from ``h`` before each step and the cotangent of ``h U + β``."""
        (h,) = before
        d_z, d_r, d_n = blocks(cotangents.recurrent, 3)
        if self.reset_after:
            return {"recurrent_kernel": kernel_gradient(h, cotangents.recurrent, factors)}
        met = dropped(h, factors, 0), dropped(h, factors, 1), gates["m"]
        parts = zip(met, (d_z, d_r, d_n), strict=True)
        return {"recurrent_kernel": concatenate(*(kernel_gradient(each, d) for each, d in parts))}

    def _recurrent_biases(self, params: Parameters) -> tuple[Array | None, ...]:
        return blocks(params["recurrent_bias"], 3) if self.use_recurrent_bias else (None,) * 3

    @property
    def _φ(self) -> Activation:
        return parameters.activation(self, "activation")

    @property
    def _σ(self) -> Activation:
        return parameters.activation(self, "recurrent_activation")
