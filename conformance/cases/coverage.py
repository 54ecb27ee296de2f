"""Which combinations of options are enough, which have been tried, and under which condition they fail.

A *tuple* is a choice of values for three options. All tuples of a set of combinations are coded as numbers, so that
twenty thousand combinations of eighteen options take seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .option_space import Combination, Space

Codes = NDArray[np.int32]
_ABSENT = -1


class OptionTuples:
    """The tuples of ``strength`` options that a set of combinations contains.

    Options with a single value are left out, as every combination has them. With fewer than ``strength`` others, the
    tuples are of those.
    """

    def __init__(self, valid: Sequence[Combination], strength: int = 3) -> None:
        self.names, coded = _coded(valid)
        self.strength = min(strength, len(self.names))
        choices = list(combinations(range(len(self.names)), self.strength))
        radix = coded.max(axis=0, initial=-1).astype(np.int64) + 1
        sizes = np.array([np.prod(radix[list(columns)], dtype=np.int64) for columns in choices])
        begins = np.concatenate([[0], np.cumsum(sizes)])
        self.codes = np.empty((len(choices), len(valid)), np.int32)  # tuple of each combination, by its options
        each = np.ascontiguousarray(coded.T)
        lacking = [column if column.any() else None for column in each == _ABSENT]
        for codes, columns, begin in zip(self.codes, choices, begins[:-1].tolist(), strict=True):
            codes[:] = 0
            for column in columns:
                codes *= int(radix[column])
                codes += each[column]
            codes += begin
            for absent in (lacking[column] for column in columns):
                if absent is not None:
                    codes[absent] = _ABSENT
        self._valid = np.zeros(int(begins[-1]), bool)
        self._valid[self.codes[self.codes != _ABSENT]] = True

    @property
    def count(self) -> int:
        """How many tuples there are."""
        return int(self._valid.sum())

    def covering(self, seed: int = 0) -> list[int]:
        """The places of a few combinations that contain every tuple; the same for the same seed.

        Greedy: each next combination is one of those that contain the most tuples not yet covered.
        """
        codes, wanted = self.codes, self._valid.copy()
        gain = (codes != _ABSENT).sum(axis=0).astype(np.float64)
        gain += np.random.default_rng(seed).random(gain.shape) / 2  # decides where several gain as much
        chosen: list[int] = []
        while wanted.any():
            best = int(np.argmax(gain))
            best_codes = codes[:, best]
            new = np.flatnonzero((best_codes != _ABSENT) & wanted[best_codes])
            for k in new:
                gain -= codes[k] == best_codes[k]
            wanted[best_codes[new]] = False
            chosen.append(best)
        return chosen


class Coverage:
    """Which of a set of combinations, and of their tuples, have been tried."""

    def __init__(self, tuples: OptionTuples) -> None:
        self._tuples = tuples
        self._combinations = np.zeros(tuples.codes.shape[1], bool)
        self._covered = np.zeros(int(tuples.codes.max(initial=-1)) + 1, bool)

    def add(self, place: int) -> None:
        """Notes that the combination at this place has been tried."""
        codes = self._tuples.codes[:, place]
        self._combinations[place] = True
        self._covered[codes[codes != _ABSENT]] = True

    @property
    def reached(self) -> dict[str, int]:
        """How many combinations and tuples have been tried."""
        return {"combinations": int(self._combinations.sum()), "tuples": int(self._covered.sum())}

    @property
    def valid(self) -> dict[str, int]:
        """How many combinations and tuples there are."""
        return {"combinations": len(self._combinations), "tuples": self._tuples.count}


def failure_conditions(
    failed: Sequence[Combination], passed: Sequence[Combination]
) -> list[tuple[dict[str, Any], list[int]]]:
    """Conditions that only failed combinations fulfil, each with the places of the failures that it explains.

    A condition is a value for one, two or three options. Those of fewer options come first, and of these those that
    explain more. Failures that no condition explains come last, under the options that all of them share.
    """
    names, coded = _coded([*failed, *passed], all_options=True)
    values = _values([*failed, *passed], names)
    failed_codes, passed_codes = coded[: len(failed)], coded[len(failed) :]
    unexplained = np.ones(len(failed), bool)
    found: list[tuple[dict[str, Any], list[int]]] = []
    for strength in (1, 2, 3):
        while unexplained.any():
            best = max(
                _conditions(failed_codes, passed_codes, unexplained, strength), key=lambda one: one[0], default=None
            )
            if best is None:
                break
            _, columns, code = best
            explained = (failed_codes[:, columns] == code).all(axis=1) & unexplained
            condition = {names[c]: values[names[c]][v] for c, v in zip(columns, code, strict=True)}
            found.append((condition, np.flatnonzero(explained).tolist()))
            unexplained &= ~explained
    if unexplained.any():
        places = np.flatnonzero(unexplained).tolist()
        found.append((dict(set.intersection(*(set(failed[k].items()) for k in places))), places))
    return found


def _conditions(
    failed: Codes, passed: Codes, unexplained: NDArray[np.bool_], strength: int
) -> Iterator[tuple[int, list[int], Codes]]:
    """Conditions that no passed row fulfils: how many failed rows each explains, its columns and its values."""
    radix = np.maximum(failed.max(axis=0, initial=-1), passed.max(axis=0, initial=-1)).astype(np.int64) + 1
    for columns in combinations(range(failed.shape[1]), strength):
        chosen = list(columns)
        here = unexplained & (failed[:, chosen] != _ABSENT).all(axis=1)
        weights = np.append(np.cumprod(radix[chosen][::-1])[::-1][1:], 1)
        numbers, first, counts = np.unique(failed[here][:, chosen] @ weights, return_index=True, return_counts=True)
        only_failed = ~np.isin(numbers, passed[(passed[:, chosen] != _ABSENT).all(axis=1)][:, chosen] @ weights)
        for row, count in zip(np.flatnonzero(here)[first[only_failed]], counts[only_failed], strict=True):
            yield int(count), chosen, failed[row, chosen]


def values_of_options(space: Space) -> dict[str, list[str]]:
    """Every option that can be tried, to its values as text."""
    return _as_text(_all_values(space.valid))


def values_refused(space: Space) -> dict[str, list[str]]:
    """The values, as text, that are declared and that the framework refuses in every combination."""
    tried = values_of_options(space)
    refused = _as_text(_all_values(combination for _, its in space.refused for combination in its))
    found = {name: [value for value in its if value not in tried.get(name, ())] for name, its in refused.items()}
    return {name: values for name, values in found.items() if values}


def _as_text(values: Mapping[str, Iterable[Any]]) -> dict[str, list[str]]:
    return {name: [str(value) for value in its] for name, its in values.items()}


def _all_values(valid: Iterable[Combination]) -> dict[str, dict[Any, None]]:
    found: dict[str, dict[Any, None]] = {}
    for combination in valid:
        for name, value in combination.items():
            found.setdefault(name, {})[value] = None
    return found


def _values(valid: Iterable[Combination], names: Sequence[str]) -> dict[str, list[Any]]:
    """Each option's values, in the order in which they come."""
    found: dict[str, dict[Any, None]] = {name: {} for name in names}
    for combination in valid:
        for name, value in combination.items():
            if name in found:
                found[name][value] = None
    return {name: list(values) for name, values in found.items()}


def _coded(valid: Sequence[Combination], all_options: bool = False) -> tuple[list[str], Codes]:
    """The options' names, and each combination's values as numbers.

    Without ``all_options``, those are left out that have the same value in every combination.
    """
    seen: Mapping[str, list[Any]] = _values(valid, list(dict.fromkeys(name for one in valid for name in one)))
    names = [
        name for name, values in seen.items() if all_options or len(values) > 1 or any(name not in c for c in valid)
    ]
    places = {name: {value: k for k, value in enumerate(seen[name])} for name in names}
    coded = np.full((len(valid), len(names)), _ABSENT, np.int32)
    for column, name in enumerate(names):
        codes_of_values = places[name]
        for row, combination in enumerate(valid):
            if name in combination:
                coded[row, column] = codes_of_values[combination[name]]
    return names, coded
