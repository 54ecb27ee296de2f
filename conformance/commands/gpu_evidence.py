"""``python -m conformance gpu-evidence``: all that a borrowed GPU can tell, within so many minutes.

A GPU is often lent for minutes, on a machine without network. So one command asks everything, the most wanted first,
and each answer is in its file as soon as it is there:

========================  ============================================================================================
``PROBE.toml``            what a framework's probe finds about the GPU's arithmetic, as how it rounds to TF32
``activations.txt``       how far each framework's activations lie from the truth (needs python-flint)
``quick.json``            the verdict on every implementation that computes on the GPU, in the quick profile
``longer.json``           the same with so many cases that it fills the time that is left; cut short, it is partial
========================  ============================================================================================

``--device cpu`` is the dry run: the same command, the same files, without a GPU.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..common.arguments import count
from ..implementations.finding import offered
from ..running.devices import why_no_cuda
from ..running.kept import Kept
from ..running.processes import ON_GPU, subprocess_environment
from .options import add_implementation, add_seed

_PATIENCE = 20.0
"""Seconds between the signal that asks a part to write what it has and the one that ends it."""
_MANY = 100_000


@dataclass(frozen=True)
class Part:
    """One question: the command that asks it, and the file that what it prints goes to."""

    name: str
    command: tuple[str, ...]
    output: Path


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "gpu-evidence",
        help="ask a GPU everything within so many seconds, each answer written as it comes",
        description="Runs the verdict on the GPU, measures its activations and how it rounds to TF32, within a limit "
        "of time. Exit status 0 only if every part ended by itself and found nothing wrong, the last one apart, which "
        "fills the time that is left.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the answers go; made if it is not there")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda", help="cpu is a dry run (default: cuda)")
    parser.add_argument(
        "--seconds", type=count, default=480, metavar="N", help="after which everything has ended (default: 480)"
    )
    add_implementation(parser, default="all frameworks")
    add_seed(parser)
    parser.set_defaults(command=_gpu_evidence)


def _gpu_evidence(parsed: argparse.Namespace) -> int:
    deadline = time.monotonic() + parsed.seconds
    if parsed.device == "cuda" and (why := why_no_cuda()):
        print(f"gpu-evidence: not run: {why}")
        return 1
    parsed.folder.mkdir(parents=True, exist_ok=True)
    failed = _ask([*_measurements(parsed.folder, parsed.device), _verdict(parsed, "quick")], deadline - _PATIENCE)
    if time.monotonic() < deadline - 2 * _PATIENCE:
        _ask([_verdict(parsed, "longer", "--cases", str(_MANY))], deadline - _PATIENCE)
    return int(failed)


def _measurements(folder: Path, device: str) -> Iterator[Part]:
    for name, source in offered("gpu_probe").items():
        yield _part(name, source.target, folder / f"{name}.toml", device)
    yield _part("activations", "conformance.truth.activation_accuracy", folder / "activations.txt")


def _verdict(parsed: argparse.Namespace, name: str, *more: str) -> Part:
    chosen = [part for one in parsed.implementation or () for part in ("--implementation", one)]
    options = ["--device", parsed.device, "--seed", str(parsed.seed), "--json", str(parsed.folder / f"{name}.json")]
    return _part(name, "conformance", parsed.folder / f"{name}.txt", "run", *options, *chosen, *more)


def _part(name: str, module: str, output: Path, *arguments: str) -> Part:
    return Part(name, (sys.executable, "-m", module, *arguments), output)


def _ask(parts: Sequence[Part], deadline: float) -> bool:
    """Runs the parts side by side until that moment of `time.monotonic`; whether one failed or was cut short."""
    running = [(part, _start(part)) for part in parts]
    failed = False
    try:
        for part, process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0))
            how = "cut short" if process.poll() is None else f"exit status {process.returncode}"
            failed |= process.poll() != 0
            _end(process)
            print(f"{part.name}: {how}: {part.output}", flush=True)
    finally:
        for _, process in running:
            _end(process)
    return failed


def _start(part: Part) -> Kept:
    with part.output.open("wb") as output:
        variables = subprocess_environment(**ON_GPU)
        return Kept(part.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=variables)


def _end(process: Kept) -> None:
    """Asks it to write what it has, and ends it where it does not end by itself."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
