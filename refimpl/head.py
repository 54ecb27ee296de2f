"""What stands before and behind a recurrent layer: Embedding and Dense, softmax, log-softmax and sigmoid.

Symbols: ``x`` input, ``y`` output, ``W`` kernel ``(input, output)``, ``b`` bias ``(output,)``, ``E`` embeddings
``(vocabulary, output)``, ``dv`` the cotangent of ``v``; ``Σ`` sums over the last axis, ``⊙`` is the product by element.

Embedding, and its adjoint::

    y[..., :] = E[x[...], :]                dE[k, :] = Σ of dy[..., :] over all places where x is k

Dense, and its adjoint::

    a = x W + b     y = φ(a)                da = dy ⊙ φ'(a)    dW = xᵀ da    db = Σ da over rows    dx = da Wᵀ

Softmax and log-softmax, for any shift m (here the greatest of the x), and their adjoints::

    l = (x - m) - log Σ exp(x - m)          dx = dl - s Σ dl
    s = exp(l)                              dx = s ⊙ (ds - Σ ds ⊙ s)

Arrays are float64 or float32, as the parameters are. The layers raise `InvalidArgument` for sizes below 1, an unknown
activation or manner, tokens that are no rows of the table, and arrays of another shape or dtype; NaN and infinity go
through them, as `model` has checked for them.

References: the documentation of ``keras.layers.Embedding`` and ``Dense``, of ``torch.nn.Embedding`` and ``Linear``;
P. Blanchard, D. Higham, N. Higham, Accurately computing the log-sum-exp and softmax functions (2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import activations, checks, initializers
from .arrays import Array
from .elementary import constant_maximum, exp, is_float, log
from .errors import InvalidArgument
from .linear import affine, bias_gradient, kernel_gradient
from .parameters import Parameters, activation_name

VECTOR_ACTIVATIONS = ("softmax", "log_softmax")
"""Activations of a Dense layer that are no functions of one element."""


def log_softmax(x: Array) -> Array:
    """``log(softmax(x))`` over the last axis, without overflow."""
    x = checks.floats("x", x, least_rank=1, check_finite=False)
    if not x.shape[-1]:
        raise InvalidArgument("x", expected="at least one class on the last axis", got=f"shape {x.shape}")
    shifted = x - constant_maximum(x)
    return shifted - log(exp(shifted).sum(axis=-1))[..., None]


def softmax(x: Array) -> Array:
    """``exp(x) / Σ exp(x)`` over the last axis, without overflow; computed as ``exp(log_softmax(x))``."""
    return exp(log_softmax(x))


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))`` by element, without overflow."""
    return activations.named("sigmoid")(checks.floats("x", x, least_rank=1, check_finite=False))


@dataclass(frozen=True)
class Embedding:
    """A table with a row for each token. Tokens are integers, ``(batch, time)``; output ``(batch, time, output)``.

    With ``mask_zero``, token 0 is padding: the mask of the steps is ``x != 0``.
    """

    vocabulary_size: int
    output_size: int
    mask_zero: bool = False

    def __post_init__(self) -> None:
        checks.fields(self, vocabulary_size=checks.size, output_size=checks.size, mask_zero=checks.flag)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameter name to shape."""
        return {"embeddings": (self.vocabulary_size, self.output_size)}

    def init(self, rng: np.random.Generator, dtype: Any = np.float64, manner: str = "keras") -> Parameters:
        """Fresh embeddings: uniform on ±0.05 (Keras) or standard normal (PyTorch)."""
        initializers.check_manner(manner)
        (shape,) = self.parameter_shapes.values()
        if manner == "keras":
            return {"embeddings": initializers.uniform(rng, shape, 0.05, dtype)}
        return {"embeddings": initializers.normal(rng, shape, dtype)}

    def tokens(self, x: Any) -> Array:
        """``x`` as an array of tokens, each a row of the table."""
        return self._tokens("x", x)

    def forward(self, params: Parameters, tokens: Array) -> Array:
        """The tokens' rows, ``(batch, time, output)``."""
        table = checks.shaped_arrays("params", params, self.parameter_shapes, check_finite=False)["embeddings"]
        return table[self._tokens("tokens", tokens)]

    def squares(self, tokens: Array, d_y: Array) -> Parameters:
        """The sum of the squares of what each occurrence of a token adds to the table's gradient (`optimizers`)."""
        d_y = checks.floats("d_y", d_y, check_finite=False)
        return self.adjoint(tokens, d_y * d_y)

    def adjoint(self, tokens: Array, d_y: Array) -> Parameters:
        """The table's gradient, from the tokens ``(batch, time)`` and the cotangent of their rows."""
        tokens = self._tokens("tokens", tokens)
        d_y = checks.shaped("d_y", d_y, (*tokens.shape, self.output_size), check_finite=False)
        flat, rows = tokens.reshape(-1), d_y.reshape(-1, self.output_size)
        if not is_float(rows):
            chosen = np.arange(self.vocabulary_size)[:, None] == flat
            return {"embeddings": chosen.astype(rows.dtype) @ rows}
        table = np.empty((self.vocabulary_size, self.output_size), rows.dtype)
        for k in range(self.output_size):  # much faster than np.add.at, and than sorting the tokens first
            table[:, k] = np.bincount(flat, rows[:, k], self.vocabulary_size)
        return {"embeddings": table}

    def _tokens(self, name: str, value: Any) -> Array:
        found = checks.as_array(name, value)
        if found.ndim != 2:
            raise InvalidArgument(name, expected="integers of shape (batch, time)", got=checks.described(found))
        its: Array = checks.classes(name, found, found.shape, self.vocabulary_size, "tokens")
        return its.astype(np.intp, copy=False)  # NumPy 1 counts no unsigned integers of 64 bits


