"""Keras: recurrent layers of weights alone, told by names and shapes, where no configuration is at hand.

A layer is what holds ``kernel``, ``recurrent_kernel`` and, mostly, ``bias``: four, three or one times as many columns
as hidden units are LSTM, GRU and SimpleRNN; a GRU's bias has two rows where the reset comes after. A bias twice as
long is that of CuDNNLSTM (Keras 2): both halves, and kernels in cuDNN's own order, which are turned into LSTM's.

What shapes do not say is taken as Keras's default and said.

Source: preprocess_weights_for_loading in keras/saving/legacy/hdf5_format.py, Keras 2.15.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from refimpl import InvalidArgument
from refimpl.layouts import keras as layout

from ....contract import Array
from ..model import CannotRead, Input, Model, Node, Recurrent, Said
from .keras_weights import Weights

_KINDS = {1: "SimpleRNN", 3: "GRU", 4: "LSTM"}


def model_of(weights: Weights, version: str, path: str, said: Said) -> Model:
    """The layers, each with an input of its own."""
    nodes, inputs, notes = [], [], []
    for name in weights.layers():
        arrays = weights.of_group(name)
        kind = _kind(arrays)
        if not kind:
            continue
        arrays, form = _plain(arrays)
        config, taken = _config(name, kind, arrays, version, said)
        if form or taken:
            notes.append(f"{name}: {'; '.join(filter(None, [form, taken]))}")
        value = f"{name}#0:in"
        serialized = {"class_name": kind, "config": config}
        cell, _ = layout.cell_of(serialized, int(arrays[0].shape[0]), version or "3")
        node = Node(
            f"{name}#0",
            kind,
            (value,),
            (f"{name}#0:0",),
            ("x",),
            {**config, "is_recurrent": True, "constants": {}},
            tuple(arrays),
            Recurrent(cell, layout.load(cell, arrays), "keras", return_sequences=True),
        )
        nodes.append(node)
        inputs.append(Input(value, (None, None, cell.input_size), "float32"))
    if not nodes:
        raise CannotRead(
            f"{path}: weights alone, and no recurrent layer among them; --config says what model they are of"
        )
    notes.append("weights alone do not say how layers are wired: each is checked on values drawn for it; see --config")
    runtimes = ("keras-tensorflow", "keras-torch", "keras-jax", "keras2")
    by = f"Keras {version}, weights alone" if version else "Keras, weights alone"
    return Model(path, "keras", by, tuple(inputs), tuple(nodes), (), notes=tuple(notes), runtimes=runtimes)


def _kind(arrays: list[Array]) -> str:
    if len(arrays) not in (2, 3) or any(array.ndim != 2 for array in arrays[:2]):
        return ""
    hidden, columns = arrays[1].shape
    if arrays[0].shape[1] != columns or columns % hidden:
        return ""
    return _KINDS.get(columns // hidden, "")


def _plain(arrays: list[Array]) -> tuple[list[Array], str]:
    """The arrays as the plain layer has them, and what was done."""
    columns = arrays[0].shape[1]
    if len(arrays) < 3 or arrays[2].shape != (2 * columns,):
        return arrays, ""
    gates = columns // arrays[1].shape[0]
    kernel = np.concatenate([k.T.reshape(k.shape, order="F") for k in np.split(arrays[0], gates, axis=1)], axis=1)
    recurrent = np.concatenate([k.T for k in np.split(arrays[1], gates, axis=1)], axis=1)
    halves = np.split(arrays[2], 2)
    bias = halves[0] + halves[1] if gates == 4 else np.stack(halves)
    return [kernel, recurrent, bias], f"its bias is as long as that of CuDNN{_KINDS[gates]}, whose layout is taken"


def _config(name: str, kind: str, arrays: list[Array], version: str, said: Said) -> tuple[dict[str, Any], str]:
    config: dict[str, Any] = {
        "units": int(arrays[1].shape[0]),
        "use_bias": len(arrays) == 3,
        "activation": said.activation or "tanh",
        "return_sequences": True,
    }
    taken = [] if said.activation else ["activation tanh"]
    if kind != "SimpleRNN":
        config["recurrent_activation"] = said.recurrent_activation or "sigmoid"
        if not said.recurrent_activation:
            early = version.startswith(("1.", "2.0.", "2.1.", "2.2."))
            taken.append(
                "recurrent_activation sigmoid" + (", not the hard_sigmoid that was Keras's default" if early else "")
            )
    if kind == "GRU":
        config["reset_after"] = len(arrays) == 3 and arrays[2].ndim == 2
    try:
        layout.cell_of({"class_name": kind, "config": config}, 1, version or "3")
    except InvalidArgument as error:
        raise CannotRead(f"{name}: {error}") from None
    return (
        config,
        f"{' and '.join(taken)} taken; --activation and --recurrent-activation say otherwise" if taken else "",
    )
