"""Finding an implementation by name: what each framework's folder offers, and what a path or a module names.

A folder's ``framework.toml`` has a table for each name that the folder offers, and in it a key for each kind of thing
that goes by this name. The table's other keys are those of `Source`. ``extra``, ``packages`` and ``environment`` may
stand above the tables: then they hold for every table that does not state its own.

================  ======================================================================================
kind              what ``module:name`` or ``module`` in the folder is
================  ======================================================================================
implementation    a class that is an `conformance.contract.Implementation`
timed             a class that the benchmarks call, `conformance.implementations.timing.Timed`
training          a module that trains a `conformance.cases.training.Task`
activations       a class that evaluates activations, `conformance.implementations.activations.Activations`
published_cases   a function that yields the cases a project publishes, each with the answers it expects
jobs              a module of functions that `conformance.models.jobs` runs in the framework
file              a module whose ``run`` runs a model's file, `conformance.models.files.running`
gpu_probe         a module that prints, called with the device's name, how that device computes
================  ======================================================================================
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..cases.attributes import check_attributes
from ..cases.declarations import Misdeclared
from ..common.importing import collector_paused
from ..common.reading import read_toml
from ..common.schemas import mismatch
from ..contract import Implementation, NotRun, attribute_of

FOLDER = Path(__file__).parent
_FILE = "framework.toml"
_KINDS = ("implementation", "timed", "training", "activations", "published_cases", "jobs", "file", "gpu_probe")
_TEXT = {"type": "string", "minLength": 1}
_SHARED = {
    "environment": {"type": "object", "additionalProperties": {"type": "string"}},
    "extra": _TEXT,
    "packages": {"type": "array", "items": _TEXT},
}
_TABLE = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [{"required": [kind]} for kind in _KINDS],
    "properties": {
        **_SHARED,
        **{kind: {"type": "string", "pattern": r"^[a-z_0-9.]+(:\w+)?$"} for kind in _KINDS},
        "functions": {"type": "array", "items": _TEXT},
        "seconds": {"type": "number", "minimum": 0},
        "only_when_named": {"type": "boolean"},
        "install": _TEXT,
    },
}
_SCHEMA = {"type": "object", "additionalProperties": _TABLE, "properties": _SHARED}


@dataclass(frozen=True)
class Source:
    """Where an implementation comes from.

    target           ``package.module:Class`` or ``path/to/file.py:Class``
    environment      variables that must be set before the framework is imported
    extra            the optional dependency of this project that installs its framework
    packages         the framework's own: absent where it is not installed, while another that is missing is a fault
    seconds          of an implementation, what the quick profile takes, roughly: the slowest starts first, so that it
                     does not end alone
    only_when_named  of an implementation, that a run which names none leaves it out
    install          what installs it, where that is no extra
    functions        what a module of the kind ``jobs`` can be asked for
    """

    target: str
    environment: Mapping[str, str] = field(default_factory=dict)
    extra: str = ""
    packages: tuple[str, ...] = ()
    seconds: float = 0.0
    only_when_named: bool = False
    install: str = ""
    functions: tuple[str, ...] = ()

    @property
    def how_to_install(self) -> str:
        """The command that installs it; empty where there is none."""
        return self.install or (f"pip install 'rnn-conformance[{self.extra}]'" if self.extra else "")


@cache
def offered(kind: str) -> dict[str, Source]:
    """What the frameworks' folders offer of that kind, by name, the slowest first."""
    found: dict[str, Source] = {}
    for path in data_files(_FILE):
        for name, source in _read(path, kind).items():
            if name in found:
                raise ValueError(f"{path.parent.name}/{_FILE}: {name!r} is offered by another folder too")
            found[name] = source
    return dict(sorted(found.items(), key=lambda item: -item[1].seconds))


def _read(path: Path, kind: str) -> dict[str, Source]:
    """What the file offers of that kind, by name."""
    content = read_toml(path)
    if wrong := mismatch(content, _SCHEMA):
        raise ValueError(f"{path.parent.name}/{_FILE}: {wrong}")
    shared = {key: content.pop(key) for key in _SHARED if key in content}
    return {
        name: _source(f"{__package__}.{path.parent.name}.{table[kind]}", kind, shared | table)
        for name, table in content.items()
        if kind in table
    }


