"""The option space of an implementation: the set of all combinations of options that it declares.

An implementation declares ``cells`` and ``refused`` (`conformance.contract`). `space_of` multiplies the cells out into
*combinations*, flat mappings from option to value with every default filled in, and takes out the refused ones.

The oracle knows the options in `conformance.cases.option_table`. An option of any other name is a *call option*: the
implementation's own, which says how its layer is built or called, and travels in ``case.call_options``. Three of them
shape the case too: ``dropout_per_gate`` True (factors of dropout for each gate), ``layout`` "unbatched" (one row) and
``return_state`` False (no cotangents of the state).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import product
from typing import Any

from .declarations import Misdeclared, checked_entries, shown
from .option_table import is_call_option

Combination = Mapping[str, Any]
Entry = Mapping[str, Any]


def call_options_of(combination: Combination) -> dict[str, Any]:
    """The call options in a combination."""
    return {name: value for name, value in combination.items() if is_call_option(name)}


def has_dropout(combination: Combination) -> bool:
    """Whether there are factors of any kind of dropout."""
    return any(combination[name] for name in ("dropout", "recurrent_dropout", "between_dropout"))


@dataclass(frozen=True)
class Refusal:
    """Combinations that a framework refuses: those that have one of the values of each option in ``when``.

    message   a part of the error's message; an error without it is another error
    """

    when: Mapping[str, tuple[Any, ...]]
    reason: str
    message: str

    @staticmethod
    def of(declared: Mapping[str, Any]) -> Refusal:
        """The entry of ``refused``, checked; `Misdeclared` where it is incomplete."""
        parts = {"when": Mapping, "reason": str, "message": str}
        known = isinstance(declared, Mapping) and set(declared) == set(parts)
        if not known or not all(declared[name] and isinstance(declared[name], kind) for name, kind in parts.items()):
            got = f"{declared!r:.300}" if isinstance(declared, dict) else shown(declared)
            raise Misdeclared(f"refused: expected 'when', 'reason' and 'message', none of them empty, got {got}")
        if not all(isinstance(values, list | tuple | set | frozenset) for values in declared["when"].values()):
            raise Misdeclared(f"refused: 'when': expected option to a tuple of values, got {declared['when']!r:.300}")
        when = {name: tuple(values) for name, values in declared["when"].items()}
        return Refusal(when, declared["reason"], declared["message"])

    def matches(self, combination: Combination) -> bool:
        """Whether the framework refuses the combination."""
        return matches(self.when, combination)


def matches(when: Mapping[str, Sequence[Any]], combination: Combination) -> bool:
    """Whether each of the options has one of its values.

    In a value ``*`` stands for anything; values after ``!`` are excluded; an option that is missing is ``absent``.
    """
    return all(_is_among(combination.get(name, "absent"), values) for name, values in when.items())


def compiles_anew(anew: Mapping[str, Sequence[Any]], combination: Combination) -> bool:
    """Whether each call with these options compiles, as ``compiled_anew`` says; none does where that is empty."""
    return bool(anew) and matches(anew, combination)


def _is_among(value: Any, values: Sequence[Any]) -> bool:
    if value in values:
        return True
    patterns = [each for each in values if isinstance(each, str)]
    excluded = [each[1:] for each in patterns if each.startswith("!")]
    if excluded:
        return not any(fnmatchcase(str(value), each) for each in excluded)
    return isinstance(value, str) and any(fnmatchcase(value, each) for each in patterns if "*" in each)


@dataclass(frozen=True)
class Space:
    """All combinations of an implementation's options, valid and refused.

    entries   the declared products, defaults filled in
    """

    entries: tuple[Mapping[str, tuple[Any, ...]], ...]
    valid: tuple[Combination, ...]
    refused: tuple[tuple[Refusal, tuple[Combination, ...]], ...] = ()

    @cached_property
    def _known(self) -> frozenset[frozenset[tuple[str, Any]]]:
        return frozenset(_key(combination) for combination in self.valid)

    @cached_property
    def _by_common_options(self) -> Mapping[frozenset[tuple[str, Any]], list[Combination]]:
        """Valid combinations by their common options: those under one key differ in call options alone."""
        found: dict[frozenset[tuple[str, Any]], list[Combination]] = {}
        for combination in self.valid:
            found.setdefault(_key(_common(combination)), []).append(combination)
        return found

    @cached_property
    def _looked_up(self) -> dict[frozenset[tuple[str, Any]], list[Combination]]:
        return {}

    def with_options(self, **wanted: Any) -> list[Combination]:
        """The valid combinations with these options. Few questions are asked, each many times: answers are kept."""
        key = _key(wanted)
        if key not in self._looked_up:
            self._looked_up[key] = [one for one in self.valid if wanted.items() <= one.items()]
        return self._looked_up[key]

    def nearest(self, options: Combination) -> Combination | None:
        """The valid combination with the same common options and the most of the call options; None where none has."""
        found = self._by_common_options.get(_key(_common(options)), [])
        return max(found, key=lambda one: len(one.items() & options.items()), default=None)

    def __contains__(self, combination: Combination) -> bool:
        return _key(combination) in self._known

    def refuses(self, combination: Combination) -> bool:
        return any(refusal.matches(combination) for refusal, _ in self.refused)


def space_of(cells: Sequence[Entry], dtypes: Sequence[str], refused: Sequence[Mapping[str, Any]] = ()) -> Space:
    """The option space that an implementation's ``cells``, ``dtypes`` and ``refused`` declare."""
    refusals = [Refusal.of(declared) for declared in refused]
    entries = checked_entries(cells, dtypes)
    valid: dict[frozenset[tuple[str, Any]], Combination] = {}
    refused_by: list[dict[frozenset[tuple[str, Any]], Combination]] = [{} for _ in refusals]
    for combination in _combinations(entries):
        by = next((k for k, refusal in enumerate(refusals) if refusal.matches(combination)), None)
        (valid if by is None else refused_by[by])[_key(combination)] = combination
    for refusal, its in zip(refusals, refused_by, strict=True):
        if not its:
            raise Misdeclared(
                f"refused: no combination in `cells` has {dict(refusal.when)} (or another refusal took it)"
            )
    return Space(
        entries,
        tuple(valid.values()),
        tuple((refusal, tuple(its.values())) for refusal, its in zip(refusals, refused_by, strict=True)),
    )


