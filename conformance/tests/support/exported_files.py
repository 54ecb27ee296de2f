"""Files by exporters that the suite has not, made and checked: ``python -m …exported_files FOLDER [NAME…]``.

Keras 3's own export to ONNX and to LiteRT, tf2onnx's, and TensorFlow's converter to float16. ``tox run -e model-files``
runs it by hand. It prints a line for each file, and ends with status 1 where a recurrent layer is missed or does not
agree, where a whole model does not, or where a file is not the same as the Keras file that it came from.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from conformance.models.files import against, checking, describing, drawing
from conformance.models.files.checking import Check
from conformance.models.files.model import Model, Said
from conformance.models.files.readers.reading import read

CELLS = {"LSTM": {}, "GRU": {}, "GRU reset before": {"reset_after": False}, "SimpleRNN": {}}
_SAID = Said()


def main(folder: Path, names: Sequence[str]) -> int:
    """Makes and checks the models of these names, all where none is named; the exit status."""
    import keras

    keras.utils.set_random_seed(0)
    wrong = count = 0
    for name, (layers, recurrent) in models(keras.layers).items():
        if names and name not in names:
            continue
        model = keras.Sequential(layers)
        rng = np.random.default_rng(len(name))
        model.set_weights([rng.normal(0, 0.4, w.shape) for w in model.weights])
        original = folder / f"{name}.keras"
        model.save(original)
        model(np.zeros([size or 2 for size in model.input_shape]))  # Keras's export to ONNX asks for a call before
        for suffix, write in EXPORTS.items():
            path = folder / f"{name}{suffix}"
            with contextlib.redirect_stdout(io.StringIO()):
                write(model, path)
            count += 1
            wrong += _told(path, read(original), recurrent, suffix)
    words = "every recurrent layer is found, agrees, and is that of the Keras file"
    print(f"{count - wrong} of {count} files: {words}")
    return 1 if wrong else 0


def _by_keras(model: Any, path: Path) -> None:
    model.export(path, format="onnx", verbose=False)


def _by_tf2onnx(model: Any, path: Path) -> None:
    import tensorflow
    import tf2onnx

    asked = [tensorflow.TensorSpec([None, *model.input_shape[1:]], model.inputs[0].dtype, name="x")]
    traced = tensorflow.function(lambda x: model(x), input_signature=asked)
    tf2onnx.convert.from_function(traced, input_signature=asked, opset=17, output_path=str(path))


def _by_litert(model: Any, path: Path) -> None:
    """For a batch of one: then the converter needs none of TensorFlow's own operators."""
    path.write_bytes(_converter(model).convert())


def _by_litert_in_halves(model: Any, path: Path) -> None:
    import tensorflow

    converter = _converter(model)
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tensorflow.float16]
    path.write_bytes(converter.convert())


def _converter(model: Any) -> Any:
    import keras
    import tensorflow

    asked = keras.layers.Input(batch_shape=(1, *model.input_shape[1:]), dtype=model.inputs[0].dtype)
    return tensorflow.lite.TFLiteConverter.from_keras_model(keras.Sequential([asked, *model.layers]))


EXPORTS: dict[str, Callable[[Any, Path], None]] = {
    " by keras.onnx": _by_keras,
    " by tf2onnx.onnx": _by_tf2onnx,
    ".tflite": _by_litert,
    " in float16.tflite": _by_litert_in_halves,
}


def models(K: Any) -> dict[str, tuple[list[Any], int]]:
    """By name, the layers, and how many recurrent layers of one direction an export has: both count as one or two."""
    found: dict[str, tuple[list[Any], int]] = {}
    for name, options in CELLS.items():
        cell = getattr(K, name.partition(" ")[0])
        for depth in (1, 2, 3):
            inner = [cell(3 + k, return_sequences=k + 1 < depth, **options) for k in range(depth)]
            found[f"{name} {depth}"] = ([K.Input((7, 3)), *inner, K.Dense(2)], depth)
        both = K.Bidirectional(cell(4, return_sequences=True, **options))
        found[f"{name} both directions"] = ([K.Input((7, 3)), both, K.Dense(2)], 1)
        masked = [
            K.Input((7,), dtype="int32"),
            K.Embedding(20, 4, mask_zero=True),
            cell(3, return_sequences=True, **options),
        ]
        found[f"{name} masked"] = ([*masked, K.LayerNormalization(), K.Dense(5, activation="softmax")], 1)
    found["hard"] = ([K.Input((7, 3)), K.LSTM(4, recurrent_activation="hard_sigmoid"), K.Dense(2)], 1)
    found["relu"] = ([K.Input((7, 3)), K.GRU(4, activation="relu"), K.Dense(2)], 1)
    return found


def _told(path: Path, original: Model, recurrent: int, suffix: str) -> int:
    model = read(path)
    inputs = drawing.drawn(model)
    found = checking.check(model, inputs, (), _SAID)
    (ran,) = found.runs or (None,)
    if ran is None or ran.verdict is None:
        print(f"{path.name}: NOT RUN: {ran.why_not if ran else 'nothing runs it'}")
        return 1
    first = Check(original, dict(zip([each.name for each in original.inputs], inputs.values(), strict=True)), ())
    beside = against.compare(first, Check(model, inputs, found.runs))
    layers = [f"{each.place}: {describing.verdict_in_words(each)}" for each in (*ran.verdict.layers, ran.verdict.whole)]
    rounded = "float16" in suffix and all("rounded to float16" in each.sentence for each in beside.findings)
    complete = len({unit for unit, *_ in beside.pairs}) >= recurrent
    good = found.agrees and (beside.same or rounded) and complete
    same = "the same as the Keras file" if beside.same else "; ".join(map(str, beside.findings)) or beside.not_computed
    print(f"{'ok   ' if good else 'WRONG'} {path.name}: {'; '.join(layers)}; {same}", flush=True)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
