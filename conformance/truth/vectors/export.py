"""Writes the corpus, or some of its families, in one of the forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from .. import corpus
from .folders import write_folder

FORMS = ("onnx", "wpt", "npz")


@dataclass(frozen=True)
class Exported:
    """What was written.

    tried      how many vectors the families' cases could be: one a case, in WebNN's form two, as it has operators for a
               sequence and for a step
    left_out   ``family/id`` of each that the form cannot express, to the reason
    """

    form: str
    tried: int
    left_out: Mapping[str, str]

    @property
    def written(self) -> int:
        """How many were expressed."""
        return self.tried - len(self.left_out)

    @cached_property
    def reasons(self) -> Mapping[str, int]:
        """Each reason to the number of vectors, the most frequent first."""
        return dict(Counter(self.left_out.values()).most_common())


def export(
    form: str, folder: Path, families: Iterable[str] | None = None, begins: Callable[[str], None] = lambda family: None
) -> Exported:
    """Writes the families (all, where None are named) to the folder, which appears whole or not at all.

    begins   is told each family before its first case: the forms in float32 take a while, as they are certified anew

    Raises `FolderRefused` for a folder that holds what is not ours, `FixtureRefused` where the corpus is not in order,
    and `ModuleNotFoundError` where the form needs a package that is not installed.
    """
    write: Any = getattr(import_module(f".{form}_files", __package__), f"write_{form}")
    read = [corpus.read_family(name) for name in families or corpus.families()]
    found: list[Exported] = []

    def fill(new: Path) -> Mapping[str, Any]:
        found.append(Exported(form, *write(new, _one_by_one(read, begins))))
        return {
            "form": form,
            "licence": corpus.LICENCE,
            "families": {each.name: {"description": each.description, "flags": dict(each.flags)} for each in read},
            "tried": found[0].tried,
            "written": found[0].written,
            "left out": dict(found[0].left_out),
        }

    write_folder(folder, fill)
    return found[0]


def _one_by_one(families: Iterable[corpus.Family], begins: Callable[[str], None]) -> Iterator[corpus.Fixture]:
    for family in families:
        begins(family.name)
        yield from family.fixtures
