"""The corpus made and the corpus checked: every case certified, every gradient proven, on all cores."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..contract import Case
from ..running.kept import end_with_parent
from . import corpus
from .balls import AtKink
from .certificates import Certificate, certify
from .corpus import Family, Fixture
from .derivatives import prove_along_random_direction
from .families import UncertifiedFamily, all_families

_STAGING = ".certify"


class NotCertified(Exception):
    """A case whose values or gradients could not be proven: which, and why."""


@dataclass(frozen=True)
class CheckReport:
    """What `check_corpus` found; ``proofs`` counts the directional derivatives that were proven."""

    cases: int
    numbers: int
    proofs: int
    kinks: int
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return self.cases > 0 and not self.problems


@dataclass(frozen=True)
class _Work:
    id: str
    case: Case


@dataclass(frozen=True)
class _Result:
    certificate: Certificate
    proof: str  # "proven", "at a kink", "none": no gradient is asked for, or what went wrong


def certify_corpus(
    where: Path | None = None, jobs: int | None = None, fresh: bool = False, console: Console | None = None
) -> list[Path]:
    """Writes every family and the manifest, the same to the byte every time.

    Families are staged as they are finished: what was interrupted goes on where it stopped, unless ``fresh`` or
    the code that made them has changed. The files are put in place when all are there.
    """
    folder = where or corpus.directory()
    staging = folder / _STAGING
    if fresh:
        shutil.rmtree(staging, ignore_errors=True)
    families = all_families()
    staged = staging / _digest_of_code()
    staged.mkdir(parents=True, exist_ok=True)
    with _workers(jobs) as mapped, _bar(console) as bar:
        task = bar.add_task("certifying", total=sum(len(family.cases) for family in families))
        for family in families:
            if not (staged / f"{family.name}.json").exists():
                fixtures: list[Fixture] = []
                for work, result in mapped(_work(family)):
                    fixtures.append(_fixture(family, len(fixtures), work, result))
                    bar.update(task, advance=1, description=family.name)
                corpus.write(_certified_family(family, fixtures), staged)
            else:
                bar.update(task, advance=len(family.cases))
    paths = [folder / f"{family.name}.json" for family in families]
    for path in paths:
        os.replace(staged / path.name, path)
    shutil.rmtree(staging)
    corpus.write_manifest(folder)
    return paths


def check_corpus(
    where: Path | None = None,
    fraction: float = 1.0,
    seed: int = 0,
    jobs: int | None = None,
    console: Console | None = None,
) -> CheckReport:
    """Certifies that share of the stored cases again, and compares every byte of every file.

    What was not drawn is compared with the families in everything but its expected values.
    """
    folder = where or corpus.directory()
    rng = random.Random(seed)
    cases = numbers = proofs = kinks = 0
    problems: list[str] = []
    with _workers(jobs) as mapped, _bar(console) as bar:
        task = bar.add_task("checking", total=None)
        for family in all_families():
            path = folder / f"{family.name}.json"
            try:
                stored = corpus.read_family(path)
            except corpus.FixtureRefused as refused:
                problems.append(str(refused))
                continue
            fixtures = {fixture.id: fixture for fixture in stored.fixtures}
            if list(fixtures) != [uncertified.id for uncertified in family.cases]:
                problems.append(f"{path}: the cases are not those of the family {family.name}")
                continue
            drawn = [work for work in _work(family) if rng.random() < fraction]
            fresh = dict(fixtures)
            for work, result in mapped(drawn):
                bar.update(task, advance=1, description=family.name)
                cases += 1
                numbers += sum(value.size for value in result.certificate.values.values())
                proofs += result.proof == "proven"
                kinks += result.proof == "at a kink"
                problems += _differences(path, fixtures[work.id], result)
                fresh[work.id] = replace(
                    fixtures[work.id], expected=result.certificate.values, exact=result.certificate.exact
                )
            again = [
                replace(
                    fresh[uncertified.id],
                    case=uncertified.case,
                    flags=uncertified.flags,
                    note=uncertified.note,
                    provenance=family.provenance,
                )
                for uncertified in family.cases
            ]
            if corpus.encoded_family(_certified_family(family, again)).encode() != path.read_bytes():
                problems.append(f"{path}: is not what `python -m conformance certify` writes")
    return CheckReport(cases, numbers, proofs, kinks, tuple(problems))


def check_some(name: str, first: int, count: int) -> CheckReport:
    """Certifies some stored cases of the family of that name, from the one numbered ``first`` on.

    Of the files it compares the numbers of these cases alone; `check_corpus` compares every byte.
    """
    (family,) = (family for family in all_families() if family.name == name)
    path = corpus.directory() / f"{name}.json"
    stored = {fixture.id: fixture for fixture in corpus.read_family(path).fixtures}
    problems: list[str] = []
    numbers = 0
    proofs: Counter[str] = Counter()
    for work in _work(family)[first : first + count]:
        result = _evaluate(work)
        numbers += sum(value.size for value in result.certificate.values.values())
        proofs[result.proof] += 1
        problems += _differences(path, stored[work.id], result)
    return CheckReport(proofs.total(), numbers, proofs["proven"], proofs["at a kink"], tuple(problems))


def _differences(path: Path, stored: Fixture, result: _Result) -> Iterator[str]:
    if not result.certificate.is_complete:
        yield f"{path}: {stored.id}: undecided: {result.certificate.reason}"
        return
    if result.proof not in ("proven", "at a kink", "none"):
        yield f"{path}: {stored.id}: {result.proof}"
    for name, certified in result.certificate.values.items():
        for index in map(tuple, np.argwhere(certified != stored.expected[name])):
            at = [int(k) for k in index]
            yield (
                f"{path}: {stored.id}: {name}{at}: stored {float(stored.expected[name][index])!r}, "
                f"certified {float(certified[index])!r}"
            )


def _evaluate(work: _Work) -> _Result:
    certificate = certify(work.case)
    if not work.case.wants_gradients:
        return _Result(certificate, "none")
    try:
        proof = prove_along_random_direction(work.case, seed=0)
    except AtKink:
        return _Result(certificate, "at a kink")
    return _Result(certificate, "proven" if proof.holds else f"the adjoint is not the derivative: {proof}")


def _work(family: UncertifiedFamily) -> list[_Work]:
    return [_Work(uncertified.id, uncertified.case) for uncertified in family.cases]


def _fixture(family: UncertifiedFamily, index: int, work: _Work, result: _Result) -> Fixture:
    certificate, uncertified = result.certificate, family.cases[index]
    if not certificate.is_complete:
        raise NotCertified(f"{family.name}/{work.id}: {certificate.reason}: {certificate.undecided}")
    if result.proof not in ("proven", "at a kink", "none"):
        raise NotCertified(f"{family.name}/{work.id}: {result.proof}")
    return Fixture(
        uncertified.id,
        family.name,
        uncertified.case,
        certificate.values,
        certificate.exact,
        uncertified.flags,
        uncertified.note,
        family.provenance,
    )


def _certified_family(family: UncertifiedFamily, fixtures: Sequence[Fixture]) -> Family:
    return Family(family.name, family.description, family.flags, tuple(fixtures))


def _digest_of_code() -> str:
    """Stands for all code that the corpus depends on, the families included."""
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for folder in ("refimpl", "conformance/truth"):
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _workers(jobs: int | None) -> Iterator[Any]:
    """A function that maps `_evaluate` over work, in order, on that many processes; by default on all cores."""
    count = jobs or os.cpu_count() or 1
    if count == 1:
        yield lambda work: ((item, _evaluate(item)) for item in work)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=spawn, initializer=end_with_parent) as pool:
        try:
            yield lambda work: zip(work, pool.map(_evaluate, work, chunksize=4), strict=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _bar(console: Console | None) -> Progress:
    return Progress(
        TextColumn("{task.description:>18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console or Console(stderr=True),
    )
