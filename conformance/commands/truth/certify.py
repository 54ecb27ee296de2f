"""``python -m conformance certify``: make the corpus, or check it. Needs python-flint."""

from __future__ import annotations

import argparse
from typing import Any

from ...common.arguments import share
from ...reporting.terminal import Console
from ..console import say
from ..interrupts import interrupt_on_sigterm
from ..options import add_jobs


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    certify = commands.add_parser(
        "certify",
        help="make the corpus of certified cases, or check it",
        description="Computes every family of fixtures/ anew and writes it, the same to the byte. After an interrupt "
        "the same command goes on where it stopped. With --check it writes nothing: it certifies the stored cases "
        "again and compares.",
    )
    certify.add_argument("--check", action="store_true", help="certify the stored cases again and write nothing")
    certify.add_argument(
        "--fraction",
        type=share,
        default=1.0,
        help="the share of the cases that --check takes, above 0 and at most 1 (default: 1)",
    )
    certify.add_argument("--seed", type=int, default=0, help="seed of the choice that --fraction makes (default: 0)")
    certify.add_argument("--fresh", action="store_true", help="do not go on from an interrupted run, begin anew")
    add_jobs(certify)
    certify.set_defaults(command=_certify)


def _certify(parsed: argparse.Namespace) -> int:
    from ...truth import corpus_certification  # python-flint, which only this needs

    console = Console(emoji=False)
    interrupt_on_sigterm()
    try:
        return _check(parsed, console) if parsed.check else _make(parsed, console)
    except corpus_certification.NotCertified as refused:
        say(console, f"not certified, nothing changed: {refused}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        goes_on = "" if parsed.check else "; the same command goes on with the next family"
        say(console, f"interrupted: nothing changed{goes_on}")
        return 130


def _make(parsed: argparse.Namespace, console: Console) -> int:
    """Writes the corpus."""
    from ...truth import corpus_certification

    for path in corpus_certification.certify_corpus(jobs=parsed.jobs, fresh=parsed.fresh):
        say(console, f"{path.name}: {path.stat().st_size:,} bytes")
    return 0


def _check(parsed: argparse.Namespace, console: Console) -> int:
    """Certifies the stored cases again; 1 where one of them is not what is stored."""
    from ...truth import corpus_certification

    found = corpus_certification.check_corpus(fraction=parsed.fraction, seed=parsed.seed, jobs=parsed.jobs)
    for problem in found.problems:
        say(console, problem, soft_wrap=True)
    console.print(
        f"{found.cases} cases, {found.numbers:,} numbers certified as correctly rounded, {found.proofs} directional "
        f"derivatives proven, {found.kinks} cases at a kink, {len(found.problems)} problems",
        highlight=False,
        soft_wrap=True,
    )
    return 0 if found.passed else 1
