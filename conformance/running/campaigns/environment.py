"""What a result depends on beside the question: versions, the processor as NumPy sees it, this project's own code."""

from __future__ import annotations

import hashlib
import os
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np

from ...common.fixtures import directory
from ..machine import machine
from .chunks import digest_of

Environment = Mapping[str, Any]
_ALWAYS = ("ml_dtypes", "hypothesis")
_ROOT = Path(__file__).resolve().parents[3]
_CHOOSING_KERNELS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE", "XLA_FLAGS")


@cache
def environment_here(packages: tuple[str, ...] = (), plugin: str = "") -> Environment:
    """This process's environment, as JSON.

    packages   whose versions are of it, beside NumPy: as they are imported
    plugin     a file whose content is of it; empty: none
    """
    known: Any = np.show_config(mode="dicts")
    library, its = known["Build Dependencies"]["blas"], machine()
    return {
        **{name: its[name] for name in ("system", "architecture", "processor", "vectors", "threads")},
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numpy's kernels": sorted(known["SIMD Extensions"].get("found", ())),
        "blas": f"{library.get('name')} {library.get('version')}",
        "variables": {name: os.environ[name] for name in _CHOOSING_KERNELS if name in os.environ},
        "packages": {name: _versions(name) for name in sorted({*_ALWAYS, *packages})},
        "source": source_digest(),
        "plug-in": hashlib.sha256(Path(plugin).read_bytes()).hexdigest() if plugin else "",
    }


def _versions(package: str) -> str:
    """Of what is installed under the name that is imported."""
    return " ".join(f"{name} {version(name)}" for name in sorted(set(_installed().get(package, ())))) or "not installed"


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def source_digest() -> str:
    """A digest of the code and the data of this project, its tests apart."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for room in ("refimpl", "conformance"):
        for path in sorted((_ROOT / room).rglob("*")):
            if path.suffix in (".py", ".toml") and "tests" not in path.relative_to(_ROOT).parts:
                yield path
    yield from sorted(directory().glob("*.json"))


def most_common(found: Iterable[Environment]) -> Environment:
    """The environment of most workers; of several the one with the least digest, so that it is the same each time."""
    known: dict[str, Environment] = {}
    counts: Counter[str] = Counter()
    for one in found:
        digest = digest_of(one)
        known[digest] = one
        counts[digest] += 1
    return known[min(counts, key=lambda digest: (-counts[digest], digest))]


def environment_differences(one: Environment, other: Environment) -> list[str]:
    """In what they differ: each as ``name: one, other``."""
    flat, its = dict(_flat(one)), dict(_flat(other))
    names = dict.fromkeys([*flat, *its])
    return [f"{name}: {_short(flat, name)}, {_short(its, name)}" for name in names if flat.get(name) != its.get(name)]


def _flat(environment: Environment) -> Iterator[tuple[str, Any]]:
    for name, value in environment.items():
        if isinstance(value, Mapping):
            yield from value.items()
        else:
            yield name, value


def _short(flat: Mapping[str, Any], name: str) -> str:
    value = flat.get(name, "none")
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text[:12] if name in ("source", "plug-in") else text
