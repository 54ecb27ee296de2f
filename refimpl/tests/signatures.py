"""The stable API as text: what `stable_api.txt` beside this file promises, and what the code has."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import __name__ as root

FILE = Path(__file__).with_name("stable_api.txt")


def promises(text: str) -> dict[str, str]:
    """Each promised name to its line: ``name(parameters)``, or ``name has attribute, attribute``."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = {line.split("(")[0] if " has " not in line else line: line for line in lines}
    if len(found) < len(lines):
        raise ValueError("stable_api.txt: a name stands there twice")
    return found


def as_it_is(promise: str) -> str:
    """The line as the code would have it; it says what is missing where something is."""
    name, has, attributes = promise.partition(" has ")
    name = name.split("(")[0]
    found = lookup(name)
    if found is None:
        return f"{name} is gone"
    if has:
        there = set(attributes_of(found))
        missing = [each for each in attributes.split(", ") if each not in there]
        return f"{name} lacks {', '.join(missing)}" if missing else promise
    owner = lookup(name.rpartition(".")[0]) if "." in name else None
    return f"{name}{signature(found, method=inspect.isclass(owner))}"


def lookup(name: str) -> Any:
    """What a dotted name below the oracle is; None where there is none such."""
    found: Any = importlib.import_module(root)
    for part in name.split("."):
        if isinstance(found, ModuleType) and not hasattr(found, part):
            return None
        found = getattr(found, part, None)
    return found


def signature(function: Any, method: bool = False) -> str:
    """Parameters with their names, kinds and defaults, without annotations and without ``self``."""
    given = inspect.signature(function)
    parameters = [one.replace(annotation=inspect.Parameter.empty) for one in given.parameters.values()]
    if method and parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    written = str(given.replace(parameters=parameters, return_annotation=inspect.Signature.empty))
    return re.sub(r"<class '([\w.]+)'>", r"\1", written)


def attributes_of(kind: type) -> Iterator[str]:
    """A dataclass's fields, and what else a class has."""
    if dataclasses.is_dataclass(kind):
        yield from (field.name for field in dataclasses.fields(kind))
    yield from dir(kind)
