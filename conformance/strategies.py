"""Hypothesis strategies that draw cases out of an option space (`conformance.options`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from .cases import Case, options_of
from .drawing import Drawn, Limits, build
from .options import Combination, Space, complete

__all__ = ["accepts", "cases", "cases_of", "has", "having"]

LONG = Limits(time=20)


@st.composite
def cases(draw: st.DrawFn, /, space: Space, limits: Limits = LONG, **wanted: Any) -> Case:
    """A case of one of the space's products with the ``wanted`` options: an entry, then a value for each option."""
    entries = [narrowed for entry in space.entries if (narrowed := _narrowed(entry, wanted)) is not None]
    entry = draw(st.sampled_from(entries))
    combination = {
        name: values[0] if len(values) == 1 else draw(st.sampled_from(values), label=name)
        for name, values in entry.items()
    }
    assume(not space.refuses(combination))
    return build(Drawn(draw), combination, limits)


@st.composite
def cases_of(
    draw: st.DrawFn, combinations: Sequence[Combination], limits: Limits, fits: Callable[[Case], bool] = lambda _: True
) -> Case:
    """A case of one of these combinations that ``fits``."""
    case = build(Drawn(draw), draw(st.sampled_from(combinations)), limits)
    assume(fits(case))
    return case


def having(space: Space, **wanted: Any) -> list[Combination]:
    """The space's valid combinations with these options."""
    return [one for one in space.valid if wanted.items() <= one.items()]


def has(space: Space, **wanted: Any) -> bool:
    """Whether the space has a valid combination with these options."""
    return bool(having(space, **wanted))


def accepts(implementation_cells: Sequence[Mapping[str, Any]], cell: Any, **others: Any) -> bool:
    """Whether the implementation says that it has this cell, plain but for the ``others``: options and their values."""
    case = Case(cell, {}, np.zeros((1, 1, cell.input_size)))
    wanted = {
        name: value for name, value in options_of(case).items() if name not in ("dtype", "initial_state", "gradients")
    }
    wanted |= others
    entries = [complete(entry, ()) for entry in implementation_cells]
    return any(all(value in entry.get(name, ()) for name, value in wanted.items()) for entry in entries)


def _narrowed(entry: Mapping[str, tuple[Any, ...]], wanted: Mapping[str, Any]) -> dict[str, tuple[Any, ...]] | None:
    """The product with only these values of some options; None where it has one of them not."""
    if not all(value in entry.get(name, ()) for name, value in wanted.items()):
        return None
    return dict(entry) | {name: (value,) for name, value in wanted.items()}
