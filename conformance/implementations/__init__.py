"""Implementations under test: the protocol, and how one is found by name.

Anything with these attributes is an implementation; nothing has to be inherited or registered::

    class MyRNN:
        name = "my-rnn"
        versions = {"my-rnn": "1.0"}
        dtypes = ["float64"]
        cells = [{"kind": "SimpleRNN", "activation": ["tanh"], "use_recurrent_bias": [False]}]

        def observe(self, case):
            ...
            return {"outputs": outputs, "state.h": h}

``cells`` says which cells it has: each entry is a kind and the values that it takes for each option, in every
combination; an option left out takes the cell's default. Only such cases are drawn. ``observe`` gets a
`conformance.cases.Case` and returns quantities by name, as few as it likes, or a `conformance.verdicts.Observed` that
also says why others are missing.

It may have more attributes, each of which changes what it is asked: ``refused``, ``prepare``, ``stateful``,
``empty_batch``, ``ignores_nan_padding``, ``expensive`` and ``sizes``, for which see the README; ``arithmetic``, the
names of the arithmetics that it computes with by dtype, from which every bound follows (`conformance.arithmetic`);
``devices``, those that its constructor takes as ``device``; and ``every_release``, like ``cells``, where these depend
on the framework's version: the options that any version has (`conformance.observations.corpus`).

``surface()`` changes nothing that is asked; it tells what a user builds against, as data that JSON can hold: for each
class its arguments (``signature``: the default as source, or "required"), what they are where they are left out
(``defaults``), and the names and shapes of its ``weights`` in their order, for input size 2 and hidden size 3; for each
operator its ``opset``, ``inputs``, ``outputs`` and ``attributes``.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..cases import Case, Quantities
from ..verdicts import Observed


class Named(Protocol):
    """What says which divergences are known: an implementation, or a record of one."""

    @property
    def name(self) -> str: ...
    @property
    def versions(self) -> Mapping[str, str]: ...


class Implementation(Named, Protocol):
    """What the suite asks of an implementation."""

    @property
    def dtypes(self) -> Sequence[str]: ...
    @property
    def cells(self) -> Sequence[Mapping[str, Any]]: ...

    def observe(self, case: Case) -> Observed | Quantities: ...


class NotRun(Exception):
    """An implementation that cannot run here: the reason, and what would help."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"{reason} ({hint})" if hint else reason)


@dataclass(frozen=True)
class Source:
    """Where an implementation comes from.

    target        ``package.module:Class`` or ``path/to/file.py:Class``
    environment   variables that must be set before the framework is imported
    extra         the optional dependency of this project that installs its framework
    packages      the framework's own: absent where it is not installed, while another that is missing is a fault
    """

    target: str
    environment: Mapping[str, str] = field(default_factory=dict)
    extra: str = ""
    packages: tuple[str, ...] = ()


def _keras(backend: str) -> Source:
    return Source(
        "conformance.implementations.keras:KerasLayers",
        {"KERAS_BACKEND": backend},
        f"keras-{backend}",
        ("keras", backend),
    )


BUILT_IN = {
    "keras-jax": _keras("jax"),  # the slowest comes first, so that it does not run alone at the end
    "torch": Source("conformance.implementations.pytorch:TorchLayers", extra="torch", packages=("torch",)),
    "torch-switched": Source(
        "conformance.implementations.pytorch_switched:TorchSwitched", extra="torch", packages=("torch",)
    ),
    "torch-cell": Source("conformance.implementations.pytorch_cell:TorchCells", extra="torch", packages=("torch",)),
    "torch-compiled": Source(
        "conformance.implementations.pytorch_compiled:TorchCompiled", extra="torch", packages=("torch",)
    ),
    "torch-unrolled": Source(
        "conformance.implementations.pytorch_compiled:TorchUnrolled", extra="torch", packages=("torch",)
    ),
    "torch-onnx": Source(
        "conformance.implementations.pytorch_onnx:TorchOnnx",
        extra="torch-onnx",
        packages=("torch", "onnx", "onnxscript", "onnxruntime"),
    ),
    "keras-tensorflow": _keras("tensorflow"),
    "keras-torch": _keras("torch"),
    "keras2": Source(
        "conformance.implementations.keras2:Keras2Layers",
        {"KERAS_BACKEND": "tensorflow"},
        "keras2",
        ("keras", "tensorflow"),
    ),
    "onnxruntime": Source(
        "conformance.implementations.onnxruntime:OnnxRuntime", extra="onnx", packages=("onnx", "onnxruntime")
    ),
    "onnx-reference": Source("conformance.implementations.onnx:OnnxReference", extra="onnx", packages=("onnx",)),
    "oracle": Source("conformance.implementations.oracle:Oracle"),
}
_ASKED_FOR = ("oracle", "keras2")
FRAMEWORKS = tuple(name for name in BUILT_IN if name not in _ASKED_FOR)
"""What a run checks by itself: neither the oracle nor Keras 2, which cannot be installed beside Keras 3."""


