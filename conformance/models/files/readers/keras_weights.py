"""Keras: the weights that a file holds, layer by layer, in the order of ``layer.get_weights()``.

========================  ==========================================================================================
file                      where a layer's weights are
========================  ==========================================================================================
``.h5`` of a whole model  the group ``model_weights/<layer's name>``, in the order of its attribute ``weight_names``
``.h5`` of weights        the same at the top
``.keras``,               ``layers/<class name in snake case>[_k]/…/vars/<number>``: k counts the layers of a class in
``.weights.h5``           the order of the configuration, and the layer's own name, where the file has it, is an
attribute ========================
==========================================================================================

HDF5 is read by h5py, data sets of numbers alone: no object, no link to another file.

Source: keras/src/legacy/saving/legacy_h5_format.py and keras/src/saving/saving_lib.py, Keras 3.15; 2.15's.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ....contract import Array
from ..limits import MOST_TEXT, Budget, member, size_of, within
from ..model import CannotRead

PROBE_SECONDS = 20.0
"""The time that HDF5's library gets to walk through a file, and more for a large one."""
_BYTES_A_SECOND = 20e6
_PARTS = ("forward_layer", "backward_layer", "layer", "cell", "cells", "layers", "seed_generator")


class Weights:
    """The weights of a file, or of one of the models in it."""

    def __init__(self, group: Any, budget: Budget, legacy: bool) -> None:
        self.group, self.budget, self.legacy = group, budget, legacy
        self._counted: dict[str, int] = {}

    def of_layer(self, name: str, class_name: str, cells: Sequence[str] = ()) -> list[Array]:
        """The arrays of the layer of that name, in the order in which layers come; ``cells``: the classes of those that
        are stacked in it, in their order, which the file does not keep."""
        if self.legacy:
            return self._legacy(name)
        found = self._group_of(class_name)
        return [] if found is None else list(self._walk(found, _numbered(cells)))

    def of_group(self, name: str) -> list[Array]:
        """The arrays under a name of `layers`."""
        return self._legacy(name) if self.legacy else list(self._walk(self.group["layers"][name]))

    def of_model(self, name: str, class_name: str) -> Weights:
        """The weights of a model that is a layer of this one."""
        if self.legacy:
            return _Flat(self._legacy(name), self._legacy_names(name), self.budget)
        found = self._group_of(class_name)
        return Weights({"layers": {}} if found is None else found, self.budget, legacy=False)

    def layers(self) -> list[str]:
        """The names of what holds weights, for a file that comes without a configuration."""
        if self.legacy:
            return [name for name in _texts(self.group.attrs.get("layer_names", list(self.group)))]
        return list(self.group["layers"]) if "layers" in self.group else list(self.group)

    def _legacy_names(self, name: str) -> list[str]:
        if name not in self.group:
            return []
        return _texts(self.group[name].attrs.get("weight_names", []))

    def _legacy(self, name: str) -> list[Array]:
        return [self._array(self.group[name], weight, name) for weight in self._legacy_names(name)]

    def _group_of(self, class_name: str) -> Any:
        snake = snake_case(class_name)
        count = self._counted.get(snake, 0)
        self._counted[snake] = count + 1
        layers = self.group.get("layers", {})
        own = f"{snake}_{count}" if count else snake
        return layers.get(own)

    def _walk(self, group: Any, listed: Sequence[str] = ()) -> Iterator[Array]:
        """A layer's own variables, then those of its parts: a wrapper's forward layer before its backward layer."""
        if "vars" in group:
            own = group["vars"]
            for key in sorted((key for key in own if key.isdigit()), key=int):
                yield self._array(own, key, group.name)
        parts = [key for key in group if key != "vars" and isinstance(group[key], h5py.Group)]
        if "forward_layer" in parts and "layer" in parts:
            parts.remove("layer")  # Bidirectional's template in Keras 2, the forward layer itself in Keras 3
        if "cell" in parts and "cells" in parts:
            parts.remove("cells")
        for key in sorted(parts, key=lambda key: _order(key, listed)):
            if key != "seed_generator":
                yield from self._walk(group[key], listed)

    def _array(self, group: Any, key: str, place: str) -> Array:
        found = _linked(group, key)
        inside = isinstance(found, h5py.Dataset) and found.external is None and not found.is_virtual
        if not inside or found.dtype.kind not in "fiu":
            raise CannotRead(f"{self.budget.name}: {place}/{key} is no array of numbers in this file")
        self.budget.take(f"{place}/{key}", found.shape, found.dtype.itemsize)
        return np.asarray(found[()])


