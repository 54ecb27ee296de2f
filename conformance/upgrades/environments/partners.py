"""What goes together in one environment, by the table in ``partners.toml``."""

from __future__ import annotations

import platform
import tomllib
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

from ...implementations.finding import source_of

_PYPROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"
_PYTHONS = ("3.13", "3.12", "3.11")
# tensorflow-cpu is half the download of tensorflow, where it has wheels
_CPU_WHEELS = Marker("platform_machine in 'x86_64 AMD64' and (sys_platform == 'linux' or sys_platform == 'win32')")
_SAME = {
    "tensorflow-cpu": "tensorflow",
    "tf-nightly": "tensorflow",
    "tf-nightly-cpu": "tensorflow",
    "keras-nightly": "keras",
}


class NoSet(ValueError):
    """No environment is known for what was asked: what, and what is known."""


@dataclass(frozen=True)
class Plan:
    """An environment to be built.

    requirement       what it is for, pinned to one release
    partners          what goes with it, package to requirement
    python            the minor release of CPython, as ``3.11``
    implementations   which implementations the package is looked at through
    left_out          why there is no partner where one might be missed
    """

    requirement: str
    partners: Mapping[str, str]
    python: str
    implementations: tuple[str, ...]
    left_out: str = ""

    @property
    def requirements(self) -> tuple[str, ...]:
        """All that is asked of the installer; what this project needs itself is among it."""
        return (*map(_distribution, (self.requirement, *self.partners.values())), *_own_dependencies())

    def __str__(self) -> str:
        partners = f" with {', '.join(self.partners.values())}" if self.partners else ""
        why = f" ({self.left_out})" if self.left_out else ""
        return f"{self.requirement}{partners}{why} on CPython {self.python}"


def plan(
    requirement: str,
    beside: Sequence[str] = (),
    more: Sequence[str] = (),
    implementations: Collection[str] = (),
    python: str | None = None,
) -> Plan:
    """The environment of a package's release.

    requirement       pinned, as ``keras==3.9.2``
    beside            other releases of the package that it is compared with: where that can be, on the same partners
    more              pinned requirements that come into it too, and take the place of the table's
    implementations   what runs in it; partners that none of these use are left out. None: all partners
    python            a minor release of CPython, as ``3.12``; by default this one's, or the newest that the set allows

    Raises `NoSet` where the table knows no environment for it, or not on that CPython.
    """
    package, version = pinned(requirement)
    versions = [version, *(pinned(other)[1] for other in beside if pinned(other)[0] == package)]
    own = _first(package, [version])
    chosen = _first(package, versions) or own
    if own is None or chosen is None:
        lowest = min(_lower_end(one) for one in table()[package]["sets"])
        raise NoSet(f"{requirement}: no environment is known for it; of {package}, releases from {lowest} on are known")
    partners = {_name(one): one for one in chosen["with"]} | {_name(one): one for one in more}
    needed = _needed(implementations)
    if needed is not None:
        kept = {_name(one) for one in more} | needed
        partners = {name: one for name, one in partners.items() if name in kept or name not in table()}
    partners.pop(package, None)
    return Plan(
        requirement,
        partners,
        _python(requirement, chosen["python"], python),
        tuple(implementations) or tuple(chosen.get("implementations", table()[package]["implementations"])),
        chosen.get("without", ""),
    )


def pair(
    old: str, new: str, more: Sequence[str] = (), implementations: Collection[str] = (), python: str | None = None
) -> tuple[Plan, Plan]:
    """The environments of two releases that are to be compared, both on one CPython; else as `plan`.

    Without implementations, each has room for those that the table names for it, and for no more.
    """

    def side(one: str, other: str) -> Plan:
        names = implementations or plan(one, (other,), more, (), python).implementations
        return plan(one, (other,), more, names, python)

    first, second = side(old, new), side(new, old)
    if first.python != second.python:
        return pair(old, new, more, implementations, min(first.python, second.python, key=Version))
    return first, second


def pinned(requirement: str) -> tuple[str, Version]:
    """The package, by the name that the table has, and its release; `NoSet` where it is not pinned or not known."""
    package = known(requirement)
    (specifier,) = Requirement(requirement).specifier or (None,)
    try:
        return package, Version(specifier.version if specifier and specifier.operator == "==" else "")
    except InvalidVersion:
        raise NoSet(f"{requirement}: expected one release, as in {package}==1.2.3") from None


def is_pinned(requirement: str) -> bool:
    """Whether it names one release."""
    specifiers = tuple(Requirement(requirement).specifier)
    return len(specifiers) == 1 and specifiers[0].operator == "==" and "*" not in specifiers[0].version


def is_listed(requirement: str) -> bool:
    """Whether the table knows the package that it names."""
    return _name(requirement) in table()


def known(requirement: str) -> str:
    """The package that it names, by the name that the table has; `NoSet` for nonsense or one that is not there."""
    try:
        package = _name(requirement)
    except InvalidRequirement as error:
        raise NoSet(f"{requirement!r} is no requirement, as keras==3.9.2 is: {error}".splitlines()[0]) from None
    if package not in table():
        raise NoSet(f"{requirement}: no environment is known for it; expected one of {', '.join(table())}")
    return package


@cache
def table() -> Mapping[str, Any]:
    """The table, as it is written."""
    return tomllib.loads(Path(__file__).with_name("partners.toml").read_text(encoding="utf-8"))


def _first(package: str, versions: Sequence[Version]) -> Mapping[str, Any] | None:
    """The first set that takes all of the releases."""
    for one in table()[package]["sets"]:
        if all(SpecifierSet(one["releases"]).contains(version, prereleases=True) for version in versions):
            found: Mapping[str, Any] = one
            return found
    return None


def _lower_end(one: Mapping[str, Any]) -> Version:
    return min(Version(each.version) for each in SpecifierSet(one["releases"]))


def _needed(implementations: Collection[str]) -> set[str] | None:
    """The packages that these implementations import; None where one does not say."""
    packages = [source_of(name).packages for name in implementations]
    return {name for each in packages for name in each} if packages and all(packages) else None


def _python(requirement: str, allowed: str, wanted: str | None) -> str:
    """The CPython to take: the one that is wanted, else this one, else the newest."""
    here = ".".join(platform.python_version_tuple()[:2])
    for minor in (wanted,) if wanted else (here, *_PYTHONS):
        if SpecifierSet(allowed).contains(minor):
            return minor
    raise NoSet(f"{requirement}: the environment that is known for it needs CPython {allowed}, not {wanted}")


def _distribution(requirement: str) -> str:
    """The requirement as it is installed here."""
    found = Requirement(requirement)
    if found.name == "tensorflow" and _CPU_WHEELS.evaluate():
        found.name = "tensorflow-cpu"
    return str(found)


def _name(requirement: str) -> str:
    name = canonicalize_name(Requirement(requirement).name)
    return _SAME.get(name, name)


@cache
def _own_dependencies() -> tuple[str, ...]:
    """What this project needs itself, as pyproject.toml says it."""
    if not _PYPROJECT.is_file():
        raise NoSet("environments are built for a checkout of this project: none is here, as it was installed")
    return tuple(tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))["project"]["dependencies"])
