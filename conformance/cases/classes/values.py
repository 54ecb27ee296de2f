"""Numbers with something special about them: exact zeros, equal rows, integers, symmetric kernels.

Everywhere else all numbers of an array differ and none is zero (`numbers`), so that nothing hides. A fault may need
just what these avoid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ...contract import Array, Case
from ..option_space import Combination
from ..parts import unmasked_steps_of

Generator = np.random.Generator
Change = Callable[[Case, Generator], Case]

_HUGE = {"float16": 100.0}
_IMMENSE = 1e30
_SUBNORMAL = {"float64": 2.0**-1030, "float32": 2.0**-130, "float16": 2.0**-17, "bfloat16": 2.0**-130}
_USUAL = ("tanh", "sigmoid", None)
_ACTIVATIONS = ("activation", "recurrent_activation", "output_activation")


def with_values(case: Case, name: str, rng: Generator) -> Case:
    """The case with such numbers; ``name`` is one of `VALUES`. What stands in masked steps stays."""
    unmasked = unmasked_steps_of(case)
    some = case.x[unmasked][:1, :1].sum()  # garbage would be the greatest number, and the first
    changed = VALUES[name](case.replace(x=np.where(unmasked[:, :, None], case.x, some)), rng)
    return changed.replace(x=np.where(unmasked[:, :, None], changed.x, case.x))


def can_have(combination: Combination, name: str) -> bool:
    """Whether a case of these options has what the class is about, and stays finite with it."""
    usual = all(combination.get(each) in _USUAL for each in _ACTIVATIONS) and not combination.get("projection")
    if name in _NEED_BOUNDED and not usual:
        return False
    if name == "immense" and combination["dtype"] == "float16":
        return False
    if name == "zero biases":
        return any(combination.get(each) for each in ("use_bias", "use_recurrent_bias"))
    if name in ("zero row", "equal rows"):
        return combination.get("layout") != "unbatched"
    return name != "zero state" or bool(combination["initial_state"])


def _of_x(change: Callable[[Array, Generator], Array]) -> Change:
    """A change of the input alone."""

    def changed(case: Case, rng: Generator) -> Case:
        return case.replace(x=change(case.x, rng).astype(case.dtype))

    return changed


def _of_params(which: Callable[[str], bool], change: Callable[[Array, Generator], Array]) -> Change:
    """A change of the parameters of such names, without their layers' prefixes."""

    def changed(case: Case, rng: Generator) -> Case:
        params = {
            name: change(value, rng).astype(case.dtype) if which(name.rpartition(".")[2]) else value
            for name, value in case.params.items()
        }
        return case.replace(params=params)

    return changed


def _zeros(array: Array, rng: Generator) -> Array:
    return np.zeros_like(array)


def _some(array: Array, rng: Generator) -> Array:
    """About half of the places, and at least one."""
    chosen = rng.random(array.shape) < 0.5
    if chosen.size and not chosen.any():
        chosen.flat[rng.integers(chosen.size)] = True
    return chosen


def _scattered_zeros(x: Array, rng: Generator) -> Array:
    return np.where(_some(x, rng), np.zeros((), x.dtype), x)


def _one_hot(x: Array, rng: Generator) -> Array:
    return np.eye(x.shape[2], dtype=x.dtype)[rng.integers(x.shape[2], size=x.shape[:2])]


def _zero_row(x: Array, rng: Generator) -> Array:
    found = x.copy()
    found[rng.integers(len(x))] = 0
    return found


def _zero_step(x: Array, rng: Generator) -> Array:
    found = x.copy()
    found[:, rng.integers(x.shape[1])] = 0
    return found


def _constant(array: Array, rng: Generator) -> Array:
    return np.full_like(array, array.flat[0])


def _integers(array: Array, rng: Generator) -> Array:
    return rng.integers(-3, 4, array.shape)


def _scaled_to(x: Array, most: float) -> Array:
    found = x.astype(np.float64)
    greatest = np.abs(found).max(initial=0.0)
    return np.asarray(found * (most / greatest)) if greatest else found


def _huge(x: Array, rng: Generator) -> Array:
    return _scaled_to(x, _HUGE.get(x.dtype.name, 1e3))


def _immense(x: Array, rng: Generator) -> Array:
    return _scaled_to(x, _IMMENSE)


def _subnormal(x: Array, rng: Generator) -> Array:
    tiny = _SUBNORMAL[x.dtype.name] * rng.choice([-1.0, 1.0], x.shape) * rng.uniform(0.5, 1, x.shape)
    return np.where(_some(x, rng), tiny, x.astype(np.float64))


def _negative_zeros(case: Case, rng: Generator) -> Case:
    def some(array: Array) -> Array:
        return np.where(_some(array, rng), array.dtype.type(-0.0), array)

    params = {name: some(value) if "bias" in name else value for name, value in case.params.items()}
    state = case.initial_state and tuple(map(some, case.initial_state))
    return case.replace(x=some(case.x), params=params, initial_state=state)


def _equal_rows(case: Case, rng: Generator) -> Case:
    state = case.initial_state and tuple(np.repeat(part[:1], len(part), axis=0) for part in case.initial_state)
    return case.replace(x=np.repeat(case.x[:1], len(case.x), axis=0), initial_state=state)


def _equal_steps(x: Array, rng: Generator) -> Array:
    return np.repeat(x[:, :1], x.shape[1], axis=1)


def _zero_state(case: Case, rng: Generator) -> Case:
    state = case.initial_state and tuple(map(np.zeros_like, case.initial_state))
    return case.replace(initial_state=state)


def _by_gates(change: Callable[[Array], Array]) -> Callable[[Array, Generator], Array]:
    """A change of each gate's own block of a recurrent kernel, a square."""

    def changed(kernel: Array, rng: Generator) -> Array:
        return np.concatenate([change(block) for block in np.split(kernel, kernel.shape[1] // len(kernel), axis=1)], 1)

    return changed


def _symmetric(block: Array) -> Array:
    return np.triu(block) + np.triu(block, 1).T


def _identity(block: Array) -> Array:
    return np.eye(len(block), dtype=block.dtype)


VALUES: Mapping[str, Change] = {
    "zeros scattered": _of_x(_scattered_zeros),
    "one-hot": _of_x(_one_hot),
    "zero input": _of_x(_zeros),
    "zero row": _of_x(_zero_row),
    "zero step": _of_x(_zero_step),
    "zero biases": _of_params(lambda name: "bias" in name, _zeros),
    "zero state": _zero_state,
    "zero kernel": _of_params(lambda name: name == "kernel", _zeros),
    "zero recurrent kernel": _of_params(lambda name: name == "recurrent_kernel", _zeros),
    "negative zeros": _negative_zeros,
    "constant input": _of_x(_constant),
    "constant kernels": _of_params(lambda name: "kernel" in name, _constant),
    "equal rows": _equal_rows,
    "equal steps": _of_x(_equal_steps),
    "integers": _of_x(_integers),
    "subnormal": _of_x(_subnormal),
    "huge": _of_x(_huge),
    "immense": _of_x(_immense),
    "symmetric recurrent kernel": _of_params(lambda name: name == "recurrent_kernel", _by_gates(_symmetric)),
    "identity recurrent kernel": _of_params(lambda name: name == "recurrent_kernel", _by_gates(_identity)),
}
"""What is special about a case's numbers, by name."""

_NEED_BOUNDED = ("huge", "immense", "symmetric recurrent kernel", "identity recurrent kernel", "constant kernels")
