"""SimpleRNN (Elman 1990): one affine map of input and hidden state, one activation.

Symbols: ``x`` input ``(batch, input)``; ``h`` hidden state ``(batch, hidden)``; ``W`` kernel
``(input, hidden)``; ``U`` recurrent kernel ``(hidden, hidden)``; ``b`` bias and ``β`` recurrent
bias ``(hidden,)``; ``φ`` the activation. ``dv`` is the cotangent of ``v``, ``⊙`` the product by element.

Step::

    h' = φ(x W + b  +  h U + β)

Adjoint, from ``dh'``::

    da = dh' ⊙ φ'            cotangent of x W + b and of h U + β
    dh = da Uᵀ

References: J. L. Elman, Finding Structure in Time, Cognitive Science 14 (1990); the documentation
of ``keras.layers.SimpleRNN`` (one bias) and of ``torch.nn.RNN`` (two).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from . import activations, parameters
from .activations import Array
from .linear import affine, kernel_gradient
from .parameters import Gates, Parameters, State


@dataclass(frozen=True)
class SimpleRNN:
    """The equations of a SimpleRNN and their options; it holds no arrays.

    State: ``(h,)``. Gates: none, the hidden state is all there is.
    Raises `InvalidArgument` for a size below 1 and for an unknown activation.
    """

    input_size: int
    hidden_size: int
    activation: str = "tanh"
    use_bias: bool = True
    use_recurrent_bias: bool = False

    gate_order: ClassVar[tuple[str, ...]] = ("h",)
    gate_names: ClassVar[tuple[str, ...]] = ("h",)
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
        φ = activations.named(self.activation)
        h = φ(projected + affine(h, params["recurrent_kernel"], params.get("recurrent_bias")))
        return (h,), Gates(h=h)

    def adjoint(self, params: Parameters, gates: Gates, state: State, d_state: State) -> tuple[Array, Array, State]:
        """The cotangents of ``x W + b``, of ``h U + β`` and of the state before, from that of the state after."""
        (d_h,) = d_state
        φ = activations.named(self.activation)
        d_a = d_h * φ.derivative(gates["h"])
        return d_a, d_a, (d_a @ params["recurrent_kernel"].T,)

    def recurrent_kernel_gradient(self, gates: Gates, h: Array, d_recurrent: Array) -> Array:
        """``dU`` over all steps, from ``h`` before each step and the cotangent of ``h U + β``."""
        return kernel_gradient(h, d_recurrent)
