"""The activations once more, from their definitions: for one number, by Python's operators and the number's own exp."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

from ..activations import NAMES
from .dual import Dual, true_digits

PARAMETERISED = (
    "affine(0.75,-1.25)",
    "celu(0.5)",
    "elu(1.5)",
    "hard_shrink(0.25)",
    "hard_sigmoid(0.25,0.5)",
    "hard_sigmoid(0.25,0.75,0.875)",
    "leaky_relu(0.01)",
    "relu(0.125,2.5,0.5)",
    "scaled_tanh(1.75,-0.625)",
    "soft_shrink(0.25)",
    "squareplus(0.5)",
    "threshold(0.25,-1.5)",
    "thresholded_relu(1)",
)
ALL = (*NAMES, *PARAMETERISED)
NO_DECIMALS = ("gelu", "gelu_tanh")
DEFINED = tuple(name for name in ALL if name not in NO_DECIMALS)
TINY = Decimal(10) ** -75  # an odd function of slope 1 at zero is its argument, to all digits that matter


def steps(name: str, x: Any) -> Any:
    """The definition of an activation, written for one number with Python's operators and its own exp."""
    family, _, numbers = name.partition("(")
    a, b, c = (*(float(n) for n in numbers.rstrip(")").split(",") if n), 0.0, 0.0, 0.0)[:3]
    one, zero = 1 + 0 * x, 0 * x

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + (-x).exp())

    def tanh(x: Any) -> Any:
        if -TINY < x < TINY:
            return x
        return 2 * sigmoid(2 * x) - 1

    def ramp(x: Any, high: Any) -> Any:
        return min(max(x, zero), high + zero)

    def elu(x: Any, alpha: Any = 1) -> Any:
        return x if x > 0 else alpha * x.expm1()

    def softplus(x: Any) -> Any:
        return x.exp().log1p()

    definitions = {
        "affine": lambda: a * x + b,
        "celu": lambda: x if x >= 0 else (a or 1.0) * (x / (a or 1.0)).expm1(),
        "elu": lambda: elu(x, a or 1.0),
        "exponential": lambda: x.exp(),
        "hard_shrink": lambda: x if max(x, -x) > (a or 0.5) else zero,
        "hard_sigmoid": lambda: ramp(a * x + b, c + zero if c else one) if numbers else ramp(x + 3, 6) / 6,
        "hard_sigmoid_keras2": lambda: ramp(x / 5 + one / 2, one),
        "hard_silu": lambda: x * ramp(x + 3, 6) / 6,
        "hard_tanh": lambda: min(max(x, -one), one),
        "leaky_relu": lambda: x if x > 0 else (a or 0.2) * x,
        "linear": lambda: x,
        "log_sigmoid": lambda: -softplus(-x),
        "mish": lambda: x * tanh(softplus(x)),
        "relu": lambda: ramp(x, x if x > 0 else one) if not numbers else min(x, b + zero) if x > c else a * (x - c),
        "relu6": lambda: ramp(x, 6),
        "scaled_tanh": lambda: a * tanh(b * x),
        "selu": lambda: 1.0507009873554805 * elu(x, 1.6732632423543772),
        "sigmoid": lambda: sigmoid(x),
        "silu": lambda: x * sigmoid(x),
        "soft_shrink": lambda: x - (a or 0.5) if x > (a or 0.5) else min(x + (a or 0.5), zero),
        "softplus": lambda: softplus(x),
        "softsign": lambda: x / (1 + (x if x >= 0 else -x)),
        "sparse_plus": lambda: x if x >= 1 else (x + 1) * (x + 1) / 4 if x > -1 else zero,
        "sparse_sigmoid": lambda: ramp(x + 1, 2) / 2,
        "squareplus": lambda: (x + (x * x + (a or 4.0)).sqrt()) / 2,
        "tanh": lambda: tanh(x),
        "tanh_shrink": lambda: x - tanh(x),
        "threshold": lambda: x if x > a else b + zero,
        "thresholded_relu": lambda: x if x > a else zero,
    }
    return definitions[family]()


def defined(name: str, x: float) -> tuple[Decimal, Decimal]:
    """The value and slope of the definition, in as many digits as its cancellations leave."""
    with true_digits():
        far = max(-2000.0, min(x, 2000.0))  # beyond which exp is nothing, and each definition straight
        if family(name) in ("squareplus", "softsign"):
            far = x
        found = steps(name, Dual(Decimal(far), Decimal(1)))
        return found.value + found.slope * (Decimal(x) - Decimal(far)), found.slope


def family(name: str) -> str:
    return name.partition("(")[0]


def defined_slope(name: str, x: float) -> Decimal:
    with decimal.localcontext(decimal.Context(prec=40)):
        slope: Decimal = steps(name, Dual(Decimal(x), Decimal(1))).slope
        return slope
