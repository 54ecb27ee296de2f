"""Keras files for the tests, made and run by Keras itself: ``python -m conformance.tests.support.keras_files FOLDER``.

For each model and format a file and what Keras computed of it (`conformance.implementations.keras.file_runs`), so that
one process, and one import of Keras, serves all tests.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from conformance.models.files import drawing
from conformance.models.files.model import Said
from conformance.models.files.readers.reading import read
from conformance.models.files.running import save

FORMATS = (".keras", ".h5", ".weights.h5")
MODELS: dict[str, int] = {  # how many recurrent layers each has
    "lstm": 1,
    "gru two layers": 2,
    "gru reset before": 1,
    "rnn three layers": 3,
    "tagger": 2,
    "backwards": 1,
    "stateful": 1,
    "half": 2,
    "encoder and decoder": 3,
    "stacked cells": 1,
    "merged": 2,
    "unmerged": 1,
    "hard": 2,
    "pooled": 1,
    "mask dropped": 2,
}


def main(folder: Path) -> None:
    """Makes everything."""
    import keras

    from conformance.implementations.keras import file_runs

    keras.utils.set_random_seed(0)
    for name, make in _makers(keras).items():
        model = make()
        rng = np.random.default_rng(0)
        model.set_weights([rng.normal(0, 0.4, w.shape) ** (2 if "var" in w.path else 1) for w in model.weights])
        for suffix in FORMATS:
            path = folder / f"{name}{suffix}"
            config = folder / f"{name}.json"
            if suffix == ".weights.h5":
                model.save_weights(path)
                config.write_text(model.to_json())
            else:
                model.save(path)
            options = {"config": str(config)} if suffix == ".weights.h5" else {}
            read_as = read(path, Said(config if options else None))
            try:
                values, _ = file_runs.run(str(path), drawing.drawn(read_as), options)
            except ValueError as error:  # a file that Keras does not load itself
                (folder / f"{path.name}.failed").write_text(str(error))
                continue
            save(folder / f"{path.name}.npz", values)
            (folder / f"{path.name}.names").write_text(json.dumps(list(values)))


def _makers(keras: Any) -> dict[str, Callable[[], Any]]:
    K, Sequential = keras.layers, keras.Sequential

    def tagger() -> Any:
        return Sequential(
            [
                K.Input((None,), dtype="int32"),
                K.Embedding(20, 4, mask_zero=True),
                K.Bidirectional(K.LSTM(3, return_sequences=True)),
                K.SpatialDropout1D(0.2),
                K.GRU(5, return_sequences=True),
                K.LayerNormalization(),
                K.TimeDistributed(K.Dense(6, activation="softmax")),
            ]
        )

    def encoder_and_decoder() -> Any:
        x, start = K.Input((7, 3), name="x"), K.Input((5, 2), name="start")
        y, h, c = K.LSTM(4, return_sequences=True, return_state=True, name="encoder")(x)
        inner = K.Input((7, 4))
        nested = keras.Model(inner, K.GRU(6, name="inside")(inner), name="nested")
        z = K.LSTM(4, return_sequences=True, name="decoder")(start, initial_state=[h, c])
        z = K.Concatenate()([K.Flatten()(z), nested(y)])
        z = K.BatchNormalization()(z)
        return keras.Model([x, start], [K.Dense(3, activation="relu")(z), K.Activation("tanh")(h)])

    def stacked() -> Any:
        x = K.Input((None, 3))
        y = K.RNN([K.LSTMCell(4), K.LSTMCell(5)], return_sequences=True, return_state=True)(x)
        return keras.Model(x, y)

    def unmerged() -> Any:
        x = K.Input((None, 3))
        return keras.Model(x, K.Bidirectional(K.GRU(4, return_sequences=True), merge_mode=None)(x))

    def merged() -> Any:
        x = K.Input((None, 3))
        y = K.Masking()(x)
        y = K.Bidirectional(K.SimpleRNN(4, return_sequences=True), merge_mode="ave")(y)
        return keras.Model(x, K.Bidirectional(K.LSTM(5), merge_mode="mul")(y))

    def stateful() -> Any:
        x = K.Input(batch_shape=(3, 7, 2))
        return keras.Model(x, K.GRU(4, stateful=True)(x))

    def mask_dropped() -> Any:
        tokens = K.Input((None,), dtype="int32")
        y, h, c = K.LSTM(4, return_sequences=True, return_state=True)(K.Embedding(20, 3, mask_zero=True)(tokens))
        return keras.Model(tokens, K.LSTM(4)(y, initial_state=[h, c]))

    return {
        "mask dropped": mask_dropped,
        "lstm": lambda: Sequential([K.Input((None, 3)), K.LSTM(4), K.Dense(2)]),
        "gru two layers": lambda: Sequential([K.Input((7, 3)), K.GRU(4, return_sequences=True), K.GRU(5)]),
        "gru reset before": lambda: Sequential([K.Input((7, 3)), K.GRU(4, reset_after=False, use_bias=True)]),
        "rnn three layers": lambda: Sequential(
            [K.Input((7, 3)), *(K.SimpleRNN(n, return_sequences=True, use_bias=n != 5) for n in (4, 5, 6))]
        ),
        "tagger": tagger,
        "backwards": lambda: Sequential(
            [K.Input((7, 3)), K.LSTM(4, go_backwards=True, return_sequences=True), K.GlobalMaxPooling1D()]
        ),
        "stateful": stateful,
        "half": lambda: Sequential(
            [
                K.Input((7, 3), dtype="float16"),
                K.LSTM(4, return_sequences=True, dtype="float16"),
                K.GRU(5, dtype="float16"),
                K.Dense(2, dtype="float16"),
            ]
        ),
        "encoder and decoder": encoder_and_decoder,
        "stacked cells": stacked,
        "merged": merged,
        "unmerged": unmerged,
        "hard": lambda: Sequential(
            [
                K.Input((7, 3)),
                K.LSTM(4, recurrent_activation="hard_sigmoid", return_sequences=True),
                K.GRU(4, activation="relu", recurrent_activation="hard_sigmoid"),
            ]
        ),
        "pooled": lambda: Sequential(
            [
                K.Input((7, 3)),
                K.LSTM(4, return_sequences=True, dropout=0.2, recurrent_dropout=0.1),
                K.GlobalAveragePooling1D(),
                K.Dense(3, activation="softmax"),
            ]
        ),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
