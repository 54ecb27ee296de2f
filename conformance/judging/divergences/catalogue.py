"""The catalogue of known divergences: what an entry says, how it is read, which implementation and case it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from packaging.specifiers import SpecifierSet

from ...cases.building import build_case
from ...cases.declarations import with_defaults
from ...cases.option_space import matches
from ...cases.option_table import CARRIED
from ...cases.oracle_run import run_oracle
from ...common.processor import is_x86_without
from ...common.reading import read_toml
from ...common.schemas import mismatch
from ...contract import Case, Identified, attribute_of, family_of
from ...implementations.finding import FOLDER, data_files
from .fault_models import FAULT_MODELS, subnormal_inputs_are_zero

_HERE = Path(__file__).parent
T = TypeVar("T")


@dataclass(frozen=True)
class Divergence:
    """One entry; the package's docstring explains ``effect``, ``message``, ``model``, ``precision`` and ``families``.

    implementations   names of implementations, or of kernels on which they run
    versions          package to the range of versions that have the divergence
    when              alternatives, each a mapping from option to the values that trigger it
    minimal           the smallest case that shows it; None where a script alone does
    aside             quantities that are not compared
    gives             the dtype in which the quantities of ``families`` come, where that is not the case's
    script            the name of its script, where that is not its id
    reaches           it is triggered only where a gate's absolute value exceeds this
    given             it is triggered only where the absolute value of a number that goes in exceeds this
    subnormal         it is triggered only where a number that goes in is subnormal
    lacking           it is had only on x86-64 processors without any of these instruction sets
    """

    id: str
    implementations: tuple[str, ...]
    versions: Mapping[str, str]
    when: tuple[Mapping[str, tuple[Any, ...]], ...]
    effect: str
    summary: str
    violates: str
    reference: str
    minimal: Case | None = None
    message: str = ""
    model: str = ""
    precision: str = ""
    families: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    gives: str = ""
    script: str = ""
    reaches: float = 0.0
    given: float = 0.0
    subnormal: bool = False
    devices: tuple[str, ...] = ("cpu", "cuda")
    lacking: tuple[str, ...] = ()

    @property
    def of_some_numbers(self) -> bool:
        """Whether it depends on the numbers of a case, not on its options and sizes alone."""
        return bool(self.reaches or self.given or self.subnormal)

    @property
    def is_of_this_processor(self) -> bool:
        """Whether this machine's processor is one that has it."""
        return not self.lacking or is_x86_without(self.lacking)

    def concerns(self, implementation: Identified) -> bool:
        """Whether the entry is about this implementation, or a kernel of it, in its versions and where it computes."""
        here = attribute_of(implementation, "device") in self.devices
        names = {implementation.name, *attribute_of(implementation, "kernels")}
        return (
            here
            and not names.isdisjoint(self.implementations)
            and all(
                package in implementation.versions
                and SpecifierSet(wanted).contains(implementation.versions[package], prereleases=True)
                for package, wanted in self.versions.items()
            )
            and self.is_of_this_processor
        )

    def affects(self, quantity: str) -> bool:
        """Whether the quantity is among ``families``, which may name families, quantities, or how quantities begin."""
        return _is_named(quantity, self.families)

    def sets_aside(self, quantity: str) -> bool:
        """Whether the quantity is not compared, as it is wrong in a way that no model describes."""
        return _is_named(quantity, self.aside) or (self.effect == "wrong" and self.affects(quantity))

    def applies_to(self, case: Case) -> bool:
        """Whether the case triggers it: by its options, its sizes, and how large its numbers and gates are."""
        options = {**case.options, **_counts(case)}
        if not any(matches(alternative, options) for alternative in self.when):
            return False
        arrays = (case.x, *case.params.values(), *(case.initial_state or ()))
        if self.given and not any(np.abs(array).max(initial=0.0) > self.given for array in arrays):
            return False
        if self.subnormal and subnormal_inputs_are_zero(case) is case:
            return False
        if not self.reaches:
            return True
        gates = run_oracle(case.in_dtype(np.float64)).gates.values()
        return any(np.abs(gate).max(initial=0.0) > self.reaches for gate in gates)


