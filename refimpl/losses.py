"""Losses: what is made small, and its gradient in the model's output.

Symbols: ``t`` target, ``p`` output where it is a probability, ``x`` where it is a logit; ``N`` the number of elements
(mean squared error, binary cross-entropy) or of rows (categorical). Each loss is the mean over these or, with
``reduction="sum"``, the sum.

=================================  ==============================================  ==============================
loss                               of an element or row                            its derivative
=================================  ==============================================  ==============================
`MeanSquaredError`                 ``(y - t)²``                                    ``2 (y - t)``
`BinaryCrossentropy`, logits       ``(1-t) x + softplus(-x)``                      ``σ(x) - t``
… probabilities, Keras             ``-t log q - (1-t) log(1-q)``, ``q = clip(p)``  ``((1-t)/(1-q) - t/q) clip'(p)``
… probabilities, PyTorch           the same with ``q = p``, logarithms not         ``(p - t) / max(p (1-p), 1e-12)``
                                   below -100
`CategoricalCrossentropy`, logits  ``-Σ t l``, ``l = log_softmax(x)``              ``softmax(x) Σt - t``
… probabilities                    ``-Σ t log clip(p / Σp)``                       by the chain rule
`SparseCategoricalCrossentropy`    the same; t is the index of the one that is 1
=================================  ==============================================  ==============================

``clip`` is to ``[1e-7, 1 - 1e-7]``, Keras's epsilon. *Which one a framework computes.* PyTorch's ``BCELoss`` is the
third row, ``BCEWithLogitsLoss`` the second, ``CrossEntropyLoss`` the fifth. Keras computes from probabilities unless
``from_logits`` is set, **but** on TensorFlow, behind a layer whose activation is sigmoid or softmax, it takes the
logits before that activation (they hang on the tensor as ``_keras_logits``) and does not clip: use
`training.without_final_activation` for it.

Outputs are finite float64 or float32, of rank 2 or more; the loss is a number of their dtype, the gradient has their
shape and dtype. All raise `InvalidArgument` for another output, and for a target that does not fit it: another shape,
no finite real numbers, or no class of the output's.

Source: keras/src/losses/losses.py and keras/src/backend/*/nn.py, Keras 3.15; the documentation of ``torch.nn``'s
losses and aten/src/ATen/native/Loss.cpp, PyTorch 2.13.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks
from .arrays import Array
from .elementary import clip, is_float, log, softplus, sum_of_all
from .errors import InvalidArgument
from .head import log_softmax, sigmoid, softmax
from .initializers import MANNERS

EPSILON = 1e-7
"""Keras's ``backend.epsilon()``: probabilities are clipped to ``[EPSILON, 1 - EPSILON]``."""

LEAST_LOGARITHM = -100.0
LEAST_DENOMINATOR = 1e-12
"""PyTorch's limits in ``binary_cross_entropy``, forward and backward."""

REDUCTIONS = ("mean", "sum")
_REDUCTION = checks.word(*REDUCTIONS)


@dataclass(frozen=True)
class MeanSquaredError:
    """``(y - t)²``; target and output have the same shape."""

    reduction: str = "mean"

    def __post_init__(self) -> None:
        checks.fields(self, reduction=_REDUCTION)

    def __call__(self, target: Any, output: Array) -> Array:
        """The loss, a number."""
        output, t = _output_and_target(output, target)
        off = output - t
        return _reduced(self, off * off, _size(output))

    def gradient(self, target: Any, output: Array) -> Array:
        """Its gradient in the output."""
        output, t = _output_and_target(output, target)
        return _shared(self, 2 * (output - t), _size(output))


@dataclass(frozen=True)
class BinaryCrossentropy:
    """Of probabilities or logits, one an element; target and output have the same shape."""

    from_logits: bool = False
    manner: str = "keras"
    reduction: str = "mean"

    def __post_init__(self) -> None:
        checks.fields(self, from_logits=checks.flag, manner=checks.word(*MANNERS), reduction=_REDUCTION)

    def __call__(self, target: Any, output: Array) -> Array:
        """The loss, a number."""
        output, t = _output_and_target(output, target)
        if self.from_logits:  # grouped as TensorFlow and PyTorch have it, whose rounding a bound on it must cover
            return _reduced(self, (1 - t) * output + softplus(-output), _size(output))
        if self.manner == "keras":
            q = _CLIP(output)
            one, other = log(q), log(1 - q)
        else:
            with np.errstate(divide="ignore"):  # log 0 is what the limit is for
                one, other = _NOT_BELOW(log(output)), _NOT_BELOW(log(1 - output))
        return _reduced(self, -(t * one) - (1 - t) * other, _size(output))

    def gradient(self, target: Any, output: Array) -> Array:
        """Its gradient in the output."""
        output, t = _output_and_target(output, target)
        if self.from_logits:
            return _shared(self, sigmoid(output) - t, _size(output))
        if self.manner == "keras":
            q = _CLIP(output)
            inner = (1 - t) / (1 - q) - t / q
            return _shared(self, inner * _CLIP.derivative(q, output), _size(output))
        return _shared(self, (output - t) / _DENOMINATOR(output * (1 - output)), _size(output))


