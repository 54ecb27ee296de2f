"""Hypothesis strategies that draw cases out of an option space (`conformance.cases.option_space`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from ..contract import Case
from .building import Drawn, Limits, build
from .option_space import Combination, Space, complete
from .probing import build_probing

__all__ = ["accepts", "cases", "cases_of", "has", "having"]

LONG = Limits(time=20)


def cases(space: Space, limits: Limits = LONG, **wanted: Any) -> st.SearchStrategy[Case]:
    """A case of one of the space's products with the ``wanted`` options: an entry, then a value for each option.

    One of three is built to probe (`probing`).
    """
    entries = [narrowed for entry in space.entries if (narrowed := _narrowed(entry, wanted)) is not None]

    @st.composite  # without arguments, as Hypothesis writes them out wherever a case is assumed away
    def case(draw: st.DrawFn) -> Case:
        entry = draw(st.sampled_from(entries))
        combination = {
            name: values[0] if len(values) == 1 else draw(st.sampled_from(values), label=name)
            for name, values in entry.items()
        }
        assume(not space.refuses(combination))
        built = draw(st.sampled_from((build, build, build_probing)))
        return built(Drawn(draw), combination, limits)

    return case()


def cases_of(
    combinations: Sequence[Combination], limits: Limits, fits: Callable[[Case], bool] = lambda _: True
) -> st.SearchStrategy[Case]:
    """A case of one of these combinations that ``fits``."""

    @st.composite  # without arguments, as in `cases`
    def case(draw: st.DrawFn) -> Case:
        found = build(Drawn(draw), draw(st.sampled_from(combinations)), limits)
        assume(fits(found))
        return found

    return case()


def having(space: Space, **wanted: Any) -> list[Combination]:
    """The space's valid combinations with these options."""
    return space.having(**wanted)


def has(space: Space, **wanted: Any) -> bool:
    """Whether the space has a valid combination with these options."""
    return bool(having(space, **wanted))


def accepts(implementation_cells: Sequence[Mapping[str, Any]], cell: Any, **others: Any) -> bool:
    """Whether the implementation says that it has this cell, plain but for the ``others``: options and their values."""
    case = Case(cell, {}, np.zeros((1, 1, cell.input_size)))
    wanted = {
        name: value for name, value in case.options.items() if name not in ("dtype", "initial_state", "gradients")
    }
    wanted |= others
    entries = [complete(entry, ()) for entry in implementation_cells]
    return any(all(value in entry.get(name, ()) for name, value in wanted.items()) for entry in entries)


def _narrowed(entry: Mapping[str, tuple[Any, ...]], wanted: Mapping[str, Any]) -> dict[str, tuple[Any, ...]] | None:
    """The product with only these values of some options; None where it has one of them not."""
    if not all(value in entry.get(name, ()) for name, value in wanted.items()):
        return None
    return dict(entry) | {name: (value,) for name, value in wanted.items()}
