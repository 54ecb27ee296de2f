"""Covering arrays of strength two: few rows in which every pair of values of every two factors occurs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

Row = dict[str, Any]


def pairwise(factors: Mapping[str, Sequence[Any]]) -> list[Row]:
    """Rows that cover all pairs. Greedy and without chance: the same factors give the same rows.

    Each row begins with the first pair that is not covered yet; each further factor takes the value that covers most
    pairs with those chosen before it, of equals the one that was used least.
    """
    open_pairs = {
        ((f, i), (g, j)): None
        for f, g in combinations(factors, 2)
        for i in range(len(factors[f]))
        for j in range(len(factors[g]))
    }
    used = {(name, k): 0 for name, values in factors.items() for k in range(len(values))}
    order = {name: position for position, name in enumerate(factors)}
    rows: list[Row] = []
    while open_pairs:
        chosen = dict(next(iter(open_pairs)))
        for name in sorted(factors, key=lambda name: -len(factors[name])):
            if name not in chosen:

                def gain(k: int, name: str = name, chosen: dict[str, int] = chosen) -> tuple[int, int, int]:
                    new = sum(_pair((name, k), item, order) in open_pairs for item in chosen.items())
                    return (new, -used[name, k], -k)

                chosen[name] = max(range(len(factors[name])), key=gain)
        for first, second in combinations(chosen.items(), 2):
            open_pairs.pop(_pair(first, second, order), None)
        for item in chosen.items():
            used[item] += 1
        rows.append({name: factors[name][chosen[name]] for name in factors})
    return rows


def _pair(first: Any, second: Any, order: Mapping[str, int]) -> Any:
    return (first, second) if order[first[0]] < order[second[0]] else (second, first)
