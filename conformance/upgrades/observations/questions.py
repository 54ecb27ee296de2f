"""The cases that are recorded: the same for the same options, whatever is installed.

A *question* stands for a case: the combination of options and the number of the draw, one of the real sizes, or the
known divergence whose minimal case it is. Everything else follows from these. A record keeps the question and a digest
of the arrays, and the case can be built again where no framework is installed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...cases.building import CaseBuilder, SizeLimits
from ...cases.choosers import SeededChooser
from ...cases.coverage import OptionTuples
from ...cases.declarations import with_defaults
from ...cases.option_space import Combination, space_of
from ...cases.sizes import build_case_of_size, can_have_any_size
from ...contract import Case, Implementation, attribute_of
from ...judging.divergences import known_divergences

_ENOUGH = 200  # cases of an implementation: about as many as cover every pair; where fewer do, each is drawn again
_REAL_SIZES = ("1 unit", "33 units", "512 units", "300 steps", "65,537 rows")
_REAL_SIZES_OF_EXPENSIVE = ("512 units",)


@dataclass(frozen=True)
class Question:
    """A case by its options, its draw, and the sizes that the implementation asks for.

    size         one of the real sizes (`conformance.cases.sizes`) by name; empty: a small case
    divergence   the known divergence whose minimal case it is, by its id; empty: a drawn case
    """

    options: Combination
    draw: int = 0
    sizes: Mapping[str, int] | None = None
    size: str = ""
    divergence: str = ""

    @cached_property
    def case(self) -> Case:
        """The case that follows from the options and the draw, whatever list they stand in.

        `ValueError` where it is the minimal case of a divergence that is no longer known.
        """
        if self.divergence:
            return _minimal_case(self.divergence)
        identity = json.dumps([dict(self.options), self.draw], sort_keys=True)
        seed = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8])
        if self.size:
            return build_case_of_size(self.options, self.size, seed)
        return _RecordedCase(SeededChooser(seed, sizes=self.sizes), self.options, SizeLimits()).case()

    @cached_property
    def digest(self) -> str:
        """A digest of every array that goes in and every option: questions of one digest are the same."""
        found = hashlib.sha256(repr(sorted(self.options.items(), key=str)).encode())
        for name, array in _arrays(self.case):
            found.update(f"{name} {array.dtype.name} {array.shape}".encode())
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()[:24]


class _RecordedCase(CaseBuilder):
    """The case as all records have it, from the first one on: releases are compared by their bits, chaotic or not."""

    chaotic_too = True


def questions(implementation: Implementation) -> list[Question]:
    """The questions that an implementation is asked: together they have every triple of values of its options.

    First come those that cover every pair of values, or every value where each case is ``expensive``: they are what
    older records have. Then what is missing of the triples, the minimal cases of all known divergences of the
    implementation, and real sizes. An implementation whose options depend on the framework's version says in
    ``every_release`` which there are in any: the questions are then the same for all versions, but for those that this
    one cannot be asked.
    """
    refused = attribute_of(implementation, "refused")
    its = space_of(implementation.cells, implementation.dtypes, refused)
    cells = attribute_of(implementation, "every_release")
    every = its if cells is None else space_of(cells, implementation.dtypes)
    expensive = attribute_of(implementation, "expensive")
    sizes = attribute_of(implementation, "sizes")

    def covering(strength: int) -> list[Combination]:
        return [every.valid[place] for place in OptionTuples(every.valid, strength).covering()]

    first = covering(1 if expensive else 2)
    draws = 1 if expensive else max(1, round(_ENOUGH / len(first)))
    drawn = [(combination, draw) for draw in range(draws) for combination in first]
    drawn += [(combination, 0) for combination in covering(3) if combination not in first]
    asked = [Question(combination, draw, sizes) for combination, draw in drawn if combination in its]
    asked += _minimal_cases(implementation.name)
    usual = [combination for combination in _usual(every.valid) if combination in its]
    real_sizes = _REAL_SIZES_OF_EXPENSIVE if expensive else _REAL_SIZES
    return asked + [Question(combination, size=size) for combination in usual for size in real_sizes]


def count_unusual(combination: Combination) -> int:
    """How many options differ from the defaults, or from float32 with initial states and gradients."""
    defaults = with_defaults({"kind": combination["kind"]}, ("float32",))
    usual = {name: values[0] for name, values in defaults.items()} | {"initial_state": True, "gradients": True}
    return sum(value != usual.get(name, value) for name, value in combination.items())


def _minimal_cases(name: str) -> list[Question]:
    """The minimal case of each known divergence, in whatever version; `still_shows` alone asks what is accepted."""
    entries = [entry for entry in known_divergences() if name in entry.implementations and entry.effect != "accepts"]
    return [Question(entry.minimal.options, divergence=entry.id) for entry in entries if entry.minimal is not None]


def _minimal_case(identifier: str) -> Case:
    for entry in known_divergences():
        if entry.id == identifier and entry.minimal is not None:
            return entry.minimal
    raise ValueError(f"this version of the project knows no minimal case of a divergence {identifier}")


def _usual(valid: Sequence[Combination]) -> list[Combination]:
    """For each kind of cell the most usual combination that allows real sizes."""
    suitable = [one for one in valid if can_have_any_size({**one, "gradients": True})]
    kinds = dict.fromkeys(one["kind"] for one in suitable)
    return [min((one for one in suitable if one["kind"] == kind), key=count_unusual) for kind in kinds]


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
