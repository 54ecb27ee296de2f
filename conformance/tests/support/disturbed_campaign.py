"""A campaign on two workers, one of which is killed three times and then restarted with another NumPy.

``python -m conformance.tests.support.disturbed_campaign FOLDER --cases 1000000`` does it undisturbed too, and compares.
``--python`` names one that has the other NumPy, and Dask; without it a worker says that it has another one. What the
folder has already is not done again.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.power.campaigns import walk
from conformance.running.campaigns import engine
from conformance.running.campaigns.chunks import Campaign
from conformance.running.campaigns.report import state_of, write_result
from conformance.running.campaigns.store import Store
from conformance.running.kept import Kept
from conformance.running.processes import ONE_THREAD, subprocess_environment
from conformance.tests.support import HERE

KILLS = 3
VICTIM, STRANGER = 1, "stranger"  # names of workers: the first is one that Dask's cluster gives


def walk_of(cases: int, chunk: int, implementation: str = "oracle") -> Campaign:
    """A walk through the options in float32."""
    return walk.campaign_of(
        argparse.Namespace(implementation=implementation, dtype="float32", cases=cases, chunk=chunk, seed=0)
    )


@dataclass
class Disturber:
    """Kills the worker as the work goes on, and at last puts one with another NumPy in its place."""

    client: Any
    total: int
    other: Sequence[str]
    killed: int = 0
    stranger: Kept | None = None

    def watch(self, now: engine.Progress) -> None:
        """Called after each chunk. It waits for a worker that starts; meanwhile the other one works."""
        if now.chunks < self.total * (1 + self.killed) // (KILLS + 5) or self.stranger is not None:
            return
        if self.killed < KILLS:
            (number,) = self.client.run(os.getpid, workers=[self._wait_for(VICTIM)]).values()
            os.kill(number, signal.SIGKILL)
            self.killed += 1
            self._wait_for(VICTIM, number)
        else:
            self.client.cluster.scale(1)
            self.stranger = start_worker(self.other, self.client.scheduler.address)
            self._wait_for(STRANGER)

    def _wait_for(self, name: object, but: int = 0) -> str:
        """The address of the worker of that name, once there is one whose process is another."""
        until = time.monotonic() + 200
        while time.monotonic() < until:
            for address, its in self.client.scheduler_info()["workers"].items():
                if its["name"] == name and self.client.run(os.getpid, workers=[address], on_error="ignore") != {
                    address: but
                }:
                    return str(address)
            time.sleep(0.1)
        raise TimeoutError(f"no worker {name} comes")


def start_worker(command: Sequence[str], scheduler: str) -> Kept:
    """A worker of that scheduler, in a process that the command begins."""
    options = ["--nthreads", "1", "--no-nanny", "--name", STRANGER, "--no-dashboard"]
    where = {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical"}
    return Kept([*command, scheduler, *options], env=subprocess_environment(**ONE_THREAD, **where))


def command_of(python: str = "") -> list[str]:
    """What starts a worker of Dask: of that Python, or of this one, planted."""
    planted = [] if python else ["--preload", str(HERE / "planted_numpy.py")]
    return [python or sys.executable, "-m", "distributed.cli.dask_worker", *planted]


def disturbed(campaign: Campaign, folder: Path, other: Sequence[str]) -> engine.Progress:
    """Does the campaign so, and writes the result beside its chunks."""
    store = Store(folder, campaign.schema)
    with engine.connected(None, 2) as client:
        environment = engine.environment_of(client, campaign)
        todo = state_of(campaign, store, environment).missing
        disturber = Disturber(client, len(todo), other)
        try:
            found = engine.work_off(client, campaign, todo, environment, store, disturber.watch)
        finally:
            if disturber.stranger is not None:
                disturber.stranger.kill()
                disturber.stranger.wait()
    assert disturber.killed == KILLS or not todo, disturber.killed
    write_result(folder / "result.json", campaign, state_of(campaign, store, environment))
    return found


def undisturbed(campaign: Campaign, folder: Path) -> engine.Progress:
    """Does the campaign, and writes the result beside its chunks."""
    store = Store(folder, campaign.schema)
    with engine.connected(None, 2) as client:
        environment = engine.environment_of(client, campaign)
        todo = state_of(campaign, store, environment).missing
        found = engine.work_off(client, campaign, todo, environment, store, lambda _: None)
    write_result(folder / "result.json", campaign, state_of(campaign, store, environment))
    return found


def files(folder: Path, environment: str = "*") -> dict[str, bytes]:
    """The bytes of each result, by its name."""
    return {
        path.name: path.read_bytes() for path in folder.glob(f"results/{environment}/*.json") if len(path.stem) == 64
    }


def main(arguments: Sequence[str]) -> int:
    """Prints the figures; 1 where the two differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", type=int, default=240)
    parser.add_argument("--chunk", type=int, default=500)
    parser.add_argument("--implementation", default="oracle")
    parser.add_argument("--python", default="")
    parsed = parser.parse_args(arguments)
    campaign = walk_of(parsed.cases, parsed.chunk, parsed.implementation)
    folders = parsed.folder / "undisturbed", parsed.folder / "disturbed"
    for folder in folders:
        began = time.monotonic()
        if folder is folders[0]:
            found = undisturbed(campaign, folder)
        else:
            found = disturbed(campaign, folder, command_of(parsed.python))
        size = sum(map(len, files(folder).values()))
        print(
            f"{folder.name}: {found.cases:,} cases of {parsed.implementation} in {time.monotonic() - began:.0f} s, "
            f"{found.cases / (found.seconds or 1):.1f} a core second, {size / parsed.cases:.2f} bytes a case; "
            f"{found.apart} results kept apart: {list(found.differing.values())}; broken: {found.broken}",
            flush=True,
        )
    same = len({(folder / "result.json").read_bytes() for folder in folders}) == 1
    print(f"the same to the byte: {same}", flush=True)
    return int(not same)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
