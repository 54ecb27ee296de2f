"""The corpus: cases whose expected values are certified, read from and written to `fixtures`.

A file holds one family, as ``fixtures/schema.json`` describes and ``fixtures/README.md`` explains. ``manifest.json``
beside it has each file's SHA-256. A file is used only when its checksum, format version, schema, shapes and
numbers are in order; anything else is `FixtureRefused`, before any of it is used. Nothing is ever unpickled.
"""

from ...common.fixtures import directory
from .model import FORMAT, LICENCE, Family, Fixture, FixtureRefused, shapes_of
from .reading import MAX_BYTES, families, read, read_family
from .writing import encoded_family, write, write_manifest

__all__ = [
    "FORMAT",
    "LICENCE",
    "MAX_BYTES",
    "Family",
    "Fixture",
    "FixtureRefused",
    "directory",
    "encoded_family",
    "families",
    "read",
    "read_family",
    "shapes_of",
    "write",
    "write_manifest",
]