def _counts(case: Case) -> dict[str, Any]:
    """The sizes of a case as entries name them, ``none``, ``one`` or ``many``; and the number of steps."""
    batch, time, features = case.x.shape
    sizes = {"batch": batch, "time": time, "features": features, "units": case.cell.state_sizes[0]}
    sizes["distinct_lengths"] = 0 if case.lengths is None else len(set(case.lengths.tolist()))
    return {name: ("none", "one")[size] if size < 2 else "many" for name, size in sizes.items()} | {"steps": time}


def _is_named(quantity: str, stated: Sequence[str]) -> bool:
    names = (family_of(quantity), quantity)
    return any(name == each or name.startswith(f"{each}.") for name in names for each in stated)


def files() -> list[Path]:
    """The files that hold the entries: ``divergences/*.toml`` in each framework's folder."""
    return data_files("divergences/*.toml")


@cache
def known_divergences() -> tuple[Divergence, ...]:
    """Every entry of every file, checked against the schema."""
    schema = json.loads((_HERE / "schema.json").read_text())
    entries = []
    for path in files():
        content = read_toml(path)
        if wrong := mismatch(content, schema):
            raise ValueError(f"{path.name}: {wrong}")
        entries += [_parsed(path.name, entry) for entry in content["divergence"]]
    ids = [entry.id for entry in entries]
    if len(set(ids)) < len(ids):
        raise ValueError(f"divergences: two entries with one id in {ids}")
    return tuple(entries)


def divergences_of(implementation: Identified) -> tuple[Divergence, ...]:
    """The entries about this implementation in its versions."""
    return tuple(entry for entry in known_divergences() if entry.concerns(implementation))


def script_of(entry: Divergence) -> Path:
    """The script that shows the entry."""
    (found,) = data_files(f"divergences/scripts/{entry.script or entry.id}.py")
    return found


def as_markdown() -> str:
    """Every known divergence, as a Markdown table for a page in the folder of the implementations."""
    rows = ["| what | seen in | since | script |", "| --- | --- | --- | --- |"]
    for entry in known_divergences():
        versions = ", ".join(f"{package} {wanted}" for package, wanted in entry.versions.items())
        versions += f" on x86-64 without {' and '.join(entry.lacking)}" if entry.lacking else ""
        script = f"[{entry.id}]({script_of(entry).relative_to(FOLDER).as_posix()})"
        rows.append(
            f"| {entry.summary} | {', '.join(entry.implementations)} ({entry.effect}) | {versions} | {script} |"
        )
    return "\n".join(rows)


def _parsed(file: str, entry: dict[str, Any]) -> Divergence:
    if entry.get("model", next(iter(FAULT_MODELS))) not in FAULT_MODELS:
        raise ValueError(
            f"{file}: {entry['id']}: model: expected one of {', '.join(FAULT_MODELS)}, got {entry['model']!r}"
        )
    when = tuple({name: tuple(values) for name, values in one.items()} for one in entry.get("when", ()))
    lists = {name: tuple(entry.get(name, ())) for name in ("families", "aside", "implementations", "lacking")}
    minimal = minimal_case(entry["minimal"]) if "minimal" in entry else None
    devices = tuple(entry.get("devices", Divergence.devices))
    found = Divergence(**entry | lists | {"when": when, "minimal": minimal, "devices": devices})
    if minimal is not None and not found.applies_to(minimal):
        raise ValueError(f"{file}: {found.id}: its minimal case does not have the options that it states")
    return found


def minimal_case(entry: Mapping[str, Any]) -> Case:
    """The case with an entry's options and classes, sizes and choices; everything else is as simple as possible."""
    options = {"initial_state": False, "gradients": False} | entry["options"]
    carried = {name: options.pop(name) for name in CARRIED if name in options}
    products = with_defaults({name: value if name == "kind" else (value,) for name, value in options.items()}, ())
    combination = {name: values[0] for name, values in products.items() if values} | carried
    return build_case(_MinimalChooser(entry.get("sizes", {}), entry.get("choices", {})), combination)


@dataclass(frozen=True)
class _MinimalChooser:
    """Chooses what the entry gives, sizes by name and all else by label; and else the least of everything."""

    given_sizes: Mapping[str, int]
    choices: Mapping[str, Any]

    def integer(self, low: int, high: int, label: str) -> int:
        return low

    def one_of(self, values: Sequence[T], label: str) -> T:
        if label in self.choices:
            return values[values.index(self.choices[label])]
        return values[-1] if label.startswith("cotangent") else values[0]

    def sizes(self, ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        return {name: self.given_sizes.get(name, low) for name, (low, _) in ranges.items()}
