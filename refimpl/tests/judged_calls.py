"""A call with bad values, made and judged."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from hashlib import blake2b
from inspect import signature
from typing import Any

import numpy as np

from .. import InvalidArgument
from .bad_kinds import REFUSE, SAME, SIZE, Bad, Freedom
from .bad_values import bad_values

RIGHT, REFUSED = "right answer", "refused"
LARGE = 10**6
ROUNDINGS = 64
"""Numbers of an array that is a huge view of few: it is looked at from outside only."""


@dataclass(frozen=True)
class Call:
    """A valid call.

    arguments   by name; positional-only ones too
    free        argument name to what the function allows of it
    names       what a refusal may name beside the arguments
    """

    function: Callable[..., Any]
    arguments: dict[str, Any]
    free: Mapping[str, Freedom] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def answer(self, changes: Mapping[str, Any] | None = None) -> Any:
        """What the function returns; a generator of random numbers is as new in every call."""
        given = {name: _fresh(value) for name, value in {**self.arguments, **(changes or {})}.items()}
        return self.function(**given)


@dataclass(frozen=True)
class Outcome:
    """What came of a call: in one word, `RIGHT`, `REFUSED`, or what is wrong with it; and the call, to be told."""

    word: str
    changes: Mapping[str, Bad]
    told: str

    @property
    def holds(self) -> bool:
        return self.word in (RIGHT, REFUSED)

    def __str__(self) -> str:
        changed = ", ".join(
            f"{name}={bad.value!r:.200} ({bad.kind}: {bad.verdict})" for name, bad in self.changes.items()
        )
        return f"{self.word}: {self.told:.500}; with {changed}"


def outcomes(call: Call, count: int | None, rng: np.random.Generator) -> Iterator[Outcome]:
    """What comes of so many calls with one or two arguments replaced; None: of each bad value once, by itself."""
    optional = {name for name, parameter in signature(call.function).parameters.items() if parameter.default is None}
    values: dict[str, list[Bad]] = {}
    for name, value in call.arguments.items():
        if name == "self":  # nobody calls a method on another object
            continue
        found = bad_values(value, call.free.get(name, Freedom()))
        values[name] = [bad for bad in found if not (bad.value is None and name in optional)]
    expected = call.answer()
    if count is None:
        yield from (judged(call, {name: bad}, expected) for name, those in values.items() for bad in those)
        return
    drawn = {name: _drawn(those, rng) for name, those in values.items()}
    for _ in range(count if values else 0):
        chosen = rng.choice(list(values), min(len(values), 1 + int(rng.random() < 0.2)), replace=False)
        yield judged(call, {str(name): next(drawn[name]) for name in chosen}, expected)


def _drawn(values: list[Bad], rng: np.random.Generator) -> Iterator[Bad]:
    """All of them in random order, and again."""
    while True:
        for k in rng.permutation(len(values)):
            yield values[k]


def judged(call: Call, changes: Mapping[str, Bad], expected: Any) -> Outcome:
    """The outcome of one call."""
    given = {**call.arguments, **{name: bad.value for name, bad in changes.items()}}
    before = digest(given)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for lossy in (np.exceptions.ComplexWarning, DeprecationWarning, FutureWarning):
            warnings.simplefilter("error", lossy)
        try:
            answer = call.answer({name: bad.value for name, bad in changes.items()})
        except InvalidArgument as refusal:
            word, told = _of_refusal(call, refusal), str(refusal)
        except Exception as error:
            word, told = f"another exception: {type(error).__name__}", str(error)
        else:
            word, told = _of_answer(call, answer, expected, changes), f"{answer!r:.300}"
    if digest(given) != before:
        word = "an argument was changed"
    return Outcome(word, changes, told)


def _of_refusal(call: Call, refusal: InvalidArgument) -> str:
    root = re.split(r"\W", str(refusal.argument))[0]
    known = {*signature(call.function).parameters, *call.names}
    if root not in known:
        return "a refusal that names no argument"
    return REFUSED if len(str(refusal)) < 2000 else "a refusal without end"


def _of_answer(call: Call, answer: Any, expected: Any, changes: Mapping[str, Bad]) -> str:
    try:
        return _of_finite_answer(call, answer, expected, changes)
    except RecursionError:
        return "an answer that holds itself"


def _of_finite_answer(call: Call, answer: Any, expected: Any, changes: Mapping[str, Bad]) -> str:
    verdicts = sorted(bad.verdict for bad in changes.values())
    if REFUSE in verdicts or (SIZE in verdicts and set(verdicts[:-1]) <= {SAME}):
        return "a silent answer where only a refusal is right"
    cast = any(kind in bad.kind for bad in changes.values() for kind in ("cast", "list", "no array", "extra"))
    if set(verdicts) == {SAME}:
        return RIGHT if alike(answer, expected, dtypes=not cast) else "another answer to the same question"
    found, known = list(_floats(answer)), list(_floats(expected))
    if not any(call.free.get(name, Freedom()).nan for name in changes) and not all(np.isfinite(f).all() for f in found):
        return "an answer that is not finite"
    if not cast and known and {f.dtype for f in found} - {f.dtype for f in known}:
        return "an answer of another dtype"
    return RIGHT


def _floats(value: Any) -> Iterator[Any]:
    """Every array of floats in an answer, and every float as one."""
    if isinstance(value, np.ndarray | np.generic | float):
        if np.asarray(value).dtype.kind == "f" and np.size(value) < LARGE:
            yield np.asarray(value)
    elif isinstance(value, list | tuple | Mapping):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _floats(part)
    elif is_dataclass(value):
        for member in fields(value):
            yield from _floats(getattr(value, member.name))


def _same_but_for_roundings(one: Any, other: Any) -> bool:
    """Whether they differ by no more than `ROUNDINGS` in float32, the coarsest dtype of the answers."""
    with np.errstate(all="ignore"):
        allowed = ROUNDINGS * np.finfo(np.float32).eps * (1 + np.abs(other))
        same = (one == other) | (np.isnan(one) & np.isnan(other)) | (np.abs(one - other) <= allowed)
    return bool(np.all(same))


def alike(one: Any, other: Any, dtypes: bool = True) -> bool:
    """Whether two answers are the same, but for roundings of sums in another order, and in the same dtypes."""
    if isinstance(one, np.ndarray | np.generic) and isinstance(other, np.ndarray | np.generic):
        if (dtypes and one.dtype != other.dtype) or one.shape != other.shape:
            return False
        floats = one.dtype.kind == other.dtype.kind == "f"
        return _same_but_for_roundings(one, other) if floats else bool((one == other).all())
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(alike(one[key], other[key], dtypes) for key in one)
    if isinstance(one, list | tuple):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(alike(first, second, dtypes) for first, second in pairs)
    if isinstance(one, float):
        return _same_but_for_roundings(one, other)
    if is_dataclass(one):
        names = [part.name for part in fields(one)]
        return all(alike(getattr(one, name), getattr(other, name), dtypes) for name in names)
    if hasattr(one, "__dict__") and not callable(one):
        return alike(vars(one), vars(other), dtypes)
    return bool(one == other)


def digest(value: Any) -> bytes:
    """A hash of all that a value holds; of what is no data, its identity."""
    found = blake2b()
    _feed(value, found.update, ())
    return found.digest()


def _feed(value: Any, update: Callable[[bytes], None], around: tuple[int, ...]) -> None:
    update(type(value).__name__.encode())
    if id(value) in around or isinstance(value, np.random.Generator | type):
        return
    around = (*around, id(value))
    if isinstance(value, np.ndarray | np.generic):
        update(f"{value.dtype} {value.shape}".encode())
        small = value.size < LARGE
        if value.dtype == object:
            for part in value.reshape(-1).tolist() if small else ():
                _feed(part, update, around)
        elif small and value.dtype.char in "gG":  # a long double's bytes beyond its ten are whatever stood there
            update(repr(np.asarray(value).tolist()).encode())
        elif small:
            update(np.asarray(value).tobytes())
    elif isinstance(value, Mapping):
        for key, part in value.items():
            update(repr(key).encode())
            _feed(part, update, around)
    elif isinstance(value, list | tuple):
        for part in value:
            _feed(part, update, around)
    elif is_dataclass(value):
        for member in fields(value):
            _feed(getattr(value, member.name), update, around)
    elif isinstance(value, str | bytes | int | float | complex | None.__class__):
        update(repr(value).encode())
    else:
        update(str(id(value)).encode())


def _fresh(value: Any) -> Any:
    return copy.deepcopy(value) if isinstance(value, np.random.Generator) else value
