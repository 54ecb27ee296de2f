"""What an implementation declares in ``dtypes`` and ``cells``, checked before anything is made of it.

A declaration that makes no sense would leave out what its author meant, and a run would agree all the same. So every
name and value is looked up in `conformance.cases.option_table`, and sizes are limited before anything is multiplied
out. The message of the `Misdeclared` names the attribute, the entry, the option and its value, what is known, and the
known name that is nearest.

A name that the table does not have is an option of the implementation's own, unless it is close to one of the table's:
then it is taken for misspelt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from difflib import SequenceMatcher
from functools import cache
from itertools import islice
from typing import Any

from ..contract import CELL_KINDS
from .option_table import (
    CARRIED,
    CELL_OPTIONS,
    LAYER_OPTIONS,
    OPTIONS,
    SHAPING_CALL_OPTIONS,
    SIZES,
    Option,
    cell_defaults,
)


class Misdeclared(ValueError):
    """Raised where what an implementation declares makes no sense: attribute, entry, value, and what is known."""


MOST_ENTRIES = 10_000
MOST_OPTIONS = 100  # of an entry
MOST_VALUES = 1_000  # of an option
MOST_COMBINATIONS = 100_000  # of all entries together; the most of any framework here are 14,240
_MOST_CHARACTERS = 200
_MISSPELT, _ODD_CHARACTERS = 0.8, 3  # at least that ratio of `SequenceMatcher`, and at most so many without a partner:
# "lenghts" is 0.86 to "lengths" with 2, Keras's "backward_layer" 0.81 to "backward_cell" with 5, "unmerged" 0.77
_NEAR = 0.6

Products = Mapping[str, tuple[Any, ...]]


def checked_entries(cells: Any, dtypes: Any) -> tuple[dict[str, tuple[Any, ...]], ...]:
    """The entries of ``cells`` with the values of every option, defaults filled in; `Misdeclared` for nonsense."""
    precisions = _checked_dtypes(dtypes)
    entries = _bounded("cells", cells, MOST_ENTRIES, "entries")
    found = tuple(with_defaults(entry, precisions, f"cells: entry {k}") for k, entry in enumerate(entries, 1))
    total = 0
    for k, products in enumerate(found, 1):
        total += math.prod(map(len, products.values()))
        if total > MOST_COMBINATIONS:
            raise Misdeclared(
                f"cells: entry {k} ({products['kind'][0]}): the entries up to this one have {_rounded(total)} "
                f"combinations; expected at most {MOST_COMBINATIONS:,}"
            )
    return found


def with_defaults(entry: Any, dtypes: Sequence[str], where: str = "cells") -> dict[str, tuple[Any, ...]]:
    """The entry with the values of every option, defaults filled in; `Misdeclared` for an unknown kind or option."""
    if not isinstance(entry, Mapping):
        raise Misdeclared(f"{where}: expected a mapping of option to values, got {shown(entry)}")
    given = dict(islice(entry.items(), MOST_OPTIONS + 1))
    if len(given) > MOST_OPTIONS:
        raise Misdeclared(f"{where}: expected at most {MOST_OPTIONS} options, got more")
    kind = given.pop("kind", None)
    if type(kind) is not str or kind not in CELL_KINDS:
        nearest = _advice(_nearest(kind, CELL_KINDS, _NEAR))
        raise Misdeclared(f"{where}: expected a kind out of {', '.join(CELL_KINDS)}, got {shown(kind)}{nearest}")
    where = f"{where} ({kind})"
    options = cell_defaults(kind)
    found = {"kind": (kind,), "dtype": tuple(dtypes)} | {name: (default,) for name, default in options.items()}
    found |= {option.name: option.defaults for option in LAYER_OPTIONS if option.defaults}
    for name, values in given.items():
        _check_name(where, kind, name, options)
        found[name] = _checked_values(f"{where}: {name}", OPTIONS.get(name), values)
    return found


def _checked_dtypes(dtypes: Any) -> tuple[str, ...]:
    return _checked_values("dtypes", OPTIONS["dtype"], dtypes)


def _check_name(where: str, kind: str, name: Any, options: Mapping[str, Any]) -> None:
    if type(name) is not str or not name or len(name) > _MOST_CHARACTERS or not name.isprintable():
        raise Misdeclared(f"{where}: expected the name of an option, got {shown(name)}")
    if name in {option.name for option in CELL_OPTIONS} and name not in options:
        raise Misdeclared(f"{where}: a {kind} has no option {name!r}; it has {', '.join(options)}")
    if name in SIZES:
        raise Misdeclared(f"{where}: {name!r} is no option: sizes are drawn; the attribute `sizes` fixes them")
    if name in CARRIED:
        raise Misdeclared(f"{where}: {name!r} is no option: every implementation is asked all classes of it")
    known = (*(option.name for option in LAYER_OPTIONS), *options, "dtype", "kind", *SHAPING_CALL_OPTIONS)
    nearest = "" if name in known else _nearest(name, known, _MISSPELT)
    if nearest and _odd_characters(name, nearest) <= _ODD_CHARACTERS:
        raise Misdeclared(
            f"{where}: the option {name!r} is not known{_advice(nearest)} Known are {', '.join(known)}. An option of "
            "your own needs a name that is further from these"
        )


def _checked_values(where: str, option: Option | None, values: Any) -> tuple[Any, ...]:
    """The values as a tuple, each of them one that the option takes; an unknown option takes any plain value."""
    found = _bounded(where, values, MOST_VALUES, "values")
    for value in found:
        if option is None and not _is_plain(value):
            raise Misdeclared(f"{where}: expected text, finite numbers, True, False or None, got {shown(value)}")
        if option is not None and not option.takes(value):
            nearest = _advice(_nearest(value, option.choices, _NEAR))
            raise Misdeclared(f"{where}: {shown(value)} is not known; expected out of {_known(option)}{nearest}")
    if len(set(found)) < len(found):
        twice = next(value for k, value in enumerate(found) if value in found[:k])
        raise Misdeclared(f"{where}: {shown(twice)} is given twice")
    return found


def _bounded(where: str, values: Any, most: int, what: str) -> tuple[Any, ...]:
    """The elements of a tuple, list or set. Anything else may have no end, and can be gone through once only."""
    if isinstance(values, str | bytes) or not isinstance(values, Sequence | Set):
        raise Misdeclared(f"{where}: expected a tuple of {what}, got {shown(values)}")
    found = tuple(islice(values, most + 1))
    if isinstance(values, Set):
        found = tuple(sorted(found, key=repr))  # a set's order changes from process to process
    if not found:
        raise Misdeclared(f"{where}: expected a tuple of {what} that is not empty, got {shown(values)}")
    if len(found) > most:
        raise Misdeclared(f"{where}: expected at most {most:,} {what}, got more")
    return found


def _is_plain(value: Any) -> bool:
    if type(value) is str:
        return len(value) <= _MOST_CHARACTERS
    if type(value) is tuple:
        return len(value) <= _MOST_CHARACTERS and all(type(part) is not tuple and _is_plain(part) for part in value)
    return type(value) in (bool, int, type(None)) or (type(value) is float and math.isfinite(value))


def _nearest(name: Any, known: Iterable[Any], least: float) -> str:
    """The known name that is most like this one; empty where none is, or where it is no name."""
    if type(name) is not str:
        return ""
    return _nearest_of(_simplified(name[:_MOST_CHARACTERS]), tuple(one for one in known if isinstance(one, str)), least)


@cache  # an implementation's own options are looked at for each draw
def _nearest_of(given: str, known: tuple[str, ...], least: float) -> str:
    likeness = {each: _likeness(given, _simplified(each)) for each in known}
    best = max(likeness, key=lambda each: likeness[each], default="")
    return best if likeness.get(best, 0.0) >= least else ""


def _likeness(name: str, known: str) -> float:
    return 1.0 if sorted(name) == sorted(known) else SequenceMatcher(None, name, known, autojunk=False).ratio()


def _odd_characters(name: str, known: str) -> int:
    """How many characters of both names have no partner in the other."""
    return round((1 - _likeness(_simplified(name), _simplified(known))) * (len(name) + len(known)))


def _simplified(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _advice(nearest: str) -> str:
    return f"; did you mean {nearest!r}?" if nearest else ""


def _known(option: Option) -> str:
    return ", ".join(map(repr, option.choices)) or option.words.replace("`", "")


def shown(value: Any) -> str:
    """A plain value as Python writes it; of anything else its type, as its ``repr`` is not ours to trust."""
    if type(value) is int and abs(value) >= 10**_MOST_CHARACTERS:
        return "an integer of very many digits"
    if type(value) in (str, bytes, bool, int, float, type(None)):
        return f"{value!r:.80}"
    if type(value) in (tuple, list) and not value:
        return repr(value)
    return f"an object of type {type(value).__name__:.80}"


def _rounded(count: int) -> str:
    return f"{count:,}" if count < 10**9 else f"{count:.3g}" if count < 10**300 else "more than 10^300"
