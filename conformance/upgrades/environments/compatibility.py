"""Which releases go together in one environment, by the table in ``compatibility.toml``."""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ...common.reading import read_toml
from ...implementations.finding import source_of

_PYPROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"
_PYTHONS = ("3.13", "3.12", "3.11")


class NoEnvironmentKnown(ValueError):
    """The table has no environment for a requirement: the message says what it has."""


@dataclass(frozen=True)
class EnvironmentPlan:
    """An environment to be built.

    requirement       the release that it is for, pinned
    companions        the packages that are installed with it, package to requirement
    python            the minor release of CPython, as ``3.11``
    implementations   the implementations that show what the package computes
    left_out          the reason why a companion is missing that one might expect
    """

    requirement: str
    companions: Mapping[str, str]
    python: str
    implementations: tuple[str, ...]
    left_out: str = ""

    @property
    def requirements(self) -> tuple[str, ...]:
        """All that is installed, this project's own dependencies included."""
        return (*map(_distribution, (self.requirement, *self.companions.values())), *_own_dependencies())

    def __str__(self) -> str:
        companions = f" with {', '.join(self.companions.values())}" if self.companions else ""
        why = f" ({self.left_out})" if self.left_out else ""
        return f"{self.requirement}{companions}{why} on CPython {self.python}"


def plan_environment(
    requirement: str,
    beside: Sequence[str] = (),
    more: Sequence[str] = (),
    implementations: Collection[str] = (),
    python: str | None = None,
) -> EnvironmentPlan:
    """The environment of a package's release.

    requirement       pinned, as ``keras==3.9.2``
    beside            other releases of the package that it is compared with: they get the same companions if they can
    more              pinned requirements that are installed too, in place of the table's
    implementations   what runs in it; companions that none of these use are left out. None: all companions
    python            a minor release of CPython, as ``3.12``; by default this one's, or the newest that the set allows

    Raises `NoEnvironmentKnown` where the table has no environment for it, or not on that CPython.
    """
    package, version = package_and_release(requirement)
    versions = [
        version,
        *(package_and_release(other)[1] for other in beside if package_and_release(other)[0] == package),
    ]
    own = _first(package, [version])
    chosen = _first(package, versions) or own
    if own is None or chosen is None:
        lowest = min(_lower_end(one) for one in compatibility_table()[package]["sets"])
        raise NoEnvironmentKnown(
            f"{requirement}: no environment is known for it; of {package}, releases from {lowest} on are known"
        )
    companions = {_name(one): one for one in chosen["with"]} | {_name(one): one for one in more}
    needed = _needed(implementations)
    if needed is not None:
        kept = {_name(one) for one in more} | needed
        companions = {
            name: one for name, one in companions.items() if name in kept or name not in compatibility_table()
        }
    companions.pop(package, None)
    return EnvironmentPlan(
        requirement,
        companions,
        _python(requirement, chosen["python"], python),
        tuple(implementations)
        or tuple(chosen.get("implementations", compatibility_table()[package]["implementations"])),
        chosen.get("without", ""),
    )


def plan_pair(
    old: str, new: str, more: Sequence[str] = (), implementations: Collection[str] = (), python: str | None = None
) -> tuple[EnvironmentPlan, EnvironmentPlan]:
    """The environments of two releases that are to be compared, both on one CPython; else as `plan_environment`.

    Without ``implementations`` each environment is for those that the table names for it.
    """

    def side(one: str, other: str) -> EnvironmentPlan:
        names = implementations or plan_environment(one, (other,), more, (), python).implementations
        return plan_environment(one, (other,), more, names, python)

    first, second = side(old, new), side(new, old)
    if first.python != second.python:
        return plan_pair(old, new, more, implementations, min(first.python, second.python, key=Version))
    return first, second


