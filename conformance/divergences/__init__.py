"""Known divergences of released frameworks, as data: one TOML file an implementation's framework.

A divergence never excludes a case. Where one applies, the case is run, and exactly what the entry states is expected:

- ``effect = "error"``: the call raises, with ``message`` in its message. A call that succeeds is news, and fails.
- ``effect = "lower precision"``: the numbers of the ``families`` stated are only as good as ``precision``, and are held
  to its bounds; all others, to their own.

Each entry's minimal case must still show it, in the case's own bounds; when it no longer does, the suite fails until
the entry is closed, by an upper end in ``versions``.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
from packaging.specifiers import SpecifierSet

from ..cases import CELLS, Case, Expected, Verdict, expect, family_of, judge
from ..implementations import Implementation, observe

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Divergence:
    """One entry. ``when`` lists alternatives, each a mapping from option to the values that trigger it."""

    id: str
    implementation: str
    versions: Mapping[str, str]
    when: tuple[Mapping[str, tuple[Any, ...]], ...]
    effect: str
    summary: str
    violates: str
    reference: str
    minimal: Case
    message: str = ""
    precision: str = ""
    families: tuple[str, ...] = ()

    def concerns(self, implementation: Implementation) -> bool:
        """Whether it is this implementation, in these versions."""
        return self.implementation == implementation.name and all(
            package in implementation.versions
            and SpecifierSet(wanted).contains(implementation.versions[package], prereleases=True)
            for package, wanted in self.versions.items()
        )

    def covers(self, quantity: str) -> bool:
        """Whether the entry says anything of this quantity."""
        return family_of(quantity) in self.families

    def applies_to(self, case: Case) -> bool:
        """Whether the case's options trigger it."""
        options = {**vars(case.cell), "kind": case.kind, "dtype": str(case.dtype)}
        return any(
            all(options.get(name) in values for name, values in alternative.items()) for alternative in self.when
        )


class Disagreement(AssertionError):
    """An implementation and the oracle disagree beyond the bounds, or it raised.

    The message may be made when it is asked for: while Hypothesis looks for the minimal case, none is.
    """

    def __init__(self, message: str | Callable[[], str]) -> None:
        super().__init__(message)
        self._message = message

    def __str__(self) -> str:
        if not isinstance(self._message, str):
            self._message = self._message()
        return self._message


@cache
def known() -> tuple[Divergence, ...]:
    """Every entry of every file, checked against the schema."""
    schema = json.loads((_HERE / "schema.json").read_text())
    entries = []
    for path in sorted(_HERE.glob("*.toml")):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            jsonschema.validate(content, schema)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path.name}: {error}") from None
        except jsonschema.ValidationError as error:
            raise ValueError(f"{path.name}: {error.json_path}: {error.message}") from None
        entries += [_parsed(entry) for entry in content["divergence"]]
    ids = [entry.id for entry in entries]
    if len(set(ids)) < len(ids):
        raise ValueError(f"divergences: two entries with one id in {ids}")
    return tuple(entries)


def concerning(implementation: Implementation) -> tuple[Divergence, ...]:
    """The entries for this implementation in its installed versions."""
    return tuple(entry for entry in known() if entry.concerns(implementation))


def examine(implementation: Implementation, case: Case) -> tuple[Verdict, tuple[str, ...]]:
    """Runs the case and judges it, known divergences taken at their word; and the ids of those that applied.

    Raises `Disagreement` where the implementation raises, or does not raise where it is known to.
    """
    applying = [entry for entry in concerning(implementation) if entry.applies_to(case)]
    errors = [entry for entry in applying if entry.effect == "error"]
    try:
        observed = observe(implementation, case)
    except Exception as error:
        expected = [entry.id for entry in errors if entry.message in f"{type(error).__name__}: {error}"]
        if expected:
            return Verdict(()), tuple(expected)
        raise Disagreement(f"{case!r}\nraised {type(error).__name__}: {error}") from error
    if errors:
        raise Disagreement(f"{case!r}\nknown divergence {errors[0].id} is gone: nothing was raised")
    verdict = judge(expected_of(case, applying), observed)
    if not any(c.numbers or c.undecided or c.problem for c in verdict.comparisons):
        raise Disagreement(f"{case!r}\nnothing was compared: {dict(verdict.missing)}")
    return verdict, tuple(entry.id for entry in applying)


def expected_of(case: Case, entries: Iterable[Divergence]) -> Expected:
    """What to expect where these entries concern the implementation: wider bounds where one of them says so."""
    expected = expect(case)
    bounds = dict(expected.bounds)
    for entry in entries:
        if entry.effect == "lower precision" and entry.applies_to(case):
            wider = expect(case, np.dtype(entry.precision)).bounds
            bounds |= {name: np.maximum(bounds[name], wider[name]) for name in bounds if entry.covers(name)}
    return replace(expected, bounds=bounds)


def still_shows(implementation: Implementation, entry: Divergence) -> bool:
    """Whether the entry's minimal case still diverges as stated."""
    try:
        observed = observe(implementation, entry.minimal)
    except Exception as error:
        return entry.effect == "error" and entry.message in f"{type(error).__name__}: {error}"
    strictly = judge(expect(entry.minimal), observed)
    as_stated = judge(expected_of(entry.minimal, (entry, *concerning(implementation))), observed)
    diverges = any(entry.covers(comparison.quantity) for comparison in strictly.disagreements)
    return entry.effect == "lower precision" and diverges and as_stated.agrees


def as_markdown() -> str:
    """Every known divergence, as a Markdown table."""
    rows = ["| what | where | seen in | since |", "| --- | --- | --- | --- |"]
    for entry in known():
        versions = ", ".join(f"{package} {wanted}" for package, wanted in entry.versions.items())
        cell = entry.minimal.cell
        rows.append(
            f"| {entry.summary} | `{entry.id}` | {entry.implementation}: a {type(cell).__name__}, "
            f"{entry.minimal.dtype} ({entry.effect}) | {versions} |"
        )
    return "\n".join(rows)


def _parsed(entry: dict[str, Any]) -> Divergence:
    when = tuple({name: tuple(values) for name, values in one.items()} for one in entry["when"])
    families = tuple(entry.get("families", ()))
    return Divergence(**entry | {"when": when, "families": families, "minimal": _minimal(entry["minimal"])})


def _minimal(entry: dict[str, Any]) -> Case:
    cell = CELLS[entry["kind"]](entry["input_size"], entry["hidden_size"], **entry.get("options", {}))
    dtype = entry["dtype"]
    values = iter(np.linspace(-0.7, 0.9, 1000))  # distinct, and nothing depends on which

    def array(*shape: int) -> Any:
        return np.array([next(values) for _ in range(int(np.prod(shape)))], dtype).reshape(shape)

    batch, time = 1, entry["time"]
    return Case(
        cell,
        {name: array(*shape) for name, shape in cell.parameter_shapes.items()},
        array(batch, time, cell.input_size),
        d_outputs=array(batch, time, cell.hidden_size) if entry["gradients"] else None,
    )