def source_of(name: str, known: Mapping[str, Source] = BUILT_IN) -> Source:
    """The known one of that name, or what ``package.module:Class`` or ``file.py:Class`` names; else `ValueError`."""
    if name in known:
        return known[name]
    if ":" not in name:
        expected = f"one of {', '.join(known)}, package.module:Class or path/to/file.py:Class"
        raise ValueError(f"expected {expected}, got {name!r}")
    where = name.rpartition(":")[0]
    if where.endswith(".py") and not Path(where).is_file():
        raise ValueError(f"no such file: {Path(where).resolve()}")
    return Source(name)


def packages_of(name: str) -> tuple[str, ...]:
    """The framework's own packages, to which its time is booked (`conformance.profiling`); a plug-in is its own."""
    source = source_of(name)
    where = source.target.rpartition(":")[0]
    return source.packages or (Path(where).stem if where.endswith(".py") else where,)


def load(name: str, device: str = "cpu") -> Implementation:
    """Imports and makes the implementation; `NotRun` where its framework or the device is absent.

    Raises `ValueError`, which names what is wrong, for a name or a class that is no implementation.
    """
    source = source_of(name)
    os.environ.update(source.environment)
    try:
        made = _made(name, imported(source.target), device)
    except ModuleNotFoundError as error:
        if source.packages and error.name not in source.packages:
            raise
        raise not_installed(source, error) from error
    for attribute in ("name", "versions", "dtypes", "cells", "observe"):
        if not getattr(made, attribute, None):
            raise ValueError(f"{name}: expected an attribute {attribute!r} that is not empty")
    return made


def not_installed(source: Source, error: ModuleNotFoundError) -> NotRun:
    """That the implementation cannot run without the module that is missing, and what installs it."""
    hint = f"pip install 'rnn-conformance[{source.extra}]'" if source.extra else ""
    return NotRun(f"{error.name or error} is not installed", hint)


def _made(name: str, implementation_class: Any, device: str) -> Implementation:
    if device == "cpu":
        made: Implementation = implementation_class()
    elif device in getattr(implementation_class, "devices", ("cpu",)):
        made = implementation_class(device=device)
    else:
        raise NotRun(f"{name} is not checked on {device}")
    return made


def observe(implementation: Implementation, case: Case) -> Observed:
    """The implementation's answer, as an `Observed`."""
    answer = implementation.observe(case)
    return answer if isinstance(answer, Observed) else Observed(dict(answer))


def imported(target: str) -> Any:
    """What ``package.module:Name`` or ``path/to/file.py:Name`` names; `ValueError` where there is no such name."""
    where, _, class_name = target.rpartition(":")
    if where.endswith(".py"):
        path = Path(where).resolve()
        other = importlib.util.find_spec(path.stem)
        if other is not None and other.origin != str(path):
            raise ValueError(f"{path.name} has the name of the module {other.origin}: rename it")
        sys.path.insert(0, str(path.parent))  # as for a script: its neighbours can be imported
        where = path.stem
    module = importlib.import_module(where)
    try:
        return getattr(module, class_name)
    except AttributeError:
        raise ValueError(f"{target.rpartition(':')[0]} has no {class_name!r}") from None
