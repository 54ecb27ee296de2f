"""What is asked of each release: whether it answers a case rightly, or whether a known divergence shows.

A case is written as the minimal cases of divergences are, in a TOML file that names the implementation too::

    implementation = "keras-jax"
    options = { kind = "LSTM", dtype = "float64", mask = "right" }  # all others are the simplest that there are
    sizes = { hidden = 3, time = 2 }                                # so are these
    choices = { "magnitude of x" = 40.0 }                           # and these, which are seldom needed
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ...common.reading import Unreadable, read_toml
from ...common.schemas import mismatch
from ...contract import Case
from ...implementations.finding import source_of
from ...judging import divergences
from ...judging.divergences import Divergence
from ...judging.divergences.catalogue import minimal_case

_SCHEMA = Path(divergences.__file__).with_name("schema.json")


@dataclass(frozen=True)
class Question:
    """A case or a known divergence (the ``subject``), and the implementation that answers.

    arguments   arguments of `conformance.upgrades.bisecting.worker`, which make the same question there
    """

    implementation: str
    subject: Case | Divergence
    arguments: tuple[str, str, str]


def question_of_case_file(path: Path) -> Question:
    """The question of a case in a TOML file; `ValueError` says what is wrong with the file."""
    defined = json.loads(_SCHEMA.read_text(encoding="utf-8"))["$defs"]["case"]
    properties = {"implementation": {"type": "string"}, **defined["properties"]}
    schema = {**defined, "properties": properties, "required": ["implementation", *defined["required"]]}
    try:
        content = read_toml(path)
        if wrong := mismatch(content, schema):
            raise ValueError(wrong)
        source_of(content["implementation"])
        case = minimal_case(content)
    except Unreadable as error:
        raise ValueError(str(error)) from None
    except (OSError, ValueError, KeyError, TypeError) as error:  # TOML's own is a ValueError; NumPy's of a dtype is not
        raise ValueError(f"{path}: {error}") from None
    name = content["implementation"]
    return Question(name, case, (name, "case", str(path.resolve())))


def question_of_divergence(identifier: str, package: str, implementation: str | None = None) -> Question:
    """The question of a known divergence by its id, put to an implementation that uses the package.

    Raises `ValueError` where there is none of that id, or none in such an implementation.
    """
    entry = known_divergence(identifier)
    possible = [name for name in entry.implementations if package in source_of(name).packages]
    if implementation is not None:
        possible = [name for name in possible if name == implementation]
    if not possible:
        concerned = ", ".join(entry.implementations)
        raise ValueError(f"{identifier} is of {concerned}, not of {implementation or f'what {package} is part of'}")
    return Question(possible[0], entry, (possible[0], "divergence", identifier))


def known_divergence(identifier: str) -> Divergence:
    """The known divergence of that id; `ValueError` where there is none."""
    for entry in divergences.known_divergences():
        if entry.id == identifier:
            return entry
    raise ValueError(f"no known divergence {identifier!r}: `python -m conformance divergences` lists them")
