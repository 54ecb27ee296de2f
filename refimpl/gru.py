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

Adjoint, from ``dh'``::

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

from . import activations, parameters
from .activations import Array
from .linear import affine, blocks, concatenate, kernel_gradient
from .parameters import Gates, Parameters, State


@dataclass(frozen=True)
class GRU:
    """The equations of a GRU and their options; it holds no arrays.

    State: ``(h,)``. Gates: update ``z``, reset ``r``, candidate ``n``, and the reset's operand ``m``.
    ``use_recurrent_bias`` is on by default, as reset after needs a bias of its own inside the reset product.
    Raises `InvalidArgument` for a size below 1 and for an unknown activation.
    """

    input_size: int
    hidden_size: int
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    reset_after: bool = True
    use_bias: bool = True
    use_recurrent_bias: bool = True

    gate_order: ClassVar[tuple[str, ...]] = ("z", "r", "n")
    gate_names: ClassVar[tuple[str, ...]] = ("z", "r", "n", "m")
    state_names: ClassVar[tuple[str, ...]] = ("h",)

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
        (h,) = state
        φ, σ = activations.named(self.activation), activations.named(self.recurrent_activation)
        x_z, x_r, x_n = blocks(projected, 3)
        u_z, u_r, u_n = blocks(params["recurrent_kernel"], 3)
        β_z, β_r, β_n = self._recurrent_biases(params)
        z = σ(x_z + affine(h, u_z, β_z))
        r = σ(x_r + affine(h, u_r, β_r))
        if self.reset_after:
            m = affine(h, u_n, β_n)
            n = φ(x_n + r * m)
        else:
            m = r * h
            n = φ(x_n + affine(m, u_n, β_n))
        h = z * h + (1 - z) * n
        return (h,), Gates(z=z, r=r, n=n, m=m)

    def adjoint(self, params: Parameters, gates: Gates, state: State, d_state: State) -> tuple[Array, Array, State]:
        """The cotangents of ``x W + b``, of ``h U + β`` and of the state before, from that of the state after."""
        (h,), (d_h,) = state, d_state
        φ, σ = activations.named(self.activation), activations.named(self.recurrent_activation)
        z, r, n, m = (gates[name] for name in ("z", "r", "n", "m"))
        u_z, u_r, u_n = blocks(params["recurrent_kernel"], 3)
        d_az = d_h * (h - n) * σ.derivative(z)
        d_an = d_h * (1 - z) * φ.derivative(n)
        if self.reset_after:
            d_ar = d_an * m * σ.derivative(r)
            d_m = d_an * r
            d_through_m = d_m @ u_n.T
            d_recurrent = concatenate(d_az, d_ar, d_m)
        else:
            d_m = d_an @ u_n.T
            d_ar = d_m * h * σ.derivative(r)
            d_through_m = d_m * r
            d_recurrent = concatenate(d_az, d_ar, d_an)
        d_before = d_h * z + d_az @ u_z.T + d_ar @ u_r.T + d_through_m
        return concatenate(d_az, d_ar, d_an), d_recurrent, (d_before,)

    def recurrent_kernel_gradient(self, gates: Gates, h: Array, d_recurrent: Array) -> Array:
        """``dU`` over all steps, from ``h`` before each step and the cotangent of ``h U + β``."""
        if self.reset_after:
            return kernel_gradient(h, d_recurrent)
        d_z, d_r, d_n = blocks(d_recurrent, 3)
        return concatenate(kernel_gradient(h, d_z), kernel_gradient(h, d_r), kernel_gradient(gates["m"], d_n))

    def _recurrent_biases(self, params: Parameters) -> tuple[Array | None, ...]:
        return blocks(params["recurrent_bias"], 3) if self.use_recurrent_bias else (None,) * 3