def package_and_release(requirement: str) -> tuple[str, Version]:
    """A listed package and its release; `NoEnvironmentKnown` where it is not pinned or not listed."""
    package = listed_package(requirement)
    (specifier,) = Requirement(requirement).specifier or (None,)
    try:
        return package, Version(specifier.version if specifier and specifier.operator == "==" else "")
    except InvalidVersion:
        raise NoEnvironmentKnown(f"{requirement}: expected one release, as in {package}==1.2.3") from None


def is_pinned(requirement: str) -> bool:
    """Whether the requirement names one release."""
    specifiers = tuple(Requirement(requirement).specifier)
    return len(specifiers) == 1 and specifiers[0].operator == "==" and "*" not in specifiers[0].version


def is_listed(requirement: str) -> bool:
    """Whether the table has the package that the requirement names."""
    return _name(requirement) in compatibility_table()


def listed_package(requirement: str) -> str:
    """The package of the table that the requirement names; `NoEnvironmentKnown` where there is none."""
    try:
        package = _name(requirement)
    except InvalidRequirement as error:
        raise NoEnvironmentKnown(
            f"{requirement!r} is no requirement, as keras==3.9.2 is: {error}".splitlines()[0]
        ) from None
    if package not in compatibility_table():
        raise NoEnvironmentKnown(
            f"{requirement}: no environment is known for it; expected one of {', '.join(compatibility_table())}"
        )
    return package


def package_that_brings(implementation: str) -> str | None:
    """The package whose environment is for this implementation; None where the table has none."""
    named = (name for name, its in compatibility_table().items() if implementation in its["implementations"])
    return next(named, None)


def successors() -> Mapping[str, str]:
    """Implementation of an older release to the one that carries on its history with newer releases."""
    return {old: new for its in compatibility_table().values() for old, new in its.get("successors", {}).items()}


@cache
def compatibility_table() -> Mapping[str, Any]:
    """The table, as it is written."""
    return read_toml(Path(__file__).with_name("compatibility.toml"))


def _first(package: str, versions: Sequence[Version]) -> Mapping[str, Any] | None:
    """The first set whose range has all of the releases."""
    for one in compatibility_table()[package]["sets"]:
        if all(SpecifierSet(one["releases"]).contains(version, prereleases=True) for version in versions):
            found: Mapping[str, Any] = one
            return found
    return None


def _lower_end(one: Mapping[str, Any]) -> Version:
    return min(Version(each.version) for each in SpecifierSet(one["releases"]))


def _needed(implementations: Collection[str]) -> set[str] | None:
    """The packages that these implementations import; None where one does not name any."""
    packages = [source_of(name).packages for name in implementations]
    return {name for each in packages for name in each} if packages and all(packages) else None


def _python(requirement: str, allowed: str, wanted: str | None) -> str:
    """The CPython to use: the one that is wanted, else this one, else the newest."""
    here = ".".join(platform.python_version_tuple()[:2])
    for minor in (wanted,) if wanted else (here, *_PYTHONS):
        if SpecifierSet(allowed).contains(minor):
            return minor
    raise NoEnvironmentKnown(
        f"{requirement}: the environment that is known for it needs CPython {allowed}, not {wanted}"
    )


def _distribution(requirement: str) -> str:
    """The requirement under the name that is installed here: the table may name another for some machines."""
    found = Requirement(requirement)
    for name, marker in compatibility_table().get(found.name, {}).get("distributions", {}).items():
        if Marker(marker).evaluate():
            found.name = name
    return str(found)


def _name(requirement: str) -> str:
    """The package that a requirement names; one that installs the same package under another name counts as that."""
    name = canonicalize_name(Requirement(requirement).name)
    return next((package for package, its in compatibility_table().items() if name in its.get("aliases", ())), name)


@cache
def _own_dependencies() -> tuple[str, ...]:
    """This project's own dependencies, from pyproject.toml."""
    if not _PYPROJECT.is_file():
        raise NoEnvironmentKnown(
            "environments are built for a checkout of this project: none is here, as it was installed"
        )
    return tuple(read_toml(_PYPROJECT)["project"]["dependencies"])
