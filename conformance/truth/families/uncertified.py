"""A case of the corpus before its expected values are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...contract import Case


@dataclass(frozen=True)
class UncertifiedCase:
    """A case without expected values; the fields are those of `corpus.Fixture`."""

    id: str
    case: Case
    flags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class UncertifiedFamily:
    """The cases of one file; `flags` explains every flag that its cases carry."""

    name: str
    description: str
    flags: Mapping[str, str]
    cases: tuple[UncertifiedCase, ...]
    provenance: str
