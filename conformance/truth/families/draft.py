"""A case of the corpus before its expected values are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...contract import Case


@dataclass(frozen=True)
class Draft:
    """A fixture without expected values; the fields are those of `corpus.Fixture`."""

    id: str
    case: Case
    flags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class DraftFamily:
    """The drafts of one file; `flags` explains every flag that they carry."""

    name: str
    description: str
    flags: Mapping[str, str]
    drafts: tuple[Draft, ...]
    provenance: str
