"""Training in the oracle with a progress bar; an interrupted job goes on after the last epoch that it finished."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

import refimpl as ri
from refimpl.training import Progress, Snapshot

from . import checkpoints
from .checkpoints import Checkpoint
from .progress import progress_bar

_SAVE_EVERY = 1.0  # seconds: some epochs take a millisecond; an interrupt saves the last one in any case


class Interrupted(KeyboardInterrupt):
    """The user's interrupt, and where the job goes on."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Trained:
    """The last snapshot, the seconds that each epoch took, and whether some of it comes from an earlier run."""

    snapshot: Snapshot
    seconds: tuple[float, ...]
    resumed: bool


@dataclass(frozen=True)
class Trainer:
    """How a job trains: where it shows its progress, where it keeps what it has, and whether it begins anew."""

    job: str
    console: Console
    folder: Path | None = None
    fresh: bool = False
    keep: bool = False
    kept: list[Path] = field(default_factory=list)

    @staticmethod
    def of(job: str, parsed: Namespace, console: Console) -> Trainer:
        """From the arguments that `add_training_arguments` adds."""
        return Trainer(job, console, parsed.folder, parsed.fresh, parsed.keep)

    def train(
        self,
        name: str,
        settings: Mapping[str, Any],
        model: ri.Model,
        loss: Any,
        optimizer: Any,
        params: Mapping[str, Any],
        data: tuple[Any, Any],
        *,
        epochs: int,
        batch_size: int,
        **options: Any,
    ) -> Trained:
        """`ri.training.fit`, going on from the state that an earlier run with the same settings has left.

        The settings must tell apart whatever would make another run of it: the start, the data, the options.
        """
        settings = {"job": self.job, "name": name, "model": str(model), "loss": str(loss), **settings}
        settings |= {"optimizer": str(optimizer), "epochs": epochs, "batch_size": batch_size}
        path = self.path(name, settings)
        found = None if self.fresh else checkpoints.load(path, settings)
        snapshot, seconds = Snapshot.fresh(dict(params), optimizer), []
        if found is not None:
            dtype = next(iter(params.values())).dtype
            snapshot = Snapshot.from_arrays(dict(found.arrays), model, optimizer, dtype)
            seconds = list(found.report["seconds"])
        batches = -(-len(data[0]) // batch_size)

        def save() -> None:
            checkpoints.save(path, settings, Checkpoint(snapshot.arrays(), {"seconds": seconds[: snapshot.epoch]}))

        try:
            with progress_bar(self.console, name, epochs * batches, snapshot.epoch * batches) as bar:
                began, saved = time.perf_counter(), float("-inf")

                def on_batch(progress: Progress) -> None:
                    shown = progress.loss / progress.batch if loss.reduction == "sum" else progress.loss
                    bar.advance_to((progress.epoch - 1) * batches + progress.batch, shown)

                def on_epoch(done: Snapshot) -> None:
                    nonlocal began, saved, snapshot
                    now = time.perf_counter()
                    snapshot, taken = done, [*seconds, now - began]
                    seconds[:] = taken
                    if now - saved > _SAVE_EVERY or done.epoch == epochs:
                        save()
                        saved = time.perf_counter()
                    began = time.perf_counter()

                ri.training.fit(
                    model,
                    loss,
                    optimizer,
                    snapshot,
                    *data,
                    epochs=epochs,
                    batch_size=batch_size,
                    on_batch=on_batch,
                    on_epoch=on_epoch,
                    **options,
                )
        except KeyboardInterrupt:
            if not snapshot.epoch:
                raise Interrupted(f"{name}: interrupted in its first epoch: nothing to go on from") from None
            save()
            held = f"{path} holds epoch {snapshot.epoch} of {epochs}"
            raise Interrupted(f"{name}: interrupted: {held}; the same command goes on from it") from None
        return Trained(snapshot, tuple(seconds), found is not None)

    def path(self, name: str, settings: Mapping[str, Any]) -> Path:
        """Where the state of one training is kept; remembered, so that `forget` finds it."""
        found = checkpoints.default_path(f"{self.job}-{name}".replace(" ", "-").lower(), settings, self.folder)
        self.kept.append(found)
        return found

    def forget(self) -> None:
        """Removes what was kept, as the job is done; or says where it is."""
        for path in self.kept:
            if self.keep:
                self.console.print(f"kept: {path}", markup=False, highlight=False, soft_wrap=True)
            else:
                path.unlink(missing_ok=True)


def add_training_arguments(parser: ArgumentParser) -> None:
    """The options of every job that trains."""
    parser.add_argument("--folder", type=Path, help="where finished epochs are kept (default: the user's cache folder)")
    parser.add_argument("--fresh", action="store_true", help="forget what an interrupted run has finished")
    parser.add_argument("--keep", action="store_true", help="leave the files there when the job is done")