def _combinations(entries: Iterable[Mapping[str, tuple[Any, ...]]]) -> Iterator[Combination]:
    for entry in entries:
        names = tuple(entry)
        for values in product(*entry.values()):
            combination = dict(zip(names, values, strict=True))
            why = contradiction(combination)
            if why:
                raise Misdeclared(f"cells: {why}: split the entry, so that its product leaves this out: {combination}")
            yield combination


def contradiction(combination: Combination) -> str:
    """Why no case can have all of these options; empty where one can."""
    option = combination.get
    if option("mask") != "none" and option("lengths") != "none":
        return "mask and lengths at once"
    if option("direction") != "both" and (option("merge") != "concat" or option("backward_cell") != "alike"):
        return "merge or a different backward cell with one direction only"
    if option("layers") == 1 and option("between_dropout"):
        return "between_dropout with one layer"
    if option("output_order") == "processing" and (option("layers") != 1 or option("direction") == "both"):
        return "output_order='processing' in a stack"
    if option("dropout_per_gate") and not (option("dropout") or option("recurrent_dropout")):
        return "dropout_per_gate without dropout"
    return ""


def _common(combination: Combination) -> Combination:
    """The options that the oracle knows, but for ``gradients``, which may be drawn."""
    return {name: value for name, value in combination.items() if not is_call_option(name) and name != "gradients"}


def _key(combination: Combination) -> frozenset[tuple[str, Any]]:
    return frozenset(combination.items())
