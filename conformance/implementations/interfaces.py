"""What a user builds against: the arguments of a framework's classes, as plain data by which releases are compared."""

from __future__ import annotations

import inspect
import re
from typing import Any

Interface = dict[str, dict[str, Any]]


def signature_of(made: type) -> dict[str, str]:
    """The arguments of a class, each with its default as source or "required"; ``*args`` and ``**kwargs`` are "any"."""
    stars: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    initializer: Any = made.__init__  # type: ignore[misc]  # of the class itself, which Keras 3 makes through __new__
    _, *parameters = inspect.signature(initializer).parameters.values()
    return {stars.get(one.kind, "") + one.name: _default(one, one.kind in stars) for one in parameters}


def _default(parameter: inspect.Parameter, gathers: bool) -> str:
    if gathers:
        return "any"
    if parameter.default is inspect.Parameter.empty:
        return "required"
    return re.sub(r" at 0x[0-9a-f]+", "", repr(parameter.default))  # an address is another one in every process
