"""Optimizers, each in Keras's and in PyTorch's exact rule.

Symbols: ``w`` parameter, ``g`` gradient, ``η`` learning rate, ``ε`` epsilon, ``t`` the number of the step, from 1;
``'`` marks the new value. All slots start as zeros. The two manners differ in where ``η``, ``ε`` and Adam's bias
corrections stand:

SGD, momentum ``μ``, slot ``m``::

    Keras      m' = μ m - η g       w' = w + m'            Nesterov: w' = w + μ m' - η g
    PyTorch    m' = μ m + g         w' = w - η m'          Nesterov: w' = w - η (g + μ m')

RMSprop, discount ``ρ`` (PyTorch's ``alpha``), slots velocity ``v``, and, centered, average ``a``, and momentum ``m``::

    v' = ρ v + (1-ρ) g²             a' = ρ a + (1-ρ) g
    Keras      d = sqrt(v' - a'² + ε)        m' = μ m + η g / d      w' = w - m'
    PyTorch    d = sqrt(v' - a'²) + ε        m' = μ m + g / d        w' = w - η m'

Adam, decays ``β₁`` and ``β₂``, slots momentum ``m`` and velocity ``v``::

    m' = m + (1-β₁) (g - m)         v' = v + (1-β₂) (g² - v)
    Keras      w' = w - (η sqrt(1-β₂ᵗ) / (1-β₁ᵗ)) m' / (sqrt(v') + ε)
    PyTorch    w' = w - (η / (1-β₁ᵗ)) m' / (sqrt(v') / sqrt(1-β₂ᵗ) + ε)

So Keras's ``ε`` in Adam is the paper's "epsilon hat", PyTorch's the ``ε`` of its Algorithm 1. Where ``ε`` is not given
it is 1e-7 in Keras's manner and 1e-8 in PyTorch's. The other defaults are Keras's; PyTorch's own for RMSprop are
``η = 0.01``, ``ρ = 0.99``, for SGD and Adam ``η = 0.001``.

The third manner, "keras-tensorflow", is Keras's with two faults that Keras 3.15 has on TensorFlow alone. It casts
Python floats through float32, so that ``μ`` in SGD and ``β₁ᵗ``, ``β₂ᵗ`` in Adam's corrections are powers of numbers
rounded to float32, in float64 too. And the gradient of an embedding is a list of one slice for each occurrence of a
token, which it squares one by one: for ``g²`` it takes the sum of the occurrences' squares (``squares`` below).

Parameters, gradients and slots are mappings from name to array, all of a name in one shape, float64 or float32; what
comes out has their dtype. The constructors raise `InvalidArgument` for numbers out of their range and another manner,
``update`` for names, shapes or dtypes that do not fit, and for NaN and infinity.

Source: keras/src/optimizers/{sgd,rmsprop,adam,base_optimizer}.py, Keras 3.15; torch/optim/{sgd,rmsprop,adam}.py,
PyTorch 2.13. D. Kingma, J. Ba, Adam: A Method for Stochastic Optimization (2015).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks
from .arrays import Array
from .clipping import Clip as Clip  # a part of optimizers in Keras: `ri.optimizers.Clip`
from .elementary import is_float, sqrt
from .errors import InvalidArgument
from .parameters import Parameters

MANNERS = ("keras", "pytorch", "keras-tensorflow")

_MANNER = checks.word(*MANNERS)
_RATE, _SHARE = checks.at_least(0), checks.between(0, 1)
_EPSILON = {"keras": 1e-7, "pytorch": 1e-8, "keras-tensorflow": 1e-7}


@dataclass(frozen=True)
class OptimizerState:
    """What an optimizer remembers: how many steps it has made, and its slots, by slot and by parameter."""

    step: int
    slots: Mapping[str, Parameters]

    def __post_init__(self) -> None:
        checks.fields(self, step=checks.count, slots=_slots)


Slots = dict[str, Array]


class _OnEachParameter:
    """What all optimizers share: the state they start from, and a step, which is the rule on each parameter."""

    @property
    def slot_names(self) -> tuple[str, ...]:
        """Which slots each parameter has."""
        raise NotImplementedError

    def start(self, params: Parameters) -> OptimizerState:
        """The state before the first step; `InvalidArgument` for parameters that are no finite arrays by name."""
        params = checks.named_floats("params", params)
        slots = {slot: {name: np.zeros_like(w) for name, w in params.items()} for slot in self.slot_names}
        return OptimizerState(0, slots)

    def update(
        self, params: Parameters, gradients: Parameters, state: OptimizerState, squares: Parameters | None = None
    ) -> tuple[Parameters, OptimizerState]:
        """The parameters and the state after one step; ``squares`` stands for ``g²`` where a parameter is in it."""
        names = self.slot_names
        params = checks.named_floats("params", params)
        gradients = _alike("gradients", gradients, params)
        checks.instance("state", state, OptimizerState, "an OptimizerState")
        given = checks.mapping("state.slots", state.slots, names)
        before = {slot: _alike(f"state.slots[{slot!r}]", given[slot], params) for slot in names}
        squares = _some_alike("squares", squares, params)
        step = state.step + 1
        moved: Parameters = {}
        slots: dict[str, Parameters] = {slot: {} for slot in names}
        for name, w in params.items():
            g = gradients[name]
            square = squares[name] if name in squares else g * g
            moved[name], after = self._rule(w, g, square, {slot: before[slot][name] for slot in names}, step)
            for slot in names:
                slots[slot][name] = after[slot]
        return moved, OptimizerState(step, slots)

    def _rule(self, w: Array, g: Array, square: Array, slots: Slots, step: int) -> tuple[Array, Slots]:
        """One parameter and its slots after the step, from those before it and ``g²``."""
        raise NotImplementedError


@dataclass(frozen=True)
class SGD(_OnEachParameter):
    """Gradient descent, plain, with momentum, or with Nesterov's."""

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    manner: str = "keras"

    def __post_init__(self) -> None:
        checks.fields(self, learning_rate=_RATE, momentum=_SHARE, nesterov=checks.flag, manner=_MANNER)
        if self.nesterov and not self.momentum:
            raise InvalidArgument("nesterov", expected="True or False, and True only with momentum", got=self.nesterov)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """Which slots each parameter has."""
        return ("momentum",) if self.momentum else ()

    def _rule(self, w: Array, g: Array, square: Array, slots: Slots, step: int) -> tuple[Array, Slots]:
        η, μ = self.learning_rate, _cast(self, self.momentum)
        if not μ:
            return w - η * g, {}
        if self.manner != "pytorch":
            m = μ * slots["momentum"] - η * g
            return w + (μ * m - η * g if self.nesterov else m), {"momentum": m}
        m = μ * slots["momentum"] + g
        return w - η * (g + μ * m if self.nesterov else m), {"momentum": m}


