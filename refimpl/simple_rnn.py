"""SimpleRNN (Elman 1990): one affine map of input and hidden state, one activation.

Symbols: ``x`` input ``(batch, input)``; ``h`` hidden state ``(batch, hidden)``; ``W`` kernel
``(input, hidden)``; ``U`` recurrent kernel ``(hidden, hidden)``; ``b`` bias and ``β`` recurrent
bias ``(hidden,)``; ``φ`` the activation; ``m`` the factors of recurrent dropout, 1 without. ``dv`` is the cotangent of
``v``, ``⊙`` the product by element.

Step::

    a = x W + b  +  (h ⊙ m) U + β
    h' = φ(a)

Adjoint, from ``dh'``::

    da = dh' ⊙ φ'(a)         cotangent of x W + b and of (h ⊙ m) U + β
    dh = da Uᵀ ⊙ m

References: J. L. Elman, Finding Structure in Time, Cognitive Science 14 (1990); the documentation
of ``keras.layers.SimpleRNN`` (one bias) and of ``torch.nn.RNN`` (two).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from . import checks, parameters
from .activations import Activation
from .arrays import Array
from .linear import Factors, affine, affine_adjoint, kernel_gradient
from .parameters import Adjoint, Kept, Parameters, State, Step, StepCotangents


@dataclass(frozen=True)
class SimpleRNN:
    """The equations of a SimpleRNN and their options; it holds no arrays.

    State: ``(h,)``. Gates: none, the hidden state is all there is. ``clip`` bounds the activation's argument to ±clip
    (ONNX). Raises `InvalidArgument` for a size below 1, an unknown activation, and a clip that is not positive.
    """

    input_size: int
    hidden_size: int
    activation: str = "tanh"
    use_bias: bool = True
    use_recurrent_bias: bool = False
    clip: float | None = None

    gate_order: ClassVar[tuple[str, ...]] = ("h",)
    state_names: ClassVar[tuple[str, ...]] = ("h",)

    def __post_init__(self) -> None:
        checks.fields(
            self,
            input_size=checks.size,
            hidden_size=checks.size,
            activation=parameters.activation_name,
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
        return parameters.kept_names(("h",), self._φ)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameter name to shape."""
        return parameters.shapes(self)

    def init(self, rng: np.random.Generator, dtype: Any = np.float64) -> Parameters:
        """Fresh parameters, uniform on ±1/sqrt(hidden)."""
        return parameters.uniform(self, rng, dtype)

    def step(self, params: Parameters, factors: Factors = None) -> Step:
        """The step: from ``x W + b``, ``(batch, hidden)``, and the state before it, that after it and the gates."""
        φ, U, β = self._φ, params["recurrent_kernel"], params.get("recurrent_bias")
        arguments = parameters.need_arguments(φ)

        def step(projected: Array, state: State) -> tuple[State, Kept]:
            a = affine(state[0], U, β, factors)
            a += projected
            h = φ(a)
            return (h,), (h, a) if arguments else (h,)

        return step

    def slopes(self, gates: Kept, before: State) -> Kept:
        """The derivative of h' in its argument."""
        return (self._φ.derivative(gates[0], *parameters.arguments(gates[1:], 1)),)

    def adjoint(self, params: Parameters, factors: Factors = None) -> Adjoint:
        """The step's adjoint: from a step's slopes and the cotangent of the state after it, the cotangents of
        ``x W + b``, of ``h U + β`` and of the state before."""
        U = params["recurrent_kernel"]

        def adjoint(slopes: Kept, d_state: State) -> tuple[StepCotangents, State]:
            d_a = d_state[0] * slopes[0]
            return StepCotangents(d_a, d_a), (affine_adjoint(d_a, U, factors),)

        return adjoint

    def gradients(self, gates: Kept, before: State, cotangents: StepCotangents, factors: Factors = None) -> Parameters:
        """``dU`` over all steps, from ``h`` before each step and the cotangent of ``h U + β``."""
        return {"recurrent_kernel": kernel_gradient(before[0], cotangents.recurrent, factors)}

    @property
    def _φ(self) -> Activation:
        return parameters.activation(self, "activation")
