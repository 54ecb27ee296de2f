"""Cases for the tests of your own kernel, and what the oracle says of them: for pytest, unittest and plain scripts.

    for name, case in cases(kind="LSTM", mask=["none", "right"]).items():
        outputs, h, c = my_lstm(case.x, case.params, case.initial_state_or_zeros(), case.mask)
        refimpl.assert_agrees(oracle(case), outputs=outputs, state=(h, c), dtype="float32")

`testing.md` beside this file shows it in each of the three. Under pytest the fixtures ``rnn_case`` and ``rnn_oracle``
do the same (`pytest_plugin`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

import refimpl as ri

from .cases.building import build_case
from .cases.choosers import SeededChooser
from .cases.declarations import with_defaults
from .cases.option_space import Combination, contradiction
from .cases.option_table import CELL_OPTIONS, DTYPES, OPTIONS, cell_defaults, is_call_option
from .cases.oracle_run import run_oracle
from .contract import CELL_KINDS, Case

SEEDS = 3
"""How many cases each combination of options has, where nothing else is said."""


@dataclass(frozen=True)
class Recipe:
    """One case before it is made: the same recipe always makes the same case.

    name      cell, dtype, those options that differ among the recipes, and the seed: a test's id
    options   every option of the case
    seed      what its sizes and numbers follow from
    """

    name: str
    options: Combination
    seed: int

    def case(self) -> Case:
        """The case."""
        return build_case(SeededChooser(self.seed), self.options)


def cases(seeds: int | Iterable[int] = SEEDS, **options: Any) -> dict[str, Case]:
    """Cases by name. See `recipes` for the arguments and for what is refused."""
    return {each.name: each.case() for each in recipes(seeds, **options)}


def recipes(seeds: int | Iterable[int] = SEEDS, **options: Any) -> list[Recipe]:
    """A recipe for each combination of the options and each seed.

    seeds     how many, from 0 on, or the seeds themselves
    options   by name a value or a list of values: ``kind`` (SimpleRNN, LSTM, GRU; those that have the options),
              ``dtype`` (float32), and the options of `conformance.cases.option_table`. One that is left out has its
              default there: one layer, forward, unmasked, with and without an initial state. Cotangents are given

    Combinations that contradict themselves, such as mask with lengths, are left out. Raises `ValueError`, which names
    the argument, for unknown options, kinds and values, and where no case is left.
    """
    chosen = _checked_seeds(seeds)
    given = {name: tuple(value) if isinstance(value, list | tuple) else (value,) for name, value in options.items()}
    for name in given:
        if is_call_option(name):
            raise ValueError(f"the option {name!r} is not known; known are kind, {', '.join(OPTIONS)}")
    kinds, dtypes = given.pop("kind", _kinds_with(given)), given.pop("dtype", ("float32",))
    every = [one for kind in kinds for one in _combinations({"kind": kind, "dtype": dtypes, **given})]
    if not every:
        raise ValueError(f"no case has all of these options: {options}")
    differing = _differing(every)
    return [Recipe(_name(one, differing, seed), one, seed) for one in every for seed in chosen]


def oracle(case: Case) -> ri.AnyRun:
    """The oracle's run of a case, in float64: what `refimpl.assert_agrees` and `refimpl.compare` take.

    Raises `ValueError` for what is no case, as one of the names that `cases` gives.
    """
    if not isinstance(case, Case):
        raise ValueError(f"case: expected a Case, as the values of cases(…) are, got {case!r}")
    return run_oracle(case.in_dtype(np.float64))


def _combinations(entry: Mapping[str, Any]) -> list[Combination]:
    full = with_defaults(entry, DTYPES, "options")
    every = [dict(zip(full, values, strict=True)) for values in product(*full.values())]
    return [one for one in every if not contradiction(one)]


def _kinds_with(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The kinds of cells that have these options; all of them where no kind has, so that a message names one."""
    cells_own = {option.name for option in CELL_OPTIONS} & set(options)
    return tuple(kind for kind in CELL_KINDS if cells_own <= set(cell_defaults(kind))) or tuple(CELL_KINDS)


def _differing(combinations: Iterable[Combination]) -> list[str]:
    """The options of which some kind of cell has more than one value here."""
    values: dict[tuple[str, str], set[Any]] = {}
    for one in combinations:
        for name in one.keys() - {"kind", "dtype"}:
            values.setdefault((name, one["kind"]), set()).add(one[name])
    return sorted({name for (name, _), its in values.items() if len(its) > 1})


def _checked_seeds(seeds: Any) -> tuple[int, ...]:
    found = range(seeds) if type(seeds) is int else seeds
    if not isinstance(found, range | list | tuple) or not all(type(seed) is int and seed >= 0 for seed in found):
        raise ValueError(f"seeds: expected how many, or a list of whole numbers from 0 on, got {seeds!r}")
    if not found or len(set(found)) < len(found):
        raise ValueError(f"seeds: expected at least one, and none twice, got {seeds!r}")
    return tuple(found)


def _name(options: Combination, shown: Iterable[str], seed: int) -> str:
    """Letters, digits and what `pytest -k` takes: ``LSTM-float32-mask_right-seed0``."""
    parts = [f"{name}_{options[name]}" for name in shown if name in options]
    return re.sub(r"[^\w.-]+", "_", "-".join([options["kind"], options["dtype"], *parts, f"seed{seed}"]))
