"""What of a campaign is done: at any moment, from its folder alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...common.atomic import write_atomically
from .chunks import Campaign, Chunk, Found, canonical, digest_of
from .environment import Environment
from .store import Damaged, Store


@dataclass(frozen=True)
class State:
    """What is done in one environment.

    results   chunk and result, in the campaign's order
    missing   the chunks that are not done
    damaged   what is wrong with files that count as not done
    """

    environment: Environment
    results: Sequence[tuple[Chunk, Found]]
    missing: Sequence[Chunk]
    damaged: Sequence[str]

    @property
    def cases(self) -> int:
        """How many cases are done."""
        return sum(chunk.amount for chunk, _ in self.results)


def state_of(campaign: Campaign, store: Store, environment: Environment) -> State:
    """What is done in the environment, each result checked."""
    digest = digest_of(environment)
    results: list[tuple[Chunk, Found]] = []
    missing, damaged = [], []
    for chunk in campaign.chunks:
        try:
            if store.has(chunk, digest):
                results.append((chunk, store.read(chunk, digest)))
                continue
        except Damaged as problem:
            damaged.append(str(problem))
        missing.append(chunk)
    return State(environment, results, missing, damaged)


def states(campaign: Campaign, store: Store) -> list[State]:
    """What is done in each environment, the one with the most first."""
    found = [state_of(campaign, store, environment) for _, environment in store.environments()]
    return sorted((one for one in found if one.results or one.damaged), key=lambda one: -one.cases)


def done_anywhere(found: Sequence[State]) -> int:
    """How many chunks are done in one environment at least."""
    return len({chunk.identity("") for state in found for chunk, _ in state.results})


def disagreeing(one: State, other: State) -> Iterator[Chunk]:
    """The chunks for which two environments have not found the same."""
    its = {chunk.identity(""): found for chunk, found in other.results}
    for chunk, found in one.results:
        if its.get(chunk.identity(""), found) != found:
            yield chunk


def as_json(campaign: Campaign, state: State) -> dict[str, Any]:
    """The campaign's result in one environment: no time is in it, so that it is the same to the byte each time."""
    return {
        "format": 1,
        "campaign": campaign.name,
        "environment": state.environment,
        "chunks": len(campaign.chunks),
        "done": len(state.results),
        "results": digest_of([[chunk.identity(""), found] for chunk, found in state.results]),
        "merged": campaign.merged(state.results),
    }


def write_result(path: Path, campaign: Campaign, state: State) -> None:
    """Writes it as a file."""
    write_atomically(path, canonical(as_json(campaign, state)) + b"\n")
