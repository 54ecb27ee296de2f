"""Activations: the function, its derivative, and its rounding.

DOCTABLE
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import isfinite

from ..errors import InvalidArgument
from . import exponentials, products, straight
from .activation import INFINITY, Activation, Array, clip, clipped

__all__ = ["FAMILIES", "NAMES", "Activation", "Array", "Parameter", "clip", "clipped", "named"]


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
    "hard_sigmoid": (straight.hard_sigmoid, (Parameter("alpha"), Parameter("beta"))),
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
