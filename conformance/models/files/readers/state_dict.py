"""PyTorch's tensors by name: ``.pt`` by PyTorch's own loader of weights alone, ``.safetensors`` by its plain format.

Shapes and names tell the recurrent modules (`refimpl.layouts.pytorch_module`). What stands between them is not written
down, so each module is its own input: the values that reach it are drawn.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from refimpl import InvalidArgument
from refimpl.layouts import pytorch
from refimpl.layouts.pytorch_module import prefixes
from refimpl.stack import named_cells

from ....contract import Array, NotRun
from ..limits import size_of, within
from ..model import CannotRead, Input, Model, Node, Recurrent, Said
from ..running import RunFailed, run
from . import safetensors

_MODULES = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}


def read(path: Path, said: Said) -> Model:
    """The recurrent modules in a file of tensors."""
    holds = ""
    modules: Mapping[str, Any] = {}
    if path.suffix == ".safetensors":
        tensors, by = safetensors.read(path), "safetensors"
    else:
        tensors, holds, modules = _loaded(path, said)
        by = f"PyTorch, {holds}" if holds else "PyTorch"
    found = prefixes(tensors)
    if not found:
        raise CannotRead(f"{path.name}: {len(tensors)} tensors, and no recurrent module among them")
    nodes, inputs, notes = [], [], []
    for prefix in found:
        node, asked, note = _module(prefix, tensors, _with(said, modules.get(prefix.rstrip("."), {})))
        nodes.append(node)
        inputs += asked
        notes += note
    rest = len(tensors) - sum(len(node.attributes["tensors"]) for node in nodes)
    notes.append("a state dict does not say how its modules are wired: each is checked on values drawn for it")
    if rest:
        notes.append(f"{rest} other tensors, of modules that are not recurrent, are left alone")
    if not said.batch_first and not modules:
        notes.append("axes (time, batch, feature) are taken; --batch-first says otherwise")
    return Model(
        str(path),
        "pytorch",
        by,
        tuple(inputs),
        tuple(nodes),
        (),
        notes=tuple(notes),
        runtimes=("torch",),
        holds=holds,
    )


def _with(said: Said, module: Mapping[str, Any]) -> Said:
    """What a TorchScript module says of itself goes before what was said of the file."""
    if not module:
        return said
    activation = module.get("nonlinearity") or said.activation
    return replace(said, batch_first=bool(module["batch_first"]), activation=activation)


def _module(prefix: str, tensors: Mapping[str, Array], said: Said) -> tuple[Node, list[Input], list[str]]:
    name = prefix.rstrip(".") or "module"
    own = {key.removeprefix(prefix): np.asarray(value) for key, value in tensors.items() if _is_own(key, prefix)}
    suffix = "_l0" if "weight_ih_l0" in own else ""
    attributes: dict[str, Any] = {"tensors": list(own), "cell": not suffix, "is_recurrent": True}
    value = f"{name}.input"
    try:
        cell, _ = pytorch.cell_of(own, activation=said.activation)
        kept = {key: array.astype(np.float32) if array.dtype == np.float16 else array for key, array in own.items()}
        params = pytorch.load(cell, kept, suffix) if suffix else pytorch.load(cell, kept, "")
    except InvalidArgument as error:
        node = Node(name, "recurrent", (value,), (), ("x",), attributes, unknown=str(error))
        return node, [], []
    kind = type(named_cells(cell)[0][1]).__name__
    notes = []
    if kind == "SimpleRNN" and said.activation is None:
        notes.append(f"{name}: an RNN's activation is not in a state dict: tanh is taken; --activation says otherwise")
    states = 2 if kind == "LSTM" else 1
    options = {"batch_first": said.batch_first, "cell": not suffix}
    node = Node(
        name,
        _MODULES[kind] if suffix else f"{_MODULES[kind]}Cell",
        (value,),
        tuple(f"{name}.{each}" for each in ("output", "h_n", "c_n")[: 1 + states]),
        ("x",),
        attributes,
        tuple(own.values()),
        Recurrent(cell, params, "pytorch", False, "zeros", True, options),
    )
    return node, [Input(value, (None, None, cell.input_size), str(kept["weight_ih" + suffix].dtype))], notes


def _is_own(key: str, prefix: str) -> bool:
    own = key.removeprefix(prefix)
    return key.startswith(prefix) and own.startswith(("weight_ih", "weight_hh", "weight_hr", "bias_ih", "bias_hh"))


def _loaded(path: Path, said: Said) -> tuple[dict[str, Array], str, Mapping[str, Any]]:
    """The tensors of a ``.pt`` file, what else it is, and what its modules say: PyTorch reads it in its own process.

    ``torch.load(weights_only=True)`` runs nothing of what it reads. The other two kinds hold code, which PyTorch
    compiles when it loads them: that is left to a user's trust.
    """
    size_of(path)
    holds = _holds(path)
    if holds and not said.trust:
        raise CannotRead(f"{path.name}: a {holds} file, which holds code: --trust lets PyTorch load it")
    try:
        found = run("torch", str(path), {}, {"holds": holds, "most": within(path)}, function="tensors")
    except NotRun as reason:
        raise CannotRead(f"{path.name}: {reason}, and only PyTorch reads this file") from None
    except RunFailed as failure:
        raise CannotRead(f"{path.name}: {failure}".replace("ValueError: ", "", 1)) from None
    return dict(found.values), holds, found.report.get("modules", {})


def _holds(path: Path) -> str:
    """Which of PyTorch's kinds of archives with code a file is; empty for tensors alone."""
    if not zipfile.is_zipfile(path):
        return ""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        unpacked = sum(info.file_size for info in archive.infolist())
    if unpacked > within(path):
        raise CannotRead(f"{path.name}: unpacked it has {unpacked:,} bytes, more than are read of a file of its size")
    if any(name.endswith("constants.pkl") for name in names):
        return "TorchScript"
    exported = any(name.endswith((".pt2", "archive_format")) or "/models/" in name for name in names)
    return "torch.export" if exported else ""
