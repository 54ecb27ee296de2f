"""``python -m conformance campaign``: long work in chunks, each done once, on Dask's workers."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from ...common.arguments import count, output_file
from ...power.campaigns import WORK
from ...reporting.progress import progress_lines
from ...reporting.terminal import Console
from ...running.campaigns import engine, report
from ...running.campaigns.chunks import Campaign, Chunk, digest_of, of_part
from ...running.campaigns.environment import Environment, environment_differences
from ...running.campaigns.store import Store
from ..console import console_of, say
from ..interrupts import ignore_interrupts, interrupt_once

_SHOWN = 10


def add_to(commands: Any) -> None:
    """Adds the command's parser, with one of its own for each kind of work."""
    campaigns = commands.add_parser(
        "campaign",
        help="long work in chunks, each done once, by Dask's workers here or on a cluster",
        description="Cuts long work into chunks, has Dask's workers do them, and keeps each result by what it follows "
        "from: the same command goes on where it was stopped. `%(prog)s NAME --help` explains the work of that name. "
        "Exit status 0 only if all chunks are done and nothing is wrong.",
    )
    names = campaigns.add_subparsers(required=True, metavar="NAME")
    for name, work in WORK.items():
        about = (work.__doc__ or "").strip()
        parser = names.add_parser(name, help=about.partition("\n")[0].rstrip("."), description=about)
        work.add_options(parser)
        _add_shared(parser)
        parser.set_defaults(command=_campaign, campaign_of=work.campaign_of)


def _add_shared(parser: argparse.ArgumentParser) -> None:
    cores = os.cpu_count() or 1
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a cluster, as tcp://node:8786 (default: this machine)"
    )
    parser.add_argument("--workers", type=count, default=cores, help="processes on this machine (default: its cores)")
    parser.add_argument(
        "--folder", type=Path, default=Path("campaign"), help="of the results; is made (default: campaign)"
    )
    parser.add_argument("--part", type=_part, default=(1, 1), metavar="K/N", help="every N-th chunk, from the K-th on")
    parser.add_argument("--report", action="store_true", help="say what is done, and do nothing")
    parser.add_argument(
        "--json", type=output_file, metavar="FILE", help="write the result, the same to the byte each time"
    )


