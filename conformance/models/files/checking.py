"""The whole of a check: read a file, draw or read its inputs, run it where it runs, and judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from refimpl.stack import Stack

from ...contract import Array, NotRun
from . import alone, drawing, judging
from .judging import FileVerdict
from .model import CannotRead, Model, Said
from .running import Recording, RunFailed, run
from .running import runtimes as known_runtimes


@dataclass(frozen=True)
class Ran:
    """One framework's run of the file, and the verdict on it; or why there is none."""

    runtime: str
    recording: Recording | None
    verdict: FileVerdict | None
    why_not: str = ""


@dataclass(frozen=True)
class Check:
    """A file, the values it was given, and what came of them."""

    model: Model
    inputs: Mapping[str, Array]
    runs: tuple[Ran, ...]

    @property
    def agrees(self) -> bool:
        """Whether numbers of every recurrent layer were compared in every run, and nothing differs; what computes in 8
        bits is only measured."""
        verdicts = [each.verdict for each in self.runs]
        return bool(verdicts) and all(v is not None and v.agrees for v in verdicts)


def inputs_of(model: Model, given: Path | None, seed: int, shapes: Mapping[str, Any] | None = None) -> dict[str, Array]:
    """What goes into the model: of a file, or drawn; `CannotRead` where a shape is said of an input that it has not."""
    names = [each.name for each in model.inputs]
    for name in shapes or {}:
        if name not in (*names, *(each.partition("#")[0] for each in names)):
            asked = ", ".join(each.partition("#")[0] for each in names)
            raise CannotRead(f"{name}: no input of the model, which asks for {asked}")
    known = drawing.given(model, given) if given is not None else {}
    left = replace(model, inputs=tuple(each for each in model.inputs if each.name not in known))
    both = {**drawing.drawn(left, seed, shapes or {}), **known}
    return {each.name: both[each.name] for each in model.inputs}


def decided(model: Model, inputs: Mapping[str, Array]) -> Model:
    """The model with its choices made, where these inputs decide them."""
    if model.format != "onnx":
        return model
    from .readers.onnx_choices import chosen

    return chosen(model, inputs)


def check(model: Model, inputs: Mapping[str, Array], runtimes: Sequence[str], said: Said) -> Check:
    """Runs the file where it is asked to run; of none named, in the first framework that runs it."""
    ran: list[Ran] = []
    offered = known_runtimes()
    for runtime in runtimes or [name for name in model.runtimes if name in offered]:
        ran.append(ran_in(runtime, model, inputs, said))
        if not runtimes and ran[-1].recording is not None:
            ran = ran[-1:]
            break
    return Check(model, inputs, tuple(ran))


def ran_in(runtime: str, model: Model, inputs: Mapping[str, Array], said: Said) -> Ran:
    """One framework's run."""
    if runtime not in model.runtimes:
        return Ran(runtime, None, None, f"it does not run such files; what does: {', '.join(model.runtimes)}")
    if model.hazards and not said.trust:
        return Ran(
            runtime, None, None, f"it would run code out of the file: {'; '.join(model.hazards)}; --trust allows it"
        )
    try:
        recording = _of_the_whole_or_alone(runtime, model, inputs, said)
    except (NotRun, RunFailed) as reason:
        return Ran(runtime, None, None, str(reason))
    return Ran(runtime, recording, judging.judge(model, recording))


def _of_the_whole_or_alone(runtime: str, model: Model, inputs: Mapping[str, Array], said: Said) -> Recording:
    """Of a Keras file that does not load, each recurrent layer by itself."""
    if model.format == "keras" and not model.outputs:
        return alone.recorded(runtime, model, inputs, said, "")
    try:
        return recorded(runtime, model, inputs, said)
    except RunFailed as failure:
        if model.format != "keras":
            raise
        return alone.recorded(runtime, model, inputs, said, str(failure))


def recorded(runtime: str, model: Model, inputs: Mapping[str, Array], said: Said) -> Recording:
    """What a framework computes of the file, as told to it in its own way."""
    options: dict[str, Any] = {"trust": said.trust}
    if model.format == "keras":
        options["config"] = str(said.config.resolve()) if said.config else None
    if model.format == "onnx":
        options["original"] = str(Path(model.original).resolve()) if model.original else None
        options["watch"] = sorted({name for node in model.nodes for name in (*node.inputs, *node.outputs) if name})
    if model.format == "pytorch":
        options["holds"] = model.holds
        options["modules"] = [_module(node) for node in model.nodes if node.recurrent is not None]
        tensors = {
            f"{node.name}/{name}": np.asarray(value, inputs[node.inputs[0]].dtype)
            for node in model.nodes
            if node.recurrent is not None
            for name, value in zip(node.attributes["tensors"], node.weights, strict=True)
        }
        inputs = {**inputs, **tensors}
    found = run(runtime, model.path, inputs, options)
    return replace(found, values={**{n: v for n, v in inputs.items() if "/" not in n}, **found.values})


def _module(node: Any) -> dict[str, Any]:
    """What `conformance.implementations.pytorch.file_runs` builds of a module."""
    layer = node.recurrent
    cell: Any = layer.cell.layers[0].forward if isinstance(layer.cell, Stack) else layer.cell
    options: dict[str, Any] = {"bias": cell.use_bias}
    if not layer.options["cell"]:
        options["batch_first"] = layer.options["batch_first"]
        if isinstance(layer.cell, Stack):
            options["num_layers"] = len(layer.cell.layers)
            options["bidirectional"] = layer.cell.layers[0].backward is not None
        if getattr(cell, "proj_size", 0):
            options["proj_size"] = cell.proj_size
    if node.operator.startswith("RNN"):
        options["nonlinearity"] = cell.activation
    return {
        "name": node.name,
        "kind": node.operator,
        "sizes": [cell.input_size, cell.hidden_size],
        "options": options,
        "tensors": list(node.attributes["tensors"]),
        "time_axis": int(layer.options["batch_first"]),
    }
