"""Keras's files: ``.keras``, ``.h5`` of Keras 2 and 3, and ``.weights.h5`` with a configuration beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....common.reading import Unreadable, parse_json, read_file
from ..limits import MOST_TEXT
from ..model import CannotRead, Model, Said
from . import keras_bare, keras_graph
from .keras_weights import opened, version_in, weights_of


def read(path: Path, said: Said) -> Model:
    """The model; ``said.config`` is a file with what ``model.to_json()`` gives, for a file of weights alone."""
    config = said.config
    file, text = opened(path)
    with file:
        version, described = _described(path, text)
        if config is not None:
            try:
                described = _parsed(config, read_file(config, MOST_TEXT))
            except Unreadable as error:
                raise CannotRead(f"{config}: no configuration that can be read: {error.problem}") from None
            version = str(described.get("keras_version", "")) or version
        version = version or str((described or {}).get("keras_version", "")) or version_in(file)
        try:
            if described is None:
                return keras_bare.model_of(weights_of(file, path), version, str(path), said)
            return keras_graph.model_of(described, weights_of(file, path), version, str(path))
        except CannotRead:
            raise
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError, OSError) as error:
            raise CannotRead(f"{path.name}: its configuration is broken: {type(error).__name__}: {error}") from None


def _described(path: Path, text: str) -> tuple[str, Any]:
    """The version of Keras, where it stands before the configuration, and the configuration; None for none."""
    if not text:
        return "", None
    first, _, rest = text.partition("\n")
    if not rest:
        return "", _parsed(path, text)
    return str(_parsed(path, first).get("keras_version", "")), _parsed(path, rest)


def _parsed(path: Path, text: str | bytes) -> Mapping[str, Any]:
    try:
        found = parse_json(path, text)
    except Unreadable as error:
        raise CannotRead(f"{path.name}: its configuration is no JSON: {error.problem}") from None
    if not isinstance(found, Mapping):
        raise CannotRead(f"{path.name}: its configuration is no mapping")
    return found
