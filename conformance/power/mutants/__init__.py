"""Implementations that are wrong on purpose: how many of them the suite catches is what it is worth.

Each *mutant* is a complete implementation of the plug-in protocol (`layer.Textbook`, correct and independent of the
oracle) with one fault of a few lines. Its docstring states the bug in a sentence, with a link where it was shipped. The
faults stand in `faults`, one file for each part of a layer. A mutant uses no more of the suite than any plug-in does.

These are no mutants, since their answers are those of a correct layer; some are in `correct_variants`:

- the recurrent bias added to the input's bias, but for the candidate of a GRU that resets after the product: everywhere
  else both stand in one sum, ``x W + b + h U + β``, so that values and gradients are the same;
- the forget bias added to the bias beforehand: ``σ((a + b) + f) = σ(a + (b + f))``, with the same slopes;
- factors of dropout multiplied into the rows of a kernel: ``(x ⊙ m) W = x (diag(m) W)``, and ``diag(m)`` is constant;
- padding that is run over but set aside, cotangents included: what is set aside is in no answer, unless it is NaN.
"""

from __future__ import annotations

from types import ModuleType

from .faults import (
    activations,
    arithmetic,
    calls,
    cell_gradients,
    cells,
    conditions_of_losses,
    conditions_of_masks,
    conditions_of_sizes,
    conditions_of_values,
    directions,
    drawn_dropout,
    dropout,
    later_calls,
    masks,
    not_finite,
    sequence_gradients,
    states,
)
from .layer import Textbook

CONDITIONAL = "behind a condition"
"""The group of faults that show in few cases only."""
GROUPS: dict[str, tuple[ModuleType, ...]] = {
    "forward": (cells, activations, arithmetic),
    "state and direction": (states, directions),
    "mask and dropout": (masks, dropout),
    "backward": (cell_gradients, sequence_gradients),
    "api": (calls, not_finite),
    "later calls": (later_calls,),
    "drawn dropout": (drawn_dropout,),
    CONDITIONAL: (conditions_of_sizes, conditions_of_values, conditions_of_losses, conditions_of_masks),
}


def _of(module: ModuleType) -> list[type[Textbook]]:
    """The mutants of a module, in the order in which they stand there."""
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Textbook)]
    return [each for each in found if each.__module__ == module.__name__ and not each.__name__.startswith("_")]


MUTANTS: dict[str, type[Textbook]] = {
    mutant.__name__: mutant for modules in GROUPS.values() for module in modules for mutant in _of(module)
}
"""Every mutant by its name."""


def group_of(name: str) -> str:
    """The group that a mutant belongs to."""
    module = MUTANTS[name].__module__
    return next(group for group, modules in GROUPS.items() if any(module == each.__name__ for each in modules))


def bug_of(name: str) -> str:
    """The class of bugs, in a sentence."""
    return " ".join((MUTANTS[name].__doc__ or "").split())