@dataclass(frozen=True)
class RMSprop(_OnEachParameter):
    """The gradient over the root of a running mean of its square (Hinton 2012)."""

    learning_rate: float = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    centered: bool = False
    epsilon: float | None = None
    manner: str = "keras"

    def __post_init__(self) -> None:
        checks.fields(self, learning_rate=_RATE, rho=_SHARE, momentum=_SHARE, centered=checks.flag)
        checks.fields(self, epsilon=checks.optional(_RATE), manner=_MANNER)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """Which slots each parameter has."""
        return ("velocity", *("average",) * self.centered, *("momentum",) * bool(self.momentum))

    def _rule(self, w: Array, g: Array, square: Array, slots: Slots, step: int) -> tuple[Array, Slots]:
        η, ρ, μ, ε = self.learning_rate, self.rho, self.momentum, _epsilon(self)
        after = {"velocity": ρ * slots["velocity"] + (1 - ρ) * square}
        spread = after["velocity"]
        if self.centered:
            after["average"] = ρ * slots["average"] + (1 - ρ) * g
            spread = spread - after["average"] * after["average"]
        if self.manner != "pytorch":
            move = (η * g) / sqrt(spread + ε)
            if μ:
                move = after["momentum"] = μ * slots["momentum"] + move
            return w - move, after
        move = g / (sqrt(spread) + ε)
        if μ:
            move = after["momentum"] = μ * slots["momentum"] + move
        return w - η * move, after


