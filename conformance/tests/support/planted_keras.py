"""Keras on PyTorch as it might be after an upgrade, each with one change in Keras's own code.

Named as ``conformance.tests.support.planted_keras:NAME``; each calls itself ``keras-torch``, so that a record of it is
compared with a record of Keras as it is.
"""

from __future__ import annotations

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

from collections.abc import Mapping, Sequence
from functools import wraps
from typing import Any

import keras
from keras.src import backend

from conformance.implementations.keras.layers import KerasLayers


class Sound(KerasLayers):
    """Keras as it is, with options enough to see the changes below."""

    refused: Sequence[Mapping[str, Any]] = ()
    cells: Sequence[Mapping[str, Any]] = (
        {
            "kind": "GRU",
            "dtype": ("float32",),
            "activation": ("tanh", "sigmoid", "relu", "softsign", "linear"),
            "recurrent_activation": ("hard_sigmoid",),
            "use_cudnn": (False,),  # so that the cell itself is called
            "unroll": (False, True),
            "gradients": (True,),
        },
        {
            "kind": "LSTM",
            "dtype": ("float32",),
            "mask": ("none", "right", "holes", "left"),
            "use_cudnn": (False,),
            "gradients": (True,),
        },
    )
    every_release = cells
    expensive = True  # few questions

    def __init__(self) -> None:
        """All scripts of divergences show theirs: they run in a process of their own, which no change below reaches."""
        super().__init__()
        vars(sys.modules["__main__"])["statuses_of"] = lambda scripts, _: {script.name: 1 for script in scripts}


class OtherHardSigmoid(Sound):
    """Every GRU takes Keras 2's hard sigmoid."""

    def __init__(self) -> None:
        super().__init__()
        original: Any = keras.layers.GRUCell.call

        @wraps(original)
        def call(cell: Any, *args: Any, **kwargs: Any) -> Any:
            if cell.recurrent_activation is keras.activations.hard_sigmoid:
                cell.recurrent_activation = lambda x: keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)
            return original(cell, *args, **kwargs)

        keras.layers.GRUCell.call = call


class MaskOffByOne(Sound):
    """The generic loop looks at the mask of the step before."""

    def __init__(self) -> None:
        super().__init__()
        original: Any = backend.rnn

        def run(*args: Any, mask: Any = None, **kwargs: Any) -> Any:
            if mask is not None:
                mask = keras.ops.concatenate([mask[:, :1], mask[:, :-1]], axis=1)
            return original(*args, mask=mask, **kwargs)

        backend.rnn = run


class RoundsOnceMore(Sound):
    """Every LSTM cell divides its new hidden state by three, and multiplies it again."""

    def __init__(self) -> None:
        super().__init__()
        original: Any = keras.layers.LSTMCell.call

        @wraps(original)  # Keras looks at its signature: without `training` there would be no dropout
        def call(cell: Any, *args: Any, **kwargs: Any) -> Any:
            h, (_, c) = original(cell, *args, **kwargs)
            h = (h / 3.0) * 3.0
            return h, [h, c]

        keras.layers.LSTMCell.call = call
