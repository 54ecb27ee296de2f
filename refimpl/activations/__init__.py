"""Activations: the function, its derivative, and its rounding.

Every elementwise activation of Keras 3 (``keras.activations``) and of ONNX's RNN, LSTM and GRU, by its Keras name, and
in parentheses the numbers that it takes: ``leaky_relu(0.01)``. Without parentheses they are Keras's defaults; where
Keras has none (``threshold``, and ONNX's ``affine``, ``scaled_tanh``, ``thresholded_relu``) they must be given. A
number means its float64 value. Softmax, log_softmax, sparsemax and glu act across features: they are not modelled here.

=======================  ===========================================  =============  ======  =====  ==============
name                     ``f(x)``                                     ``f'`` from    ulps    sum    measured
=======================  ===========================================  =============  ======  =====  ==============
``tanh``                 ``tanh(x)``                                  y              8       -      0.92, 0.71
``sigmoid``              ``1 / (1 + exp(-x))``                        y              8       -      0.77, 0.62
``relu``                 ``max(x, 0)``                                y              0       -      0, 0
``relu(s,m,t)``          ``min(x, m)`` if ``x > t``, ``s (x - t)``    x              3       2      1.00, 1.00
``relu6``                ``min(max(x, 0), 6)``                        y              0       -      0, 0
``leaky_relu(s=0.2)``    x if ``x > 0``, else ``s x``                 y              2       -      0.88, 0.38
``linear``               x                                            y              0       -      0, 0
``affine(a,b)``          ``a x + b``                                  y              2       4      0.23, 0.12
``hard_sigmoid``         ``min(max(x + 3, 0), 6) / 6``                y              0       9      0.66, 1.00
``hard_sigmoid(a,b,m)``  ``min(max(a x + b, 0), m=1)``                y              2       4      0.17, 1.00
``hard_sigmoid_keras2``  ``min(max(x/5 + 1/2, 0), 1)``                y              0       9      0.28, 0.50
``hard_silu``            ``x hard_sigmoid(x)``                        x              6       9      0.28, 1.00
``hard_tanh``            ``min(max(x, -1), 1)``                       y              0       -      0, 0
``hard_shrink(t=0.5)``   x if ``|x| > t``, else 0                     y              0       1      1.00, 0.50
``soft_shrink(t=0.5)``   x, nearer to 0 by t                          y              1       1      0.49, 0.50
``threshold(t,v)``       x if ``x > t``, else v                       x              1       1      1.00, 1.00
``thresholded_relu(t)``  x if ``x > t``, else 0                       x              1       1      0, 0
``sparse_plus``          ``(x+1)²/4`` between ``0`` and ``x``         x              3       2      0.48, 0.50
``sparse_sigmoid``       ``min(max(x + 1, 0), 2) / 2``                y              0       2      0.50, 1.00
``exponential``          ``exp(x)``                                   y              4       -      0.68, 0.68
``elu(a=1)``             x if ``x > 0``, else ``a expm1(x)``          y              8       -      0.66, 0.33
``celu(a=1)``            x if ``x > 0``, else ``a expm1(x/a)``        y              8       -      0.66, 0.75
``selu``                 ``1.0507… elu(x)`` with ``a = 1.6732…``      y              8       -      0.66, 0.54
``softplus``             ``log(1 + exp(x))``                          y              10      -      0.76, 0.41
``log_sigmoid``          ``-softplus(-x)``                            y              10      -      0.76, 0.40
``softsign``             ``x / (1 + |x|)``                            y              4       -      0.48, 0.45
``squareplus(b=4)``      ``(x + sqrt(x² + b)) / 2``                   x and y        8       4 x    0.38, 0.30
``silu``                 ``x sigmoid(x)``                             x              10      -      0.86, 0.61
``mish``                 ``x tanh(softplus(x))``                      x              14      -      0.74, 0.66
``gelu``                 ``x (1 + erf(x / √2)) / 2``                  x              8       8 x    0.86, 0.31
``gelu_tanh``            Keras's ``gelu(x, approximate=True)``        x              10      8 x    0.43, 0.42
``tanh_shrink``          ``x - tanh(x)``                              x              8       10 x   0.38, 0.66
``scaled_tanh(a,b)``     ``a tanh(b x)``                              y              12      -      0.29, 0.63
=======================  ===========================================  =============  ======  =====  ==============

*f' from*: y alone is enough to pull back through a cell; x must be kept where it says so.
*ulps* is `Activation.ulps`. *sum* is ``argument_ulps`` where a sum comes first (of ``a x + b`` it is that times
``max(1, |b/a|)``, of a threshold that times ``max(1, t)``) and, with an x, ``terms``: that many u of x, where f is
defined as a sum that cancels.
*measured* is the greatest share of the bound of f, and of f', that was found in NumPy 2.4, PyTorch 2.13, Keras 3.15 on
PyTorch, JAX 0.10 and TensorFlow 2.21 (float64, float32, float16, bfloat16) and ONNX Runtime 1.31 (float32), over the
whole range and close to every kink: ``python -m conformance.truth.activation_accuracy`` prints it. Shares of 1 are
kinks: one side is as right as the other. What is wrong in a framework was left out; it is listed there.
The greatest of tanh are 7.4 ulps in TensorFlow, float64, and 10.1 in ONNX Runtime's GRU, where it is 1 - 10 u beyond
9; beyond 8 its bound is 11.

At a kink the derivative is PyTorch's: 0, but the negative slope of ``leaky_relu`` (JAX: 1), ``a`` of ``elu``, the
steeper of ``selu`` (TensorFlow: the other), and 1 of ``hard_silu`` at 3. Where others differ: ``hard_tanh`` has 1 in
TensorFlow and JAX, ``sparse_sigmoid`` 1/4 in JAX, ``relu(s,m,t)`` 0 at t in Keras where we have s.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import isfinite

from ..errors import InvalidArgument
from . import exponentials, products, straight
from .activation import INFINITY, Activation, clip, clipped

__all__ = ["FAMILIES", "NAMES", "Activation", "Parameter", "clip", "clipped", "named"]


class Parameter:
    """A number that an activation takes: its name, what it may be, and what it is where none is given."""

    def __init__(self, name: str, default: float | None = None, least: float = -INFINITY, above: float = -INFINITY):
        self.name, self.default, self.least, self.above = name, default, least, above
        self.may_be_infinite = default == INFINITY

    def allows(self, value: float) -> bool:
        finite = isfinite(value) or (self.may_be_infinite and value == INFINITY)
        return finite and value >= self.least and (self.above == -INFINITY or value > self.above)

    def __str__(self) -> str:
        limits = "a finite number"
        if self.least > -INFINITY:
            limits = f"a number from {self.least:g}"
        if self.above > -INFINITY:
            limits = f"a number above {self.above:g}"
        return f"{self.name} ({limits})" if self.default is None else f"{self.name}={self.default:g} ({limits})"


_NONE: tuple[Parameter, ...] = ()
_Builder = Callable[..., Activation]

_PLAIN = (
    exponentials.TANH,
    exponentials.SIGMOID,
    straight.RELU,
    straight.LINEAR,
    straight.HARD_SIGMOID,
    straight.HARD_SIGMOID_KERAS2,
    straight.RELU6,
    straight.HARD_TANH,
    straight.HARD_SILU,
    straight.SPARSE_PLUS,
    straight.SPARSE_SIGMOID,
    exponentials.EXPONENTIAL,
    products.GELU,
    products.GELU_TANH,
    exponentials.LOG_SIGMOID,
    products.MISH,
    exponentials.SELU,
    products.SILU,
    exponentials.SOFTPLUS,
    products.SOFTSIGN,
    products.TANH_SHRINK,
)

FAMILIES: dict[str, tuple[_Builder, tuple[Parameter, ...]]] = {
    "affine": (straight.affine, (Parameter("alpha"), Parameter("beta"))),
    "celu": (exponentials.celu, (Parameter("alpha", 1.0, above=0.0),)),
    "elu": (exponentials.elu, (Parameter("alpha", 1.0, least=0.0),)),
    "hard_shrink": (straight.hard_shrink, (Parameter("threshold", 0.5, least=0.0),)),
    "hard_sigmoid": (
        straight.hard_sigmoid,
        (Parameter("alpha"), Parameter("beta"), Parameter("max_value", 1.0, above=0.0)),
    ),
    "leaky_relu": (straight.leaky_relu, (Parameter("negative_slope", 0.2, least=0.0),)),
    "relu": (
        straight.relu,
        (
            Parameter("negative_slope", 0.0, least=0.0),
            Parameter("max_value", INFINITY, above=0.0),
            Parameter("threshold", 0.0, least=0.0),
        ),
    ),
    "scaled_tanh": (exponentials.scaled_tanh, (Parameter("alpha", above=0.0), Parameter("beta"))),
    "soft_shrink": (straight.soft_shrink, (Parameter("threshold", 0.5, least=0.0),)),
    "squareplus": (products.squareplus, (Parameter("b", 4.0, above=0.0),)),
    "threshold": (straight.threshold, (Parameter("threshold"), Parameter("default_value"))),
    "thresholded_relu": (straight.thresholded_relu, (Parameter("alpha"),)),
}
"""The activations that take numbers: how each is made of them, and what they are."""

_BY_NAME = {activation.name: activation for activation in _PLAIN}
for _name, (_make, _parameters) in FAMILIES.items():
    if _name not in _BY_NAME and all(p.default is not None for p in _parameters):
        _BY_NAME[_name] = _make(*(p.default for p in _parameters))

NAMES = tuple(_BY_NAME)
"""Every activation that can be named without parentheses; Keras's ``swish`` and ``hard_swish`` are aliases."""

