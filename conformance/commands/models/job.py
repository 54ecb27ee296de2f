"""``python -m conformance job NAME``: what recurrent layers are used for, in the oracle and in the frameworks."""

from __future__ import annotations

import argparse
from typing import Any

from ...models.jobs import classification, counting, elman, gates, regression, sentiment
from ...models.jobs.data.rated_sentences import DataRefused
from ...models.jobs.frameworks import WorkerFailed
from ...models.jobs.resumable.checkpoints import CheckpointRefused
from ...models.jobs.resumable.trainer import Interrupted
from ..console import console_of, say
from ..interrupts import interrupt_on_sigterm

JOBS = {
    "counting": counting,
    "regression": regression,
    "sentiment": sentiment,
    "classification": classification,
    "elman": elman,
    "gates": gates,
}

_INTERRUPTED = "interrupted; the epochs that the oracle finished are kept, and the same command goes on from them"


def add_to(commands: Any) -> None:
    """Adds the command's parser, and one for each job."""
    job = commands.add_parser(
        "job",
        help="run a job that recurrent layers are used for, in the oracle and in the frameworks",
        description="Each job trains or measures the same model, from the same start, in the oracle and in the "
        "frameworks, and compares. Exit status 0 only if a framework was there and agreed. Interrupted, a job that "
        "trains goes on after its last finished epoch when the same command is given again.",
    )
    named = job.add_subparsers(required=True, metavar="NAME")
    for name, module in JOBS.items():
        parser = named.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(parser)
        parser.set_defaults(command=_job, job=module)


def _job(parsed: argparse.Namespace) -> int:
    console = console_of(140)
    interrupt_on_sigterm()
    try:
        status: int = parsed.job.run(parsed, console)
    except KeyboardInterrupt as interrupt:
        message = interrupt.message if isinstance(interrupt, Interrupted) else _INTERRUPTED
        say(console, message, soft_wrap=True)
        return 130
    except (DataRefused, CheckpointRefused, WorkerFailed) as error:
        say(console, str(error), soft_wrap=True)
        return 1
    return status