def _source(target: str, kind: str, table: Mapping[str, Any]) -> Source:
    is_run = kind == "implementation"
    return Source(
        target,
        environment=table.get("environment", {}),
        extra=table.get("extra", ""),
        packages=tuple(table.get("packages", ())),
        seconds=table.get("seconds", 0.0) if is_run else 0.0,
        only_when_named=is_run and table.get("only_when_named", False),
        install=table.get("install", ""),
        functions=tuple(table.get("functions", ())),
    )


def data_files(pattern: str) -> list[Path]:
    """The files of that name pattern in the frameworks' folders: their divergences, their arithmetics, their offers."""
    return sorted(FOLDER.glob(f"*/{pattern}"))


BUILT_IN = offered("implementation")
FRAMEWORKS = tuple(name for name, source in BUILT_IN.items() if not source.only_when_named)
"""What a run checks by itself."""


def source_of(name: str, known: Mapping[str, Source] = BUILT_IN) -> Source:
    """The known one of that name, or what ``package.module:Class`` or ``file.py:Class`` names; else `ValueError`."""
    if name in known:
        return known[name]
    if ":" not in name:
        expected = f"one of {', '.join(known)}, package.module:Class or path/to/file.py:Class"
        raise ValueError(f"expected {expected}, got {name!r}")
    where = name.rpartition(":")[0]
    if where.endswith(".py") and not Path(where).is_file():
        raise ValueError(f"no such file: {Path(where).resolve()}")
    return Source(name)


def packages_of(name: str) -> tuple[str, ...]:
    """The framework's own packages, to which a profile books its time; a plug-in is its own package."""
    source = source_of(name)
    where = source.target.rpartition(":")[0]
    return source.packages or (Path(where).stem if where.endswith(".py") else where,)


def load(name: str, device: str = "cpu") -> Implementation:
    """Imports and makes the implementation; `NotRun` where its framework or the device is absent.

    Raises `ValueError`, which names what is wrong, for a name that names no class, and `Misdeclared`, which is one, for
    a class that is no implementation.
    """
    source = source_of(name)
    with installed(source):
        with collector_paused():
            implementation_class = imported(source.target)
        made = _made(name, implementation_class, device)
    for attribute in ("name", "versions", "dtypes", "cells", "observe"):
        if not getattr(made, attribute, None):
            raise Misdeclared(f"expected an attribute {attribute!r} that is not empty")
    check_attributes(made)
    return made


@contextmanager
def installed(source: Source) -> Iterator[None]:
    """While it lasts the source is imported: its environment is set, and its missing framework is `NotRun`."""
    os.environ.update(source.environment)
    try:
        yield
    except ModuleNotFoundError as error:
        if source.packages and error.name not in source.packages:
            raise
        raise not_installed(source, error) from error


def not_installed(source: Source, error: ModuleNotFoundError) -> NotRun:
    """That the implementation cannot run without the module that is missing, and what installs it."""
    return NotRun(f"{error.name or error} is not installed", source.how_to_install)


def _made(name: str, implementation_class: Any, device: str) -> Implementation:
    if device == "cpu":
        made: Implementation = implementation_class()
    elif device in attribute_of(implementation_class, "devices"):
        made = implementation_class(device=device)
    else:
        raise NotRun(f"{name} is not checked on {device}")
    return made


def imported(target: str) -> Any:
    """What ``package.module:Name`` or ``path/to/file.py:Name`` names; `ValueError` where there is no such name."""
    where, _, class_name = target.rpartition(":")
    if where.endswith(".py"):
        path = Path(where).resolve()
        other = importlib.util.find_spec(path.stem)
        if other is not None and other.origin != str(path):
            raise ValueError(f"{path.name} has the name of the module {other.origin}: rename it")
        sys.path.insert(0, str(path.parent))  # as for a script: its neighbours can be imported
        where = path.stem
    module = importlib.import_module(where)
    try:
        return getattr(module, class_name)
    except AttributeError:
        raise ValueError(f"{target.rpartition(':')[0]} has no {class_name!r}") from None