_BY_NAME |= {"swish": products.SILU, "hard_swish": straight.HARD_SILU}


def named(name: str, argument: str = "activation") -> Activation:
    """The activation of that name, such as ``tanh`` or ``leaky_relu(0.01)``; `InvalidArgument` where there is none."""
    try:
        return _BY_NAME[name]
    except (KeyError, TypeError):
        pass
    if not isinstance(name, str) or not (parts := re.fullmatch(r"\s*(\w+)\s*\((.*)\)\s*", name)):
        known = ", ".join((*NAMES, *(f"{family}(…)" for family in FAMILIES)))
        raise InvalidArgument(argument, expected=f"one of {known}", got=repr(name))
    return _parsed(name, parts[1], parts[2], argument)


@cache
def _parsed(name: str, family: str, numbers: str, argument: str) -> Activation:
    if family not in FAMILIES:
        takers = ", ".join(FAMILIES)
        raise InvalidArgument(argument, expected=f"numbers only for one of {takers}", got=repr(name))
    make, parameters = FAMILIES[family]
    required = sum(p.default is None for p in parameters)
    signature = f"{family}({', '.join(map(str, parameters))})"
    try:
        values = tuple(float(number) for number in numbers.split(","))
    except ValueError:
        raise InvalidArgument(argument, expected=signature, got=repr(name)) from None
    if not max(required, 1) <= len(values) <= len(parameters):
        raise InvalidArgument(argument, expected=signature, got=repr(name))
    if not all(p.allows(value) for p, value in zip(parameters, values, strict=False)):
        raise InvalidArgument(argument, expected=signature, got=repr(name))
    return replace(make(*values), name=f"{family}({','.join(f'{value:g}' for value in values)})")
