"""A file of PyTorch's tensors: read without running what it holds, and its recurrent modules run on given values."""

from __future__ import annotations

import functools
import io
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...contract import Array

_HINT = "it holds more than tensors, and PyTorch would run code out of it; save module.state_dict()"
_OF_CODE = ("Unsupported global", "Unsupported class", "unrecognized function", "not allowed")
"""What the loader of weights alone says of a file that is whole and holds code, and of no damaged one."""
_MOST_ENTRIES = 100_000


def tensors(
    path: str, inputs: Mapping[str, Array], options: Mapping[str, Any]
) -> tuple[dict[str, Array], dict[str, Any]]:
    """The tensors of a file by name, however deep they lie in mappings.

    ``options["holds"]``, which only a user's trust sets, says that the file is of TorchScript or ``torch.export``,
    whose code PyTorch compiles when it loads it. The report has what the modules of the former say of themselves.
    ``options["most"]`` is how many bytes the tensors may take: a view of one number is as large as it says.
    """
    most = options["most"]
    if options.get("holds") == "TorchScript":
        module = _loaded(torch.jit.load, path, map_location="cpu")
        said = {
            name: {"batch_first": bool(each.batch_first), "nonlinearity": getattr(each, "nonlinearity", None)}
            for name, each in module.named_modules()
            if hasattr(each, "batch_first")
        }
        return _flat(module.state_dict(), most), {"modules": said}
    if options.get("holds") == "torch.export":
        return _flat(_loaded(torch.export.load, path).state_dict, most), {}
    # To read n bytes of a file makes room for n, which an old one says itself, up to 4 GiB; not so of bytes in memory.
    source = path if zipfile.is_zipfile(path) else io.BytesIO(Path(path).read_bytes())
    return _flat(_loaded(torch.load, source, map_location="cpu", weights_only=True), most), {}


def _loaded(load: Callable[..., Any], source: Any, **options: Any) -> Any:
    """What PyTorch loads, or the reason why it does not."""
    try:
        return load(source, **options)
    except Exception as error:  # whatever a damaged file makes of it
        said = " ".join(str(error).rpartition("WeightsUnpickler error: ")[2].split())
        if isinstance(error, pickle.UnpicklingError) and any(words in said for words in _OF_CODE):
            raise ValueError(f"{_HINT} ({said.partition('. ')[0][:120]})") from None
        why = f"{type(error).__name__}: {said[:120]}".rstrip(": ")
        raise ValueError(f"it is damaged, or no file of PyTorch's ({why})") from None


def run(path: str, inputs: Mapping[str, Array], options: Mapping[str, Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    """Each of ``options["modules"]`` on its input: ``{name}.output``, ``.h_n`` and ``.c_n``.

    A module is ``{"name", "kind", "sizes", "options", "tensors"}``; its tensors are among the inputs, as
    ``name/tensor``.
    """
    found: dict[str, Array] = {}
    scripted = torch.jit.load(path, map_location="cpu") if options.get("holds") == "TorchScript" else None
    for each in options["modules"]:
        name = each["name"]
        weights = {t: torch.from_numpy(np.array(inputs[f"{name}/{t}"])) for t in each["tensors"]}
        x = torch.from_numpy(np.array(inputs[f"{name}.input"]))
        if scripted is not None:  # the file's own code
            parts = [] if name == "module" else name.split(".")
            module = functools.reduce(getattr, parts, scripted)
            module = getattr(module, "forward__0", module)  # a scripted layer has no forward of its own
        else:
            module = getattr(torch.nn, each["kind"])(*each["sizes"], **each["options"], dtype=x.dtype)
            module.load_state_dict(weights)
        with torch.no_grad():
            y, state = _stepped(module, x, each["time_axis"]) if each["kind"].endswith("Cell") else module(x)
        h, *c = state if isinstance(state, tuple) else (state,)
        values = zip(("output", "h_n", "c_n"), (y, h, *c), strict=False)
        found |= {f"{name}.{what}": value.numpy() for what, value in values}
        found[f"{name}.input"] = x.numpy()
    return found, {}


def _stepped(cell: Any, x: Any, axis: int) -> tuple[Any, Any]:
    """A cell module over all steps; its state with the axis of layers that a layer's has."""
    state, outputs = None, []
    for step in x.unbind(axis):
        state = cell(step, state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    kept = tuple(part[None] for part in state) if isinstance(state, tuple) else state[None]  # type: ignore[index]
    return torch.stack(outputs, axis), kept


def _flat(content: Any, most: int) -> dict[str, Array]:
    """The tensors in mappings, by their names. Mappings may share parts, so that they unfold without end."""
    found: dict[str, Array] = {}
    waiting, seen = [("", content)], 0
    while waiting:
        prefix, content = waiting.pop()
        seen += 1
        if isinstance(content, torch.Tensor):
            wide = content.dtype == torch.bfloat16  # which NumPy has not
            most -= content.numel() * (4 if wide else content.element_size())
            if most >= 0:
                found[prefix.removesuffix(".")] = (content.detach().float() if wide else content.detach()).numpy()
        elif isinstance(content, Mapping):
            waiting += [(f"{prefix}{name}.", value) for name, value in reversed([*content.items()])]
        if most < 0 or seen + len(waiting) > _MOST_ENTRIES:
            raise ValueError("its tensors are of absurd size: they ask for more than is read of a file of its size")
    return found