def _part(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError("a part is needed, as 3/20")
    return int(found[1]), int(found[2])


def _campaign(parsed: argparse.Namespace) -> int:
    console = console_of(160)
    try:
        campaign: Campaign = parsed.campaign_of(parsed)
        store = Store(parsed.folder, campaign.schema)
        if parsed.report:
            return _report(console, campaign, store, parsed)
        interrupt_once()
        return _run(console, campaign, store, parsed)
    except (ValueError, engine.CannotRun) as error:
        print(f"campaign: {error}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    except KeyboardInterrupt as interrupt:
        ignore_interrupts()
        console.print("interrupted: what is done is kept, and the same command goes on from there")
        return 128 + (interrupt.args[0] if interrupt.args else 2)


def _run(console: Console, campaign: Campaign, store: Store, parsed: argparse.Namespace) -> int:
    with engine.connected(parsed.scheduler, parsed.workers) as client:
        say(console, f"dashboard: {client.dashboard_link}", soft_wrap=True)
        environment = engine.environment_of(client, campaign)
        todo = _todo(console, campaign, store, environment, parsed.part)
        began = time.monotonic()
        with progress_lines() as lines:
            bar = lines.add_task(campaign.name, total=None, line=f"0 of {len(todo):,} chunks")

            def watch(now: engine.Progress) -> None:
                lines.update(bar, line=_line(now, time.monotonic() - began))

            done = engine.work_off(client, campaign, todo, environment, store, watch)
        took = time.monotonic() - began
    _say_what_went_on(console, campaign, done, took)
    state = report.state_of(campaign, store, environment)
    return _end(console, campaign, state, store, parsed) or int(bool(done.broken))


def _todo(
    console: Console, campaign: Campaign, store: Store, environment: Environment, part: tuple[int, int]
) -> list[Chunk]:
    """The chunks of the part that are not done; damaged results are removed."""
    digest = digest_of(environment)
    its = of_part(campaign.chunks, *part)
    for chunk in its:
        if damaged := store.drop_damaged(chunk, digest):
            say(console, f"removed, and done again: {damaged}", soft_wrap=True)
    todo = [chunk for chunk in its if not store.has(chunk, digest)]
    say(console, f"{campaign.name}: {len(its) - len(todo):,} of {len(its):,} chunks are done already")
    return todo


def _line(now: engine.Progress, seconds: float) -> str:
    """How far it is, and how long it takes."""
    left = f", {_told(seconds * (now.total - now.chunks) / now.chunks)} left" if now.chunks else ""
    apart = f", {now.apart} kept apart" if now.apart else ""
    return f"{now.chunks:,} of {now.total:,} chunks{apart}{left}"


def _told(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _say_what_went_on(console: Console, campaign: Campaign, done: engine.Progress, took: float) -> None:
    if done.seconds:
        rate = f"{done.cases / done.seconds:.1f} {campaign.unit} per core second"
        say(console, f"done now: {done.cases:,} {campaign.unit} in {_told(took)}, {rate}")
    for digest, differences in done.differing.items():
        say(
            console,
            f"a worker differs, its results are kept apart ({digest[:16]}): {'; '.join(differences)}",
            soft_wrap=True,
        )
    for name, why in list(done.broken.items())[:_SHOWN]:
        say(console, f"not done: {name}: {why}", soft_wrap=True)
    if len(done.broken) > _SHOWN:
        say(console, f"not done: {len(done.broken) - _SHOWN:,} more")


def _end(console: Console, campaign: Campaign, state: report.State, store: Store, parsed: argparse.Namespace) -> int:
    """Prints and writes the result in one environment; 0 where all that was asked for is done, and right."""
    digest = digest_of(state.environment)
    say(console, f"environment {digest[:16]}: {_done(campaign, state)}")
    if state.results:
        number, size = store.size(digest)
        say(console, f"results: {number:,} files, {size:,} bytes")
        merged = campaign.merged(state.results)
        campaign.show(console, merged)
    if parsed.json:
        report.write_result(parsed.json, campaign, state)
    wanted = set(map(id, of_part(campaign.chunks, *parsed.part)))
    missing = any(id(chunk) in wanted for chunk in state.missing)
    return int(missing or not state.results or not campaign.passed(merged))


def _done(campaign: Campaign, state: report.State) -> str:
    total = sum(chunk.amount for chunk in campaign.chunks)
    chunks = f"{len(state.results):,} of {len(campaign.chunks):,} chunks"
    return f"{chunks}, {state.cases:,} of {total:,} {campaign.unit}"


def _report(console: Console, campaign: Campaign, store: Store, parsed: argparse.Namespace) -> int:
    """What is done, in each environment; the most complete one in full."""
    found = report.states(campaign, store)
    if not found:
        say(console, f"{campaign.name}: nothing is done in {store.folder}")
        return 1
    first, *others = found
    status = _end(console, campaign, first, store, parsed)
    for state in found:
        for problem in state.damaged[:_SHOWN]:
            say(console, f"damaged: {problem}", soft_wrap=True)
    for other in others:
        apart = f"apart, environment {digest_of(other.environment)[:16]}: {_done(campaign, other)}"
        both = {chunk.identity("") for chunk, _ in first.results} & {chunk.identity("") for chunk, _ in other.results}
        unlike = sum(chunk.identity("") in both for chunk in report.disagreeing(other, first))
        differences = "; ".join(environment_differences(first.environment, other.environment))
        say(console, f"{apart}; {unlike} of {len(both)} that both have differ; {differences}", soft_wrap=True)
    if others:
        anywhere = report.done_anywhere(found)
        say(console, f"in some environment: {anywhere:,} of {len(campaign.chunks):,} chunks")
    return status
