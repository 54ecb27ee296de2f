"""The cases that are recorded: the same for the same options, whatever is installed.

A *question* stands for a case: the combination of options and the number of the draw. Everything else follows from
these two. A record keeps the question and a digest of the arrays, and the case can be built again where no framework is
installed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...cases.building import build_case
from ...cases.choosers import SeededChooser
from ...cases.coverage import OptionTuples
from ...cases.option_space import Combination, space_of
from ...contract import Case, Implementation, attribute_of

_ENOUGH = 200  # cases of an implementation: about as many as cover every pair; where fewer do, each is drawn again


@dataclass(frozen=True)
class Question:
    """A case by its options, its draw, and the sizes that the implementation asks for."""

    options: Combination
    draw: int = 0
    sizes: Mapping[str, int] | None = None

    @cached_property
    def case(self) -> Case:
        """The case that follows from the options and the draw, whatever list they stand in."""
        identity = json.dumps([dict(self.options), self.draw], sort_keys=True)
        seed = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8])
        return build_case(SeededChooser(seed, sizes=self.sizes), self.options)

    @cached_property
    def digest(self) -> str:
        """A digest of every array that goes in and every option: questions of one digest are the same."""
        found = hashlib.sha256(repr(sorted(self.options.items(), key=str)).encode())
        for name, array in _arrays(self.case):
            found.update(f"{name} {array.dtype.name} {array.shape}".encode())
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()[:24]


def questions(implementation: Implementation) -> list[Question]:
    """The questions that an implementation is asked: together they have every pair of values of its options.

    Where each case is ``expensive`` they have every value. An implementation whose options depend on the framework's
    version says in ``every_release`` which there are in any: the questions are then the same for all versions, but for
    those that this one cannot be asked.
    """
    refused = attribute_of(implementation, "refused")
    its = space_of(implementation.cells, implementation.dtypes, refused)
    cells = attribute_of(implementation, "every_release")
    every = its if cells is None else space_of(cells, implementation.dtypes)
    expensive = attribute_of(implementation, "expensive")
    places = OptionTuples(every.valid, 1 if expensive else 2).covering()
    draws = 1 if expensive else max(1, round(_ENOUGH / len(places)))
    sizes = attribute_of(implementation, "sizes")
    allowed = [every.valid[place] for place in places if every.valid[place] in its]
    return [Question(combination, draw, sizes) for draw in range(draws) for combination in allowed]


def _arrays(case: Case) -> Iterator[tuple[str, Any]]:
    yield "x", case.x
    for name in ("params", "dropout"):
        for key, value in sorted((getattr(case, name) or {}).items()):
            yield f"{name}.{key}", value
    for name in ("initial_state", "d_state"):
        for key, part in zip(case.state_names, getattr(case, name) or (), strict=False):
            if part is not None:
                yield f"{name}.{key}", part
    for name in ("d_outputs", "mask", "lengths"):
        if getattr(case, name) is not None:
            yield name, getattr(case, name)
