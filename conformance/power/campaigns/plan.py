"""What a large campaign costs, from measured figures: ``python -m conformance.power.campaigns.plan --rate 30``.

It takes the walk's own result of one chunk, and times what one process does with each: Dask's task, the file, the check
on reading, the merging. The rest is multiplication.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...common.arguments import count
from ...common.fixtures import directory
from ...common.reading import read_json, unpack_xz
from ...common.temporary import temporary_folder
from ...running.campaigns import engine, report
from ...running.campaigns.chunks import Campaign, Chunk, Found, digest_of
from ...running.campaigns.environment import environment_here
from ...running.campaigns.store import Store
from . import walk

_HOUR = 3600.0
_MOST = 2**30  # bytes of a published record
_TOTALS = (10**6, 10**7, 10**8, 10**9)


@dataclass(frozen=True)
class Merging:
    """What one result costs the process that merges, measured on so many.

    size                              bytes of its file
    sent, written, read, merged       seconds: through Dask and into its file; its file alone; checked; put together
    """

    number: int
    size: float
    sent: float
    written: float
    read: float
    merged: float


def given(found: Found, first: int, count: int) -> Found:
    """A chunk that is done at once: its result is known."""
    return found


def measure(found: Found, number: int, chunk: int) -> Merging:
    """Simulates the merging of so many results of chunks of so many cases."""
    parameters = [{"first": first * chunk, "count": chunk} for first in range(number)]
    chunks = [Chunk(given, {"found": found, **its}, chunk) for its in parameters]
    campaign = Campaign(
        "plan", chunks, "cases", (), "", walk.campaign_of(_walk(1, 1)).schema, walk.merged, walk.show, walk.passed
    )
    environment = environment_here()
    with temporary_folder("conformance-plan-") as folder:
        store = Store(folder / "written", campaign.schema)
        written = _seconds(lambda: [store.add(one, environment, found) for one in chunks])
        size = sum(store.path(one, digest_of(environment)).stat().st_size for one in chunks)
        states: list[report.State] = []
        read = _seconds(lambda: states.append(report.state_of(campaign, store, environment)))
        merged = _seconds(lambda: walk.merged(states[0].results))
        with engine.connected(None, 1) as client:
            its = engine.environment_of(client, campaign)
            through = Store(folder / "sent", campaign.schema)
            sent = _seconds(lambda: engine.work_off(client, campaign, chunks, its, through, lambda _: None))
    return Merging(number, size / number, *(each / number for each in (sent, written, read, merged)))


def _walk(cases: int, chunk: int) -> argparse.Namespace:
    return argparse.Namespace(implementation="oracle", dtype="float32", cases=cases, chunk=chunk, seed=0)


def _seconds(do: Callable[[], object]) -> float:
    began = time.process_time()
    do()
    return time.process_time() - began


def lines(its: Merging, parsed: argparse.Namespace) -> list[str]:
    """The plan, as Markdown."""
    environments = parsed.runtimes * parsed.releases
    per_chunk = parsed.chunk / parsed.rate
    milliseconds = [1000 * each for each in (its.sent, its.written, its.read, its.merged)]
    found = [
        f"Measured on {its.number:,} results of {parsed.chunk:,} cases, {its.size:,.0f} bytes each. The merging",
        "process spent {:.1f} ms on each through Dask and into its file ({:.1f} for the file alone), {:.1f} to read"
        " and check it, and {:.2f} to merge it.".format(*milliseconds),
        "",
        f"{environments:,} environments ({parsed.runtimes} runtimes × {parsed.releases} releases), "
        f"{parsed.install:g} s to build each; {parsed.rate:g} cases a core second; {parsed.price:g} for a core hour:",
        "",
        "| cases | each environment | core hours | money | chunks | results | merging, core hours | a report |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for cases in _TOTALS:
        chunks = environments * max(1, -(-cases // environments // parsed.chunk))
        hours = cases / parsed.rate / _HOUR + environments * parsed.install / _HOUR
        took = chunks * (its.read + its.merged)
        told = f"{took / 60:,.0f} min" if took >= 60 else f"{took:.0f} s"
        found.append(
            f"| {cases:,} | {cases // environments:,} | {hours:,.0f} | {hours * parsed.price:,.0f} | {chunks:,} | "
            f"{chunks * its.size / 1e6:,.0f} MB | {chunks * its.sent / _HOUR:.2f} | {told} |"
        )
    cores = per_chunk / its.sent
    records, verdicts = (each * environments / 1e6 for each in published_sizes())
    return [
        *found,
        "",
        f"One merging process takes {1 / its.sent:,.0f} chunks a second. It keeps {cores:,.0f} cores at work with",
        f"chunks of {parsed.chunk:,} cases ({per_chunk:.0f} s), {10 * cores:,.0f} with {10 * parsed.chunk:,}.",
        f"Records of all environments: {records:,.0f} MB; verdicts for the scoreboard: {verdicts:,.0f} MB; by the mean",
        "of the observations and the verdicts in fixtures/observations.",
    ]


def published_sizes() -> tuple[float, float]:
    """The bytes of one observation in a record, of which each has several, and of the verdict of one implementation."""
    folder = directory() / "observations"
    records = {path: unpack_xz(path, path.read_bytes(), _MOST) for path in folder.glob("*.jsonl.xz")}
    observations = sum(text.count(b'"implementation":') for text in records.values())
    verdicts = [path for path in (folder / "runs").glob("*.json") if path.name != "schema.json"]
    judged = sum(len(read_json(path, _MOST)["implementations"]) for path in verdicts)
    sizes = (sum(path.stat().st_size for path in its) for its in (records, verdicts))
    return next(sizes) / max(observations, 1), next(sizes) / max(judged, 1)


def main(arguments: Sequence[str]) -> int:
    """Measures, and prints the plan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rate", type=float, default=30.0, help="cases per core second, as `campaign` prints (default: 30)"
    )
    parser.add_argument("--chunk", type=count, default=500, help="cases of a chunk (default: 500)")
    parser.add_argument("--results", type=count, default=1000, help="how many are merged in the simulation")
    parser.add_argument("--runtimes", type=count, default=40)
    parser.add_argument("--releases", type=count, default=60)
    parser.add_argument("--install", type=float, default=120.0, help="seconds to build an environment (default: 120)")
    parser.add_argument("--price", type=float, default=0.05, help="of a core hour, in whatever money (default: 0.05)")
    parsed = parser.parse_args(arguments)
    (only,) = walk.campaign_of(_walk(parsed.chunk, parsed.chunk)).chunks
    found = only.work(**only.parameters)
    print("\n".join(lines(measure(found, parsed.results, parsed.chunk), parsed)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
