"""``python -m conformance model FILE``: what a model's file holds, and whether what runs it computes that."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.table import Table

from ...common.arguments import natural, output_file, same_file
from ...common.atomic import write_atomically
from ...models.files import against, checking, describing, scripts
from ...models.files.against import Against
from ...models.files.checking import Check, Ran
from ...models.files.model import CannotRead, Model, Said
from ...models.files.readers.reading import read
from ...models.files.running import runtimes
from ...reporting.terminal import escape
from ..console import console_of, say

BROKEN = 2
"""The exit status of a file that cannot be read."""


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    model = commands.add_parser(
        "model",
        help="check a model's file: every recurrent layer, and the whole",
        description="Opens a model's file (.keras, .h5, .weights.h5 with --config, .onnx, .pt, .safetensors, .tflite), "
        "prints what it holds, runs it in its own framework on drawn or given inputs, and compares each recurrent "
        "layer with the oracle on the values that really reach it, and the whole model as far as its other parts are "
        "known. "
        "Nothing is unpickled and no code out of the file is run without --trust. Exit status: 0 where numbers of "
        "every recurrent layer were compared and all agree, 1 where not, 2 for a file that cannot be read.",
    )
    model.add_argument("file", type=Path, metavar="FILE")
    model.add_argument("--config", type=Path, metavar="FILE", help="of weights alone: what model.to_json() gave")
    model.add_argument("--input", type=Path, metavar="FILE", help=".npy, .npz or .json; default: drawn")
    model.add_argument(
        "--shape",
        type=_shape,
        action="append",
        metavar="NAME=3,7,5",
        help="of an input that is drawn and left open by the file; may be repeated",
    )
    model.add_argument("--seed", type=natural, default=0, help="of what is drawn (default: 0)")
    model.add_argument(
        "--in",
        dest="runtimes",
        action="append",
        choices=runtimes(),
        metavar="RUNTIME",
        help=f"run it here: {', '.join(runtimes())}; may be repeated; default: the first that runs it",
    )
    model.add_argument(
        "--against", type=Path, metavar="FILE", help="another file: where the two begin to differ, and why"
    )
    model.add_argument("--batch-first", action="store_true", help="of a state dict: its modules have batch_first=True")
    model.add_argument("--activation", help="of a state dict: its RNNs' nonlinearity; of Keras's weights alone")
    model.add_argument("--recurrent-activation", metavar="NAME", help="of Keras's weights alone")
    model.add_argument("--trust", action="store_true", help="let the framework run code that the file holds")
    model.add_argument("--script", type=output_file, metavar="FILE", help="a script that shows the first difference")
    model.add_argument("--json", type=output_file, metavar="FILE", help="the whole result, for machines")
    model.add_argument("--html", type=output_file, metavar="FILE", help="what is printed, as a page")
    model.set_defaults(command=_model)


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, _, sizes = text.rpartition("=")
    if not name or not all(size.isdecimal() for size in sizes.split(",")):
        raise argparse.ArgumentTypeError("a name and sizes are needed, as tokens=3,7")
    return name, tuple(int(size) for size in sizes.split(","))


def _model(parsed: argparse.Namespace) -> int:
    if why := same_file(parsed, "json", "html", "script"):
        print(f"model: {why}", file=sys.stderr)
        return BROKEN
    said = Said(parsed.config, parsed.activation, parsed.recurrent_activation, parsed.batch_first, parsed.trust)
    try:
        model = read(parsed.file, said)
        other = read(parsed.against, said) if parsed.against else None
        asking = model if other is None or parsed.input else against.narrowed(model, other)
        inputs = checking.inputs_of(asking, parsed.input, parsed.seed, dict(parsed.shape or ()))
        model = checking.decided(model, inputs)
    except CannotRead as reason:
        print(reason, file=sys.stderr)
        return BROKEN
    console = console_of(160)
    console.record = parsed.html is not None
    show_model(console, model)
    found = checking.check(model, inputs, parsed.runtimes or (), said)
    for ran in found.runs:
        show_run(console, model, ran)
    beside, second = None, None
    if other is not None:
        second = _checked_against(console, model, other, inputs, parsed.runtimes or (), said)
        beside = against.compare(found, second)
        show_against(console, beside)
        if beside.findings:
            say(console, f"  {_whose(found, second)}")
    if parsed.script:
        _write_script(console, parsed.script, found, second if beside is not None and not beside.same else None)
    if parsed.json:
        write_atomically(parsed.json, json.dumps(as_data(found, second, beside), indent=1) + "\n")
    if parsed.html:
        write_atomically(parsed.html, console.export_html())
    agrees = found.agrees if second is None or beside is None else found.agrees and second.agrees and beside.same
    return 0 if agrees else 1


def _write_script(console: Any, path: Path, found: Check, second: Check | None) -> None:
    try:
        write_atomically(path, scripts.script(found, second))
        say(console, f"{path.name} shows the first difference")
    except scripts.NoScript as reason:
        say(console, f"no script: {reason}")


def _checked_against(console: Any, model: Model, other: Model, inputs: Any, runtimes: Any, said: Said) -> Check:
    """The second file, run on the first one's inputs, or on its own where it asks for others."""
    show_model(console, other)
    try:
        given = against.handed_over(model, other, inputs)
    except ValueError as reason:
        say(console, f"  not run on the same inputs: {reason}")
        given = {}
    own = given or checking.inputs_of(other, None, 0)
    other = checking.decided(other, own)
    wanted = [name for name in runtimes if name in other.runtimes]
    found = checking.check(other, own, wanted, said)
    for ran in found.runs:
        show_run(console, other, ran)
    return found if given else replace(found, inputs={})


