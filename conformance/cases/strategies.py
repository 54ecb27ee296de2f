"""Hypothesis strategies that draw cases out of an option space (`conformance.cases.option_space`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from ..contract import Case
from .building import SizeLimits, build_case
from .declarations import with_defaults
from .option_space import Combination, Space
from .probing import build_probing

LONG_SEQUENCES = SizeLimits(time=20)
T = TypeVar("T")


@dataclass(frozen=True)
class HypothesisChooser:
    """Hypothesis chooses."""

    draw: st.DrawFn

    def integer(self, low: int, high: int, label: str) -> int:
        return self.draw(st.integers(low, high), label=label)

    def one_of(self, values: Sequence[T], label: str) -> T:
        return self.draw(st.sampled_from(values), label=label)

    def sizes(self, ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        return {name: self.integer(low, high, name) for name, (low, high) in ranges.items()}


def cases_of_space(space: Space, limits: SizeLimits = LONG_SEQUENCES, **wanted: Any) -> st.SearchStrategy[Case]:
    """Draws a case with the ``wanted`` options out of a space: an entry first, then a value for each option.

    One case of three is a probing one (`probing`).
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
        built = draw(st.sampled_from((build_case, build_case, build_probing)))
        return built(HypothesisChooser(draw), combination, limits)

    return case()


def cases_of_combinations(
    combinations: Sequence[Combination], limits: SizeLimits, is_suitable: Callable[[Case], bool] = lambda _: True
) -> st.SearchStrategy[Case]:
    """Draws a suitable case of one of these combinations."""

    @st.composite  # without arguments, as in `cases_of_space`
    def case(draw: st.DrawFn) -> Case:
        found = build_case(HypothesisChooser(draw), draw(st.sampled_from(combinations)), limits)
        assume(is_suitable(found))
        return found

    return case()


def declares_cell(implementation_cells: Sequence[Mapping[str, Any]], cell: Any, **others: Any) -> bool:
    """Whether an implementation's ``cells`` have this cell, in a plain forward run but for the ``others``, options."""
    case = Case(cell, {}, np.zeros((1, 1, cell.input_size)))
    wanted = {
        name: value for name, value in case.options.items() if name not in ("dtype", "initial_state", "gradients")
    }
    wanted |= others
    entries = [with_defaults(entry, ()) for entry in implementation_cells]
    return any(all(value in entry.get(name, ()) for name, value in wanted.items()) for entry in entries)


def _narrowed(entry: Mapping[str, tuple[Any, ...]], wanted: Mapping[str, Any]) -> dict[str, tuple[Any, ...]] | None:
    """The product with only these values of some options; None where it lacks one of them."""
    if not all(value in entry.get(name, ()) for name, value in wanted.items()):
        return None
    return dict(entry) | {name: (value,) for name, value in wanted.items()}
