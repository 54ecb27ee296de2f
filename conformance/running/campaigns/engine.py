"""Chunks done by the workers of Dask, on this machine or on a cluster.

Workers send what they found, and this process alone writes it: a cluster needs no shared folder. A worker that is lost
costs the chunks that it was at; Dask gives them to another. A worker whose environment differs is seen by its results,
which are kept apart; then the others get the work.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from typing import Any

from ...common.temporary import temporary_folder
from ...contract import NotRun
from ..processes import ONE_THREAD, WITHOUT_GPU
from .chunks import Campaign, Chunk, Found, digest_of
from .environment import Environment, environment_differences, environment_here, most_common
from .store import Store

_LOSSES = 10  # workers that one chunk may cost: then it is the chunk
_AHEAD = 3  # chunks that wait for each thread, so that none idles
_OF_WORKERS = {"DASK_LOGGING__DISTRIBUTED": "critical", "MALLOC_TRIM_THRESHOLD_": 65536}
_PATIENCE = 10.0  # seconds for a scheduler to answer
_WAIT = 1.0  # seconds between looks for a worker, while there are only some that differ


class CannotRun(RuntimeError):
    """The campaign cannot go on: no scheduler answers, or the implementation is absent from the workers."""


@dataclass(frozen=True)
class Done:
    """What a worker gives back: the environment, what it found (None: it has been told before), and the seconds."""

    environment: Environment
    found: Found | None
    seconds: float


@dataclass
class Progress:
    """How far a campaign is.

    done        chunks and cases of this run
    seconds     of workers, for these
    differing   environment's digest to how it differs from that of the campaign
    apart       how many results were kept apart
    broken      chunks that could not be done, and why
    """

    total: int = 0
    chunks: int = 0
    cases: int = 0
    seconds: float = 0.0
    differing: dict[str, list[str]] = field(default_factory=dict)
    apart: int = 0
    broken: dict[str, str] = field(default_factory=dict)


def do(chunk: Chunk, packages: tuple[str, ...], plugin: str, told: Sequence[str]) -> Done:
    """Does a chunk, in a worker; but for what the worker's environment has told before, by its digest."""
    environment, began = environment_here(packages, plugin), time.process_time()
    found = None if digest_of(environment) in told else chunk.work(**chunk.parameters)
    return Done(environment, found, time.process_time() - began)