def _whose(first: Check, second: Check) -> str:
    """Whether a difference is in the files, or in what runs them."""
    off = [
        Path(each.model.path).name
        for each in (first, second)
        if any(r.verdict and r.verdict.differs for r in each.runs)
    ]
    unrun = [Path(each.model.path).name for each in (first, second) if all(r.verdict is None for r in each.runs)]
    if off:
        return f"what runs {' and '.join(off)} does not compute what is in it, as said above"
    if unrun:
        return f"{' and '.join(unrun)} was not run, so nothing is known of what runs it"
    if unsure := [Path(each.model.path).name for each in (first, second) if not each.agrees]:
        return f"not all of {' and '.join(unsure)} was compared: the difference may be in what runs it, too"
    return "what runs each file computes what it holds: the difference is in the files"


def show_against(console: Any, beside: Against) -> None:
    """Where two files begin to differ."""
    same = sum(equal for *_, equal in beside.pairs)
    aligned = f"{same} of {len(beside.pairs)} aligned cells are the same up to layout"
    console.print(beside.unaligned or aligned, highlight=False)
    for k, finding in enumerate(beside.findings):
        begins = "it begins at " if k == 0 else "and "
        say(console, f"  {begins}{finding}")
    if beside.not_computed:
        say(console, f"  values were not compared: {beside.not_computed}")
    elif beside.same:
        each = "" if beside.unaligned else "what reaches each layer, what it returns, "
        say(console, f"  nothing differs: {each}what the models return")


def show_model(console: Any, model: Model) -> None:
    """The model as a table."""
    say(console, f"{Path(model.path).name}: {model.written_by}")
    for each in model.inputs:
        say(console, f"  takes {describing.input_in_words(each)}")
    table = Table("place", "kind", "sizes", "options")
    table.add_column("parameters", justify="right")
    for line in describing.lines_of(model):
        style = "dim" if line.node is None else ""
        count = f"{line.parameters:,}" if line.parameters else ""
        told = (line.place.partition("#")[0], line.kind, line.sizes, line.options, count)
        table.add_row(*map(escape, told), style=style)
    console.print(table)
    for note in model.notes:
        say(console, f"  {note}")


def show_run(console: Any, model: Model, ran: Ran) -> None:
    """What one framework computed."""
    if ran.recording is None or ran.verdict is None:
        say(console, f"{ran.runtime}: not run: {ran.why_not}")
        return
    versions = ", ".join(f"{name} {version}" for name, version in ran.recording.versions.items())
    say(console, f"{ran.runtime} ({versions})")
    if why := ran.recording.report.get("alone"):
        say(console, f"  {why}")
        console.print("  so each recurrent layer runs alone, on what the oracle says reaches it", highlight=False)
    for each in (*ran.verdict.layers, ran.verdict.whole):
        say(console, f"  {each.place.partition('#')[0]}: {describing.verdict_in_words(each)}")
        if each.verdict == "differs":
            for quantity in each.quantities:
                if quantity.verdict == "differs":
                    say(console, f"    {quantity}")
    if ran.verdict.parts:
        say(console, f"  what stands between them: {describing.summary(ran.verdict)}")
    for part in ran.verdict.parts:
        if part.verdict == "differs":
            worst = f"{part.place}, {part.operator}: {describing.verdict_in_words(part)}; {part.worst}"
            say(console, f"    {worst}")
    for reason, places in _by_reason(ran.verdict.unknown).items():
        shown = ", ".join(place.partition("#")[0] for place in places[:4]) + (", …" if len(places) > 4 else "")
        say(console, f"  not computed: {shown}: {reason}")
    if apart := ran.recording.report.get("watched apart"):
        say(console, f"  with inner values asked for, the outputs move by {apart:.3g}")


def as_data(found: Check, other: Check | None = None, beside: Against | None = None) -> dict[str, Any]:
    """The whole result as JSON has it."""
    if other is not None and beside is not None:
        return {**as_data(found), "against": {**as_data(other), **asdict(beside), "same": beside.same}}
    return {
        "model": describing.as_data(found.model),
        "agrees": found.agrees,
        "runs": [
            {
                "runtime": ran.runtime,
                "versions": dict(ran.recording.versions) if ran.recording else {},
                "not_run": ran.why_not,
                "layers": [describing.part_as_data(each) for each in ran.verdict.layers] if ran.verdict else [],
                "parts": [describing.part_as_data(each) for each in ran.verdict.parts] if ran.verdict else [],
                "whole": describing.part_as_data(ran.verdict.whole) if ran.verdict else None,
                "unknown": dict(ran.verdict.unknown) if ran.verdict else {},
            }
            for ran in found.runs
        ],
    }


def _by_reason(unknown: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place, reason in unknown.items():
        found.setdefault(reason, []).append(place)
    return found