@dataclass(frozen=True)
class Adam(_OnEachParameter):
    """Running means of the gradient and of its square, each freed of its bias towards the zeros it started from."""

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float | None = None
    manner: str = "keras"

    def __post_init__(self) -> None:
        checks.fields(self, learning_rate=_RATE, beta_1=_SHARE, beta_2=_SHARE)
        checks.fields(self, epsilon=checks.optional(_RATE), manner=_MANNER)
        if self.beta_1 == 1 or self.beta_2 == 1:
            raise InvalidArgument("beta_1, beta_2", expected="less than 1", got=f"{self.beta_1}, {self.beta_2}")

    @property
    def slot_names(self) -> tuple[str, ...]:
        """Which slots each parameter has."""
        return ("momentum", "velocity")

    def _rule(self, w: Array, g: Array, square: Array, slots: Slots, step: int) -> tuple[Array, Slots]:
        η, β1, β2, ε = self.learning_rate, self.beta_1, self.beta_2, _epsilon(self)
        m, v = slots["momentum"], slots["velocity"]
        m = m + (1 - β1) * (g - m)
        v = v + (1 - β2) * (square - v)
        correction_1, correction_2 = (1 - _power(_cast(self, β), step, g) for β in (β1, β2))
        if self.manner != "pytorch":
            w = w - (m * _scalar(η * sqrt(correction_2) / correction_1)) / (sqrt(v) + ε)
        else:
            w = w - (m * _scalar(η / correction_1)) / (sqrt(v) / _scalar(sqrt(correction_2)) + ε)
        return w, {"momentum": m, "velocity": v}


Optimizer = SGD | RMSprop | Adam


def _power(base: float, exponent: int, like: Array) -> Any:
    """``base ** exponent``; a number with its error bound among arrays that carry one."""
    return base**exponent if is_float(like) else like.constant(base) ** exponent


def _scalar(value: Any) -> Any:
    """A NumPy scalar as Python's float, which leaves float32 arrays what they are."""
    return float(value) if isinstance(value, np.generic) else value


def _cast(optimizer: SGD | Adam, constant: float) -> float:
    """The constant as the manner has it."""
    return float(np.float32(constant)) if optimizer.manner == "keras-tensorflow" else constant


def _epsilon(optimizer: RMSprop | Adam) -> float:
    """The one given, or the manner's own."""
    return _EPSILON[optimizer.manner] if optimizer.epsilon is None else optimizer.epsilon


def _slots(name: str, value: Any) -> Mapping[str, Parameters]:
    """By slot and by parameter; NaN and infinity too, where training has diverged."""
    given = checks.names(name, value).items()
    return {slot: checks.named_floats(f"{name}[{slot!r}]", arrays, check_finite=False) for slot, arrays in given}


def _alike(name: str, arrays: Any, params: Parameters) -> Parameters:
    """One array for each parameter, in its shape and dtype."""
    return _each_alike(name, checks.mapping(name, arrays, params), params)


def _some_alike(name: str, arrays: Any, params: Parameters) -> Parameters:
    """Arrays for some of the parameters, or for none."""
    if arrays is None:
        return {}
    if not isinstance(arrays, Mapping) or not set(arrays) <= set(params):
        expected = f"None, or a mapping with keys among {', '.join(params)}"
        raise InvalidArgument(name, expected=expected, got=checks.described(arrays))
    return _each_alike(name, arrays, params)


def _each_alike(name: str, arrays: Mapping[str, Any], params: Parameters) -> Parameters:
    return {
        key: checks.shaped(
            f"{name}[{key!r}]", array, params[key].shape, dtype=params[key].dtype, source="the parameter"
        )
        for key, array in arrays.items()
    }