class _Flat(Weights):
    """A model in a model of the older format: all its weights in one list, the trainable ones first."""

    def __init__(self, arrays: list[Array], names: list[str], budget: Budget) -> None:
        super().__init__({}, budget, legacy=True)
        self._left = list(zip(names, arrays, strict=True))

    def _legacy_names(self, name: str) -> list[str]:
        return [each for each, _ in self._left if name in each.split("/")]

    def _legacy(self, name: str) -> list[Array]:
        return [array for each, array in self._left if name in each.split("/")]


def opened(path: Path) -> tuple[Any, str]:
    """The HDF5 file, and what of a model's configuration is in it or beside it, as text; empty where there is none."""
    size_of(path)
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                text = member(archive, "config.json", MOST_TEXT, path.name).decode("utf-8", "replace")
                content = member(archive, "model.weights.h5", within(path), path.name)
                text = _with_version(archive, text, path.name)
            _probe(path, content)
            return h5py.File(io.BytesIO(content), "r"), text
        _probe(path)
        file = h5py.File(path, "r")
    except (OSError, zipfile.BadZipFile, EOFError, RuntimeError) as error:
        raise CannotRead(f"{path.name}: no Keras file that can be read: {str(error).splitlines()[0]}") from None
    config = file.attrs.get("model_config", "")
    text = config.decode("utf-8", "replace") if isinstance(config, bytes) else str(config)
    if len(text) > MOST_TEXT:
        raise CannotRead(f"{path.name}: its configuration is longer than {MOST_TEXT:,} characters")
    return file, text


def _probe(path: Path, content: bytes | None = None) -> None:
    """Lets another process walk through the file first; `CannotRead` where the library crashes or does not end."""
    seconds = PROBE_SECONDS + size_of(path) / _BYTES_A_SECOND
    command = [sys.executable, "-I", str(Path(__file__).with_name("hdf5_probe.py")), str(int(seconds))]
    command += [] if content is not None else [str(path.resolve())]
    silent = subprocess.DEVNULL
    given: dict[str, Any] = {"stdin": silent} if content is None else {"input": content}
    try:
        done = subprocess.run(command, stdout=silent, stderr=silent, timeout=seconds, check=False, **given)
    except subprocess.TimeoutExpired:
        raise CannotRead(f"{path.name}: damaged: HDF5's library does not come to an end in it") from None
    if done.returncode:
        raise CannotRead(f"{path.name}: damaged: HDF5's library crashes in it (status {done.returncode})")


def version_in(file: Any) -> str:
    """The version of the Keras that wrote an HDF5 file, or nothing."""
    for group in (file, file.get("model_weights", {})):
        if hasattr(group, "attrs") and "keras_version" in group.attrs:
            found = group.attrs["keras_version"]
            return found.decode() if isinstance(found, bytes) else str(found)
    return ""


def weights_of(file: Any, path: Path) -> Weights:
    """The weights of an HDF5 file, whichever format it has."""
    budget = Budget(path.name, within(path))
    if "model_weights" in file:
        return Weights(file["model_weights"], budget, legacy=True)
    if "layer_names" in file.attrs:
        return Weights(file, budget, legacy=True)
    if "layers" in file or "_layer_checkpoint_dependencies" in file:
        return Weights(file, budget, legacy=False)
    raise CannotRead(f"{path.name}: an HDF5 file, but not one that Keras writes")


def snake_case(name: str) -> str:
    """Keras's own (``saving_lib.to_snake_case``)."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _with_version(archive: zipfile.ZipFile, text: str, name: str) -> str:
    """The configuration with the version that stands in ``metadata.json`` put before it."""
    if "metadata.json" not in archive.namelist():
        return text
    return member(archive, "metadata.json", 2**20, name).decode("utf-8", "replace") + "\n" + text


def _texts(names: Any) -> list[str]:
    return [name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in names]


def _order(key: str, listed: Sequence[str]) -> tuple[int, int, str]:
    stem, _, count = key.rpartition("_")
    if key in listed:
        return len(_PARTS), listed.index(key), stem
    rank = _PARTS.index(key) if key in _PARTS else len(_PARTS)
    return rank, int(count) if count.isdigit() else 0, stem


def _numbered(classes: Sequence[str]) -> list[str]:
    """The names that Keras gives the parts of a list: the second of a class, and those after it, have a number."""
    names = [snake_case(each) for each in classes]
    counts = [names[:k].count(name) for k, name in enumerate(names)]
    return [f"{name}_{count}" if count else name for name, count in zip(names, counts, strict=True)]


def _linked(group: Any, path: str) -> Any:
    """What hard links alone lead to; None where a link that may open another file is on the way."""
    found = group
    for key in path.split("/"):
        if not isinstance(found, h5py.Group) or not isinstance(found.get(key, getlink=True), h5py.HardLink):
            return None
        found = found[key]
    return found