@contextmanager
def connected(scheduler: str | None, workers: int) -> Iterator[Any]:
    """Dask's client: of the scheduler at the address, or of as many processes of this machine, one thread each.

    `ModuleNotFoundError` where Dask is not installed.
    """
    import dask
    import distributed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # also of what ends after the cluster has
    if scheduler:
        try:
            with distributed.Client(scheduler, timeout=_PATIENCE) as client:
                _check_scheduler(client, scheduler)
                yield client
        except OSError as error:
            raise CannotRun(f"no scheduler answers at {scheduler}: {error}") from None
        return
    settings = {
        "distributed.scheduler.allowed-failures": _LOSSES,
        "distributed.deploy.lost-worker-timeout": "1 hour",  # one that starts slowly would not be started again
        "distributed.nanny.pre-spawn-environ": ONE_THREAD | WITHOUT_GPU | _OF_WORKERS,
    }
    with temporary_folder("conformance-campaign-") as scratch, dask.config.set(settings):
        with _interrupts_blocked():
            cluster = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                local_directory=str(scratch),
                memory_limit=None,  # the machine's own
                silence_logs=logging.CRITICAL,
            )
        with cluster, distributed.Client(cluster) as client:
            yield client


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Threads that begin meanwhile, and their processes, never see an interrupt at the keyboard: it is ours to act."""
    if os.name == "nt":
        yield
        return
    resource_tracker.ensure_running()  # to start it later would unblock them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _check_scheduler(client: Any, address: str) -> None:
    """`CannotRun` where the scheduler has not this project: what names our functions is read there too."""
    try:
        client.run_on_scheduler(environment_here, (), "")
    except ImportError as error:
        raise CannotRun(f"the scheduler at {address} needs this project, as its workers do: {error}") from None


def environment_of(client: Any, campaign: Campaign) -> Environment:
    """The environment of most workers, after it has waited for the first; `CannotRun` where one cannot tell its own."""
    client.wait_for_workers(1)
    found = client.run(environment_here, campaign.packages, campaign.plugin, on_error="return")
    for address, its in found.items():
        if isinstance(its, Exception):
            raise CannotRun(f"a worker of {len(found)}, {address}, cannot do this work: {its}")
    return most_common(found.values())


def work_off(
    client: Any,
    campaign: Campaign,
    chunks: Iterable[Chunk],
    environment: Environment,
    store: Store,
    watch: Callable[[Progress], None],
) -> Progress:
    """Does the chunks, and writes what they gave; `CannotRun` where none can be done.

    environment   that of the campaign; results of others are kept apart
    watch         is told how far it is, after each chunk
    """
    import distributed

    wanted, known = digest_of(environment), [digest for digest, _ in store.environments()]
    waiting, progress = list(reversed(list(chunks))), Progress()
    progress.total = len(waiting)
    running: dict[Any, Chunk] = {}
    offered: dict[str, int] = {}
    completed = distributed.as_completed()
    strangers: set[str] = set()
    suspected: list[Chunk] = []

    def offer() -> None:
        threads: Mapping[str, int] = client.nthreads()
        right = [address for address in threads if address not in strangers]
        while waiting and len(running) < _AHEAD * sum(threads[address] for address in right):
            chunk = waiting.pop()
            identity = chunk.identity(wanted)
            offered[identity] = offered.get(identity, 0) + 1
            told = [digest for digest in known if digest != wanted and store.has(chunk, digest)]
            future = client.submit(
                *(do, chunk, campaign.packages, campaign.plugin, told),
                key=f"{campaign.name}-{identity}-{offered[identity]}",
                workers=right if strangers else None,
                allow_other_workers=bool(strangers),  # a task whose only workers are lost would wait for them
                pure=False,
            )
            running[future] = chunk
            completed.add(future)

    def take(future: Any) -> None:
        chunk = running.pop(future)
        if future.status == "error":
            error = future.exception()
            if isinstance(error, distributed.KilledWorker) and chunk not in suspected:
                suspected.append(chunk)
            else:
                _complain(progress, chunk, error)
            return
        if future.status != "finished":  # the scheduler has forgotten it
            waiting.append(chunk)
            return
        done: Done = future.result()
        digest = digest_of(done.environment)
        if digest == wanted and done.found is not None:
            if _kept(store, chunk, done, progress):
                progress.chunks, progress.cases = progress.chunks + 1, progress.cases + chunk.amount
                progress.seconds += done.seconds
            return
        progress.differing.setdefault(digest, environment_differences(environment, done.environment))
        strangers.update(_workers_of(client, campaign, digest))
        if done.found is not None and _kept(store, chunk, done, progress):
            known.append(digest)
            progress.apart += 1
        waiting.append(chunk)

    alone = 0
    while waiting or running or alone < len(suspected):
        if client.status != "running":
            raise CannotRun("the connection to the scheduler is lost; the same command goes on from here")
        if not waiting and not running:  # whichever ended its worker ended the chunks beside it too
            waiting.append(suspected[alone])
            alone += 1
        offer()
        if not running:
            time.sleep(_WAIT)
            continue
        for future in completed.next_batch():
            take(future)
            watch(progress)
    return progress


def _kept(store: Store, chunk: Chunk, done: Done, progress: Progress) -> bool:
    """Writes the result; False where it is none of this work."""
    try:
        store.add(chunk, done.environment, done.found or {})
    except ValueError as error:
        progress.broken[chunk.named] = str(error)
        return False
    return True


def _complain(progress: Progress, chunk: Chunk, error: BaseException) -> None:
    if isinstance(error, NotRun):
        raise CannotRun(f"not run: {error}") from None
    lines = str(error).splitlines() or [""]
    progress.broken[chunk.named] = f"{type(error).__name__}: {lines[0]:.300}"


def _workers_of(client: Any, campaign: Campaign, digest: str) -> list[str]:
    """The addresses of the workers whose environment has that digest; those that are gone by now are not asked."""
    found = client.run(environment_here, campaign.packages, campaign.plugin, on_error="ignore")
    return [address for address, one in found.items() if digest_of(one) == digest]
