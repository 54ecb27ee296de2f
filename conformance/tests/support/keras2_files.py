"""Files by Keras 2.15, tf2onnx and TensorFlow's converter, checked where made: ``python -m …keras2_files FOLDER``.

Keras 2 cannot stand beside Keras 3, so this is run by hand in an environment of its own (``models/files/README.md``).
It prints a line for each file, and ends with status 1 where a recurrent layer, or a whole model, does not agree.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from conformance.implementations.keras import file_runs
from conformance.models.files import describing, drawing, judging
from conformance.models.files.readers.reading import read
from conformance.models.files.running import Recording


def main(folder: Path) -> int:
    """Makes and checks everything; the exit status."""
    import keras

    differing = 0
    rng = np.random.default_rng(0)
    for name, layers in _models(keras.layers).items():
        model = keras.Sequential(layers)
        model.set_weights([rng.normal(0, 0.4, w.shape) for w in model.weights])
        for suffix in (".h5", ".keras"):
            path = folder / f"{name}{suffix}"
            model.save(path)
            read_as = read(path)
            values, _ = file_runs.run(str(path), drawing.drawn(read_as), {})
            differing += _told(path, judging.judge(read_as, Recording("keras2", {}, values, {})))
        differing += _exported(model, folder / f"{name}.onnx")
        differing += _converted(model, folder / f"{name}.tflite")
    return 1 if differing else 0


def _exported(model: Any, path: Path) -> int:
    try:
        import tensorflow
        import tf2onnx

        from conformance.implementations.onnx import file_runs_onnxruntime
    except ModuleNotFoundError as missing:
        print(f"{path.name}: not made, {missing.name} is not installed")
        return 0
    asked = [tensorflow.TensorSpec([None, *model.input_shape[1:]], model.inputs[0].dtype)]
    tf2onnx.convert.from_keras(model, input_signature=asked, opset=15, output_path=str(path))
    read_as = read(path)
    watch = sorted({name for node in read_as.nodes for name in (*node.inputs, *node.outputs) if name})
    values, _ = file_runs_onnxruntime.run(str(path), drawing.drawn(read_as), {"watch": watch})
    return _told(path, judging.judge(read_as, Recording("onnxruntime", {}, values, {})))


def _converted(model: Any, path: Path) -> int:
    """By TensorFlow's converter, for a batch of one: an LSTM becomes one operator, the other cells loops."""
    import keras
    import tensorflow

    try:
        from conformance.implementations.litert import file_runs as litert
    except ModuleNotFoundError as missing:
        print(f"{path.name}: not made, {missing.name} is not installed")
        return 0
    asked = keras.layers.InputLayer(model.input_shape[1:], batch_size=1, dtype=model.inputs[0].dtype)
    one = keras.Sequential([asked, *model.layers])
    try:
        path.write_bytes(tensorflow.lite.TFLiteConverter.from_keras_model(one).convert())
    except Exception as error:  # a layer with a mask
        print(f"{path.name}: not converted: {type(error).__name__}")
        return 0
    read_as = read(path)
    values, _ = litert.run(str(path), drawing.drawn(read_as), {})
    return _told(path, judging.judge(read_as, Recording("litert", {}, values, {})))


def _told(path: Path, found: judging.FileVerdict) -> int:
    words = "; ".join(f"{each.place}: {describing.verdict_in_words(each)}" for each in (*found.layers, found.whole))
    print(f"{path.name}: {words}")
    return int(found.differs)


def _models(K: Any) -> dict[str, list[Any]]:
    steps = K.InputLayer((7, 3))
    return {
        "lstm": [steps, K.LSTM(4, return_sequences=True), K.LSTM(5), K.Dense(2)],
        "gru": [steps, K.GRU(4, return_sequences=True), K.GRU(5, reset_after=False), K.Dense(2)],
        "rnn": [steps, K.SimpleRNN(4, return_sequences=True), K.SimpleRNN(5), K.Dense(2)],
        "hard": [steps, K.LSTM(4, recurrent_activation="hard_sigmoid", return_sequences=True), K.GRU(4)],
        "both": [
            *(steps, K.Bidirectional(K.LSTM(4, return_sequences=True))),
            *(K.Bidirectional(K.GRU(5), merge_mode="ave"), K.Dense(2)),
        ],
        "tagger": [
            *(
                K.InputLayer((7,)),
                K.Embedding(20, 4, mask_zero=True),
                K.Bidirectional(K.LSTM(3, return_sequences=True)),
            ),
            *(
                K.GRU(5, return_sequences=True),
                K.LayerNormalization(),
                K.TimeDistributed(K.Dense(6, activation="softmax")),
            ),
        ],
    }


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
