"""How large the numbers of a case may be, so that nothing overflows: that depends on its dtype and activations."""

from __future__ import annotations

from .option_space import Combination

ORDINARY, _SATURATING = 0.5, 40.0
_MAGNITUDES = (ORDINARY, 2.0, 1e-3, 1e-12, _SATURATING)  # from shrinking's favourite to tiny and saturating
_AT_MOST_ORDINARY = (ORDINARY, 1e-3, 1e-12)  # where no activation keeps the recurrence in bounds
_TINIEST = {"float16": 1e-3, "bfloat16": 1e-3}  # half precision has nothing much smaller
_BOUNDED = {"tanh", "sigmoid", "softsign", "hard_tanh", "scaled_tanh", "softmax", "relu6"}
_BOUNDED |= {"hard_sigmoid", "hard_sigmoid_keras2", "sparse_sigmoid"}
_EXPLODING = ("exponential",)  # infinite at a large argument


def is_half_precision(combination: Combination) -> bool:
    """Whether the working precision is float16 or bfloat16."""
    return combination["dtype"] in ("float16", "bfloat16")


def is_bounded(activation: str) -> bool:
    """Whether the activation keeps what it is applied to in bounds."""
    return activation.partition("(")[0] in _BOUNDED


def explodes(combination: Combination) -> bool:
    """Whether an activation grows so fast that a recurrence of ordinary magnitude would overflow."""
    return any(str(value).partition("(")[0] in _EXPLODING for value in combination.values())


def bounds_its_recurrence(combination: Combination) -> bool:
    """Whether the activation keeps in bounds what goes from step to step."""
    return is_bounded(combination.get("output_activation") or combination["activation"])


def magnitudes(combination: Combination, bounded: bool) -> tuple[float, ...]:
    """The magnitudes to choose from, where something keeps the results in bounds (``bounded``) or nothing does."""
    least = _TINIEST.get(combination["dtype"], 0.0)
    return tuple(size for size in (_MAGNITUDES if bounded else _AT_MOST_ORDINARY) if size >= least)


def of_any_array(combination: Combination) -> tuple[float, ...]:
    """The magnitudes that every array may have: gates multiply, so they decide."""
    gate = combination.get("recurrent_activation", "sigmoid")
    return magnitudes(combination, is_bounded(gate) and not explodes(combination))


def of_parameter(combination: Combination, name: str) -> tuple[float, ...]:
    """The magnitudes of a parameter of that name that may be like any array.

    In half precision no saturating kernel meets numbers that have been rounded before, those of a state or of a layer
    before: 40 times their errors is no small number, so that the case is chaotic and nothing of it can be compared.
    """
    prefix, _, which = name.rpartition(".")
    meets_rounded = "kernel" in which and not (which == "kernel" and prefix in ("", "l0", "l0_reverse"))
    sizes = of_any_array(combination)
    if is_half_precision(combination) and meets_rounded:
        return tuple(size for size in sizes if size < _SATURATING)
    return sizes


def of_recurrent_kernel(combination: Combination) -> tuple[float, ...] | None:
    """The magnitudes of a recurrent kernel that must be divided by its rows; None where it may be like any array."""
    if bounds_its_recurrence(combination) and of_any_array(combination) == magnitudes(combination, True):
        return None
    return tuple(size for size in magnitudes(combination, False) if size < ORDINARY or not explodes(combination))


def of_garbage(combination: Combination) -> float:
    """How large the numbers in masked steps are: much larger than any other, but nothing overflows."""
    return 4.0 if explodes(combination) else 300.0 if is_half_precision(combination) else 1e4
