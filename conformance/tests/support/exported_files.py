"""Files by exporters that the suite has not, made and checked: ``python -m …exported_files FOLDER [NAME…]``.

Keras 3's own export to ONNX and to LiteRT, tf2onnx's, and TensorFlow's converter to float16. ``tox run -e model-files``
runs it by hand. It prints a line for each file, and ends with status 1 where a recurrent layer is missed or does not
agree, where a whole model does not, or where a file is not the same as the Keras file that it came from.
"""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from conformance.models.files import against, checking, describing, drawing
from conformance.models.files.checking import Check
from conformance.models.files.model import Model, Said
from conformance.models.files.readers.reading import read

CELLS = {"LSTM": {}, "GRU": {}, "GRU reset before": {"reset_after": False}, "SimpleRNN": {}}
_SAID = Said()


@dataclass(frozen=True)
class Exported:
    """A model that is exported.

    build       of a batch's size, or None where that is left open; whatever the size, with the same layers
    recurrent   how many recurrent layers of one direction an export has: both count as one or two
    begun       whether it has been called before, so that a stateful layer has a state
    differs     what alone may be told of an export beside the Keras file, in which no state is kept
    """

    build: Callable[[int | None], Any]
    recurrent: int
    begun: bool = False
    differs: str = ""


def main(folder: Path, names: Sequence[str]) -> int:
    """Makes and checks the models of these names, all where none is named; the exit status."""
    import keras

    keras.utils.set_random_seed(0)
    wrong = count = 0
    for name, exported in models(keras).items():
        if names and name not in names:
            continue
        model = exported.build(None)
        rng = np.random.default_rng(len(name))
        model.set_weights([rng.normal(0, 0.4, w.shape) for w in model.weights])
        original = folder / f"{name}.keras"
        model.save(original)
        model([np.ones([size or 2 for size in each.shape], each.dtype) for each in model.inputs])  # Keras's export asks
        for layer in model.layers if not exported.begun else ():
            if getattr(layer, "stateful", False):
                layer.reset_state()
        for suffix, write in EXPORTS.items():
            path = folder / f"{name}{suffix}"
            with contextlib.redirect_stdout(io.StringIO()):
                write(exported.build(1) if suffix.endswith(".tflite") else model, path)
            count += 1
            wrong += _told(path, read(original), exported, suffix)
    words = "every recurrent layer is found, agrees, and is that of the Keras file"
    print(f"{count - wrong} of {count} files: {words}")
    return 1 if wrong else 0


def _by_keras(model: Any, path: Path) -> None:
    model.export(path, format="onnx", verbose=False)


def _by_tf2onnx(model: Any, path: Path) -> None:
    import tensorflow
    import tf2onnx

    asked = [tensorflow.TensorSpec(each.shape, each.dtype, name=f"x{k}") for k, each in enumerate(model.inputs)]
    traced = tensorflow.function(lambda *x: model(list(x)), input_signature=asked)
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
    import tensorflow

    return tensorflow.lite.TFLiteConverter.from_keras_model(model)


EXPORTS: dict[str, Callable[[Any, Path], None]] = {
    " by keras.onnx": _by_keras,
    " by tf2onnx.onnx": _by_tf2onnx,
    ".tflite": _by_litert,
    " in float16.tflite": _by_litert_in_halves,
}


def models(keras: Any) -> dict[str, Exported]:
    """By name."""
    K, found = keras.layers, dict[str, Exported]()

    def chain(*layers: Any, dtype: str = "float32") -> Callable[[int | None], Any]:
        asked = (7,) if dtype == "int32" else (7, 3)
        return lambda batch: keras.Sequential([K.Input(batch_shape=(batch, *asked), dtype=dtype), *layers])

    for name, options in CELLS.items():
        cell = functools.partial(getattr(K, name.partition(" ")[0]), **options)
        for depth in (1, 2, 3):
            inner = [cell(3 + k, return_sequences=k + 1 < depth) for k in range(depth)]
            found[f"{name} {depth}"] = Exported(chain(*inner, K.Dense(2)), depth)
        both = K.Bidirectional(cell(4, return_sequences=True))
        found[f"{name} both directions"] = Exported(chain(both, K.Dense(2)), 1)
        masked = [K.Embedding(20, 4, mask_zero=True), cell(3, return_sequences=True), K.LayerNormalization()]
        head = K.Dense(5, activation="softmax")
        found[f"{name} masked"] = Exported(chain(*masked, head, dtype="int32"), 1)
        found[f"{name} encoder and decoder"] = Exported(_handing_on(keras, cell), 2)
        found[f"{name} stateful"] = Exported(_stateful(keras, cell), 1)
    kept = "the same weights and input, other outputs: in the second it begins with another state"
    found["begun"] = Exported(_stateful(keras, K.LSTM), 1, begun=True, differs=kept)
    found["hard"] = Exported(chain(K.LSTM(4, recurrent_activation="hard_sigmoid"), K.Dense(2)), 1)
    found["relu"] = Exported(chain(K.GRU(4, activation="relu"), K.Dense(2)), 1)
    return found


def _handing_on(keras: Any, cell: Callable[..., Any]) -> Callable[[int | None], Any]:
    """An encoder whose last state is the decoder's first."""
    K = keras.layers
    encoder, decoder, head = cell(4, return_state=True), cell(4, return_sequences=True), K.Dense(2)

    def build(batch: int | None) -> Any:
        source, target = K.Input(batch_shape=(batch, 7, 3)), K.Input(batch_shape=(batch, 5, 2))
        _, *states = encoder(source)
        return keras.Model([source, target], head(decoder(target, initial_state=states)))

    return build


def _stateful(keras: Any, cell: Callable[..., Any]) -> Callable[[int | None], Any]:
    """A layer that keeps its state, which fixes the batch's size."""
    K = keras.layers
    layers = K.Input(batch_shape=(2, 7, 3)), cell(4, return_sequences=True, stateful=True), K.Dense(2)
    model = keras.Sequential(layers)
    return lambda batch: model


def _told(path: Path, original: Model, exported: Exported, suffix: str) -> int:
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
    halves = "float16" in suffix and beside.findings
    rounded = halves and all("rounded to float16" in each.sentence for each in beside.findings)
    complete = len({unit for unit, *_ in beside.pairs}) >= exported.recurrent
    same = [each.sentence for each in beside.findings] == [exported.differs] if exported.differs else beside.same
    good = found.agrees and (same or rounded) and complete
    told = "the same as the Keras file" if beside.same else "; ".join(map(str, beside.findings)) or beside.not_computed
    print(f"{'ok   ' if good else 'WRONG'} {path.name}: {'; '.join(layers)}; {told}", flush=True)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