@dataclass(frozen=True)
class CategoricalCrossentropy:
    """Of the probabilities or logits of classes, on the last axis; target has the output's shape, often one-hot."""

    from_logits: bool = False
    reduction: str = "mean"

    def __post_init__(self) -> None:
        checks.fields(self, from_logits=checks.flag, reduction=_REDUCTION)

    def __call__(self, target: Any, output: Array) -> Array:
        """The loss, a number."""
        output, t = _output_and_target(output, target)
        logarithm = log_softmax if self.from_logits else _log_of_shares
        return _reduced(self, -(t * logarithm(output)), _rows(output))

    def gradient(self, target: Any, output: Array) -> Array:
        """Its gradient in the output."""
        output, t = _output_and_target(output, target)
        if self.from_logits:
            found = softmax(output) * t.sum(axis=-1)[..., None] - t
        else:
            whole = output.sum(axis=-1)[..., None]
            share = output / whole
            kept = _CLIP(share)
            d_share = -(t / kept) * _CLIP.derivative(kept, share)
            found = (d_share - (d_share * share).sum(axis=-1)[..., None]) / whole
        return _shared(self, found, _rows(output))


@dataclass(frozen=True)
class SparseCategoricalCrossentropy:
    """`CategoricalCrossentropy` whose target is the index of the right class: the output's shape but its last axis.

    From probabilities Keras on TensorFlow differs: it does not divide by their sum before it clips, but after.
    """

    from_logits: bool = False
    reduction: str = "mean"

    def __post_init__(self) -> None:
        checks.fields(self, from_logits=checks.flag, reduction=_REDUCTION)

    def __call__(self, target: Any, output: Array) -> Array:
        """The loss, a number."""
        return self._dense()(*_one_hot(target, output))

    def gradient(self, target: Any, output: Array) -> Array:
        """Its gradient in the output."""
        return self._dense().gradient(*_one_hot(target, output))

    def _dense(self) -> CategoricalCrossentropy:
        return CategoricalCrossentropy(self.from_logits, self.reduction)


Loss = MeanSquaredError | BinaryCrossentropy | CategoricalCrossentropy | SparseCategoricalCrossentropy

_CLIP = clip(EPSILON, 1 - EPSILON)
_NOT_BELOW = clip(LEAST_LOGARITHM, float("inf"))
_DENOMINATOR = clip(LEAST_DENOMINATOR, float("inf"))


def _log_of_shares(output: Array) -> Array:
    return log(_CLIP(output / output.sum(axis=-1)[..., None]))


def _reduced(loss: Any, elements: Array, count: int) -> Array:
    summed = sum_of_all(elements)
    if loss.reduction != "mean" or not count:
        return summed
    return summed / (summed.dtype.type(count) if is_float(summed) else count)  # NumPy 1: float32 / int is float64


def _shared(loss: Any, gradient: Array, count: int) -> Array:
    return gradient / count if loss.reduction == "mean" and count else gradient


def _size(output: Array) -> int:
    return int(np.prod(output.shape))


def _rows(output: Array) -> int:
    return int(np.prod(output.shape[:-1]))


def _output_and_target(output: Any, target: Any) -> tuple[Array, Array]:
    """The output, and the target in its shape and, where both are floats, its dtype."""
    output = _checked(output)
    found = checks.real_numbers("target", target, output.shape)
    if found.dtype != object and not checks.carries_its_own_arithmetic(found):
        found = found.astype(output.dtype if is_float(output) else np.float64)
    return output, found


def _one_hot(target: Any, output: Any) -> tuple[Array, Array]:
    """The target as one-hot rows in the output's shape, and the output."""
    output = _checked(output)
    count = output.shape[-1]
    if not count:
        raise InvalidArgument("output", expected="at least one class on the last axis", got=f"shape {output.shape}")
    found = checks.classes("target", target, output.shape[:-1], count)
    rows: Array = (found[..., None] == np.arange(count)).astype(output.dtype if is_float(output) else np.float64)
    return rows, output


def _checked(output: Any) -> Array:
    return checks.floats("output", output, least_rank=2)