@dataclass(frozen=True)
class Dense:
    """An affine map of the last axis and an activation: any of `activations`, "softmax" or "log_softmax"."""

    input_size: int
    output_size: int
    activation: str = "linear"
    use_bias: bool = True

    def __post_init__(self) -> None:
        checks.fields(
            self, input_size=checks.size, output_size=checks.size, activation=_activation_name, use_bias=checks.flag
        )

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameter name to shape."""
        shapes: dict[str, tuple[int, ...]] = {"kernel": (self.input_size, self.output_size)}
        return shapes | {"bias": (self.output_size,)} if self.use_bias else shapes

    def init(self, rng: np.random.Generator, dtype: Any = np.float64, manner: str = "keras") -> Parameters:
        """Fresh parameters: Glorot uniform and a bias of zeros (Keras), or uniform on ±1/sqrt(input) (PyTorch)."""
        initializers.check_manner(manner)
        shapes = self.parameter_shapes
        if manner == "pytorch":
            limit = float(1 / np.sqrt(self.input_size))
            return {name: initializers.uniform(rng, shape, limit, dtype) for name, shape in shapes.items()}
        found = {"kernel": initializers.glorot_uniform(rng, shapes["kernel"], dtype)}
        return found | {"bias": np.zeros(shapes["bias"], checks.dtype("dtype", dtype))} if self.use_bias else found

    def forward(self, params: Parameters, x: Array) -> tuple[Array, Array]:
        """``a`` and ``y``, both ``(..., output)``, from x ``(..., input)``."""
        x = checks.floats("x", x, least_rank=1, last=self.input_size, check_finite=False)
        params = self._params(params, x)
        a = affine(x, params["kernel"], params.get("bias"))
        return a, self.activated(a)

    def activated(self, a: Array) -> Array:
        """``φ(a)``."""
        a = checks.floats("a", a, least_rank=1, last=self.output_size, check_finite=False)
        if self.activation in VECTOR_ACTIVATIONS:
            return softmax(a) if self.activation == "softmax" else log_softmax(a)
        return activations.named(self.activation)(a)

    def adjoint(self, params: Parameters, x: Array, a: Array, y: Array, d_y: Array) -> tuple[Parameters, Array]:
        """The parameters' gradients, and the cotangent of ``x``."""
        x = checks.floats("x", x, least_rank=1, last=self.input_size, check_finite=False)
        a = checks.shaped("a", a, (*x.shape[:-1], self.output_size), check_finite=False)
        params = self._params(params, x)
        d_a = self.activation_adjoint(a, y, d_y)
        found = {"kernel": kernel_gradient(x, d_a)}
        if self.use_bias:
            found["bias"] = bias_gradient(d_a)
        return found, d_a @ params["kernel"].T

    def activation_adjoint(self, a: Array, y: Array, d_y: Array) -> Array:
        """The cotangent of ``a``."""
        a = checks.floats("a", a, least_rank=1, last=self.output_size, check_finite=False)
        y, d_y = (checks.shaped(name, d, a.shape, check_finite=False) for name, d in (("y", y), ("d_y", d_y)))
        if self.activation == "softmax":
            return y * (d_y - (d_y * y).sum(axis=-1)[..., None])
        if self.activation == "log_softmax":
            return d_y - exp(y) * d_y.sum(axis=-1)[..., None]
        return d_y * activations.named(self.activation).derivative(y, a)

    def _params(self, params: Parameters, x: Array) -> Parameters:
        return checks.shaped_arrays("params", params, self.parameter_shapes, dtype=x.dtype, check_finite=False)


def _activation_name(argument: str, value: Any) -> str:
    return str(value) if isinstance(value, str) and value in VECTOR_ACTIVATIONS else activation_name(argument, value)
