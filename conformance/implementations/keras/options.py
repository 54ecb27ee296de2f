"""Which options of Keras's recurrent layers are checked, and in which combinations.

Keras's own options, beside those that the oracle knows:

================  ================================================================================================
option            meaning
================  ================================================================================================
wrapper           ``layer``: `LSTM(…)`; ``RNN(cell)``: `RNN(LSTMCell(…))`; ``StackedRNNCells``: all layers in one RNN
unroll            the layer's argument
implementation    the layer's argument, 1 or 2
use_cudnn         the layer's argument: False keeps a backend's fused function (`lstm`, `gru`) from being asked at all
return_state      the layer's argument
mask_from         ``argument``, or propagated from a ``Masking`` layer or an ``Embedding`` whose rows are the inputs
unmerged          Bidirectional's ``merge_mode=None``; its two outputs are compared side by side
backward_layer    Bidirectional's argument is given although both directions are alike
dropout_per_gate  the masks of dropout are one a gate, as with ``implementation=1``; recurrent ones always are
idle_dropout      the layer has rates of dropout and is called with ``training=False``
policy            ``mixed``: weights in float32, computation in the case's dtype (``mixed_float16``)
form              ``eager``, ``jit`` (JAX), ``tf.function``, ``xla`` (TensorFlow), functional ``Model``, its ``predict``
reload            the model is saved, and loaded again
================  ================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packaging.version import Version

Entry = Mapping[str, Any]

ACTIVATIONS = (
    *("tanh", "sigmoid", "relu", "linear", "hard_sigmoid", "relu6", "hard_tanh", "hard_silu", "sparse_plus"),
    *("sparse_sigmoid", "exponential", "gelu", "log_sigmoid", "mish", "selu", "silu", "softplus", "softsign"),
    *("tanh_shrink", "celu", "elu", "hard_shrink", "leaky_relu", "soft_shrink", "squareplus"),
)
_LATER = ("celu", "hard_shrink", "hard_tanh", "log_sigmoid", "soft_shrink", "squareplus", "tanh_shrink")
SINCE: Sequence[tuple[str, Entry]] = (
    ("3.2", {"use_cudnn": (False, True)}),
    ("3.4", {"kind": ("GRU",), "implementation": (1,)}),
    ("3.7", {"activation": _LATER, "recurrent_activation": _LATER}),
    ("3.8", {"dropout_per_gate": (True,)}),  # before, a cell drew one mask for all of its gates
    ("3.8", {"activation": ("sparse_plus",), "recurrent_activation": ("sparse_plus",)}),
    ("3.10", {"activation": ("sparse_sigmoid",), "recurrent_activation": ("sparse_sigmoid",)}),
)
"""The release in which values of options came, of all kinds of cell or of those stated; all others came with 3.0."""

_NEW = (*_LATER, "hard_silu", "sparse_plus", "sparse_sigmoid")
_NOT_IN_KERAS_2: Sequence[Entry] = (
    {"use_cudnn": (False, True)},
    {"activation": _NEW, "recurrent_activation": _NEW},
)

_EITHER, _YES, _NO = (False, True), (True,), (False,)
_SINGLE, _HALF = ("float32",), ("float16", "bfloat16")
_MASKS = ("right", "left", "holes", "rows")
_SOURCES = ("argument", "Masking", "Embedding")
_KINDS: tuple[Entry, ...] = (
    {"kind": "SimpleRNN"},
    {"kind": "LSTM"},
    {"kind": "GRU"},
    {"kind": "GRU", "reset_after": _NO, "use_recurrent_bias": _NO},
)
_BACKWARD = {"direction": ("backward",), "output_order": ("processing",)}
_LAST = {"return_sequences": _NO}  # zeros for masked steps are promised with sequences only
_FORMS = {"tensorflow": ("eager", "tf.function", "xla"), "jax": ("eager", "jit")}
INFERENCE = ("numpy", "openvino")
"""The backends that have no gradients."""


def absent_in(release: str) -> list[Entry]:
    """The values of options that this release of Keras 3 does not have."""
    return [values for since, values in SINCE if Version(release) < Version(since)]


def cells(backend: str, absent: Sequence[Entry] = ()) -> Sequence[Entry]:
    """The products of options that are checked on a backend, without the values that are absent.

    On JAX a loop compiles anew for every case, so that one costs ten times what it costs unrolled; there only those
    options meet the loop that it knows about.
    """
    entries = [
        *_one_direction(backend),
        *_both_directions(backend),
        *_several_layers(backend),
        *_dropout(backend),
        *_forms(backend),
        *_precisions(backend),
        *_activations(backend),
    ]
    for values in absent:
        entries = [_without(entry, values) for entry in entries]
    inference = {"gradients": _NO} if backend in INFERENCE else {}
    return [entry | {"dtype": entry.get("dtype", _SINGLE)} | inference for entry in entries if all(entry.values())]


def cells_of_keras_2() -> Sequence[Entry]:
    """The products that are checked on Keras 2: those of Keras 3 on TensorFlow, and those with its ``time_major``."""
    return [*cells("tensorflow", _NOT_IN_KERAS_2), *(entry | {"dtype": _SINGLE} for entry in _time_major())]


def _time_major() -> list[dict[str, Any]]:
    major = {"time_major": _YES, "unroll": _EITHER}
    some = {"mask": ("right", "left", "holes", "rows")}
    both = {"direction": ("both",), "merge": ("concat", "ave")}
    found = []
    for way in ({}, _BACKWARD):
        found += _each(**way, **major, return_sequences=_EITHER, wrapper=("layer", "RNN(cell)"))
        found += _each(**way, **major, **some, masked_output=("repeat", "zeros"))
        found += _each(**way, **major, **some, **_LAST)
    found += _each(**both, **major, return_sequences=_EITHER)
    found += _each(**both, **major, **some, masked_output=("zeros",))
    found += _each(**major, layers=(2,), wrapper=("layer", "StackedRNNCells"), mask=("none", "holes"))
    found += _each(**major, form=_FORMS["tensorflow"][1:], mask=("none", "holes"), return_sequences=_NO)
    found += _each("LSTM", "GRU", **major, dropout=_YES, recurrent_dropout=_EITHER, initial_state=_NO)
    return found


def _without(entry: Entry, absent: Entry) -> dict[str, Any]:
    """The entry without these values; an option that had no other is left with none."""
    if entry["kind"] not in absent.get("kind", (entry["kind"],)):
        return dict(entry)
    return {
        name: tuple(one for one in values if one not in absent[name]) if name in absent and name != "kind" else values
        for name, values in entry.items()
    }


def refused(backend: str, absent: Sequence[Entry] = (), device: str = "cpu") -> Sequence[Entry]:
    """The combinations among them that Keras refuses."""
    if any(True in values.get("use_cudnn", ()) for values in absent):
        return []
    when = {"use_cudnn": _YES}
    alternatives: dict[str, list[dict[str, Any]]] = {
        "tensorflow": [{}],
        "numpy": [{}],
        "openvino": [{}],
        "torch": [{"mask": ("right",)}, {"kind": ("GRU",), "reset_after": _NO}],
        "jax": [{"kind": ("LSTM",)}, {"unroll": _YES}, {"mask": ("right",)}, {"reset_after": _NO}],
    }
    if device == "cuda":
        alternatives["tensorflow"] = [{"unroll": _YES}, {"reset_after": _NO}]
        alternatives["jax"].remove({"kind": ("LSTM",)})
    return [
        {
            "when": when | alternative,
            "reason": "neither cuDNN nor a function of the backend's own takes this here",
            "message": "use_cudnn=True was specified, but cuDNN is not supported for this layer configuration",
        }
        for alternative in alternatives[backend]
    ]


def _each(*kinds: str, **options: Any) -> list[dict[str, Any]]:
    """The options for each kind of cell, all without a name."""
    return [dict(kind) | options for kind in _KINDS if not kinds or kind["kind"] in kinds]


def _loops(backend: str) -> dict[str, Any]:
    """Unrolled or not, where both cost the same."""
    return {"unroll": _YES if backend == "jax" else _EITHER}


def _one_direction(backend: str) -> list[dict[str, Any]]:
    found = []
    for way in ({}, _BACKWARD):
        masked = way | {"mask": _MASKS}
        found += _each(**way, unroll=_EITHER, return_sequences=_EITHER, return_state=_EITHER)
        found += _each(**masked, **_loops(backend), masked_output=("repeat", "zeros"), mask_from=_SOURCES)
        found += _each(**masked, **_loops(backend), **_LAST, mask_from=_SOURCES, return_state=_EITHER)
        found += _each(**masked, unroll=_EITHER, wrapper=("RNN(cell)",), return_sequences=_EITHER)
        if backend == "jax":
            found += _each(**masked, unroll=_NO, masked_output=("repeat", "zeros"))
    found += _each(mask=("full",), unroll=_EITHER, mask_from=_SOURCES, initial_state=_NO)
    found += _each("LSTM", "GRU", implementation=(1, 2), use_cudnn=("auto", False), mask=("none", "holes"))
    found += _each("LSTM", "GRU", use_cudnn=_YES, unroll=_EITHER, mask=("none", "right"), initial_state=_NO)
    return found


def _both_directions(backend: str) -> list[dict[str, Any]]:
    both = {"direction": ("both",)}
    merges = {"merge": ("concat", "sum", "mul", "ave"), "backward_cell": ("alike", "different")}
    zeros = {"mask": _MASKS, "masked_output": ("zeros",)}
    found = _each(**both, **merges, unroll=_YES if backend == "jax" else _EITHER, return_sequences=_EITHER)
    for masked in (zeros, {"mask": _MASKS, **_LAST}):
        found += _each(**both, **merges, **masked, **_loops(backend))
        found += _each(**both, **masked, **_loops(backend), mask_from=_SOURCES[1:], wrapper=("layer", "RNN(cell)"))
        found += _each(**both, **masked, unroll=_EITHER, unmerged=_EITHER, backward_layer=_EITHER, initial_state=_NO)
    found += _each(**both, unroll=_YES, unmerged=_YES, return_state=_EITHER, return_sequences=_EITHER)
    return found


def _several_layers(backend: str) -> list[dict[str, Any]]:
    layers = {"layers": (2, 3)}
    masks = {"mask": ("none", *_MASKS)}
    found = _each(**layers, **masks, **_loops(backend), mask_from=_SOURCES)
    found += _each(**layers, **masks, **_loops(backend), **_LAST)
    stacked = {"wrapper": ("StackedRNNCells",), "direction": ("forward", "backward")}
    found += _each(**layers, **masks, **_loops(backend), **stacked)
    both = {"direction": ("both",), "layers": (2, 3), "mask": _MASKS, "masked_output": ("zeros",)}
    found += _each(**both, **_loops(backend), mask_from=_SOURCES, merge=("concat", "sum"))
    found += _each(wrapper=("StackedRNNCells",), **_loops(backend), mask=("none", "right"))
    if backend == "jax":
        found += _each(layers=(2,), mask=("none", "holes"), unroll=_NO, wrapper=("layer", "StackedRNNCells"))
    return found


def _dropout(backend: str) -> list[dict[str, Any]]:
    loops, masks = {"unroll": _EITHER}, {"mask": ("none", "holes")}
    found = _each(**loops, **masks, dropout=_YES, recurrent_dropout=_EITHER, initial_state=_NO)
    found += _each(**loops, **masks, recurrent_dropout=_YES, initial_state=_NO)
    per_gate = {"dropout_per_gate": _YES, "initial_state": _NO}
    found += _each("LSTM", "GRU", **loops, **masks, **per_gate, recurrent_dropout=_YES, dropout=_EITHER)
    found += _each("LSTM", "GRU", **per_gate, unroll=_YES, dropout=_YES, use_cudnn=("auto", False))
    stacked = {"layers": (2,), "unroll": _YES, "initial_state": _NO}
    found += _each(**stacked, dropout=_YES, recurrent_dropout=_EITHER, wrapper=("layer", "StackedRNNCells"))
    found += _each(**stacked, dropout=_YES, recurrent_dropout=_EITHER, direction=("both",))
    found += _each(idle_dropout=_EITHER, unroll=_YES, mask=("none", "right"), wrapper=("layer", "RNN(cell)"))
    return found


def _forms(backend: str) -> list[dict[str, Any]]:
    """Every way of calling is compiled or built: dear everywhere."""
    called = {"form": _FORMS.get(backend, ())[1:] or ("eager",), "initial_state": _NO}
    found = _each(**called, unroll=_EITHER, mask=("none", "holes"), direction=("forward", "both"), return_sequences=_NO)
    found += _each(form=("Model",), reload=_EITHER, mask=("none", "left"), mask_from=_SOURCES, initial_state=_NO)
    found += _each(form=("Model",), reload=_EITHER, unroll=_YES, initial_state=_YES, return_state=_EITHER)
    both = {"direction": ("both",), "unroll": _YES, "merge": ("concat", "ave"), "backward_cell": ("alike", "different")}
    found += _each(form=("Model",), reload=_YES, **both, initial_state=_NO)
    found += _each(form=("Model",), reload=_YES, layers=(2,), wrapper=("StackedRNNCells",), unroll=_YES)
    found += _each(form=("predict",), reload=_EITHER, unroll=_EITHER, mask=("none", "right"), mask_from=("Embedding",))
    return found


def _precisions(backend: str) -> list[dict[str, Any]]:
    found = _each(dtype=_HALF, policy=("plain", "mixed"), unroll=_EITHER, use_bias=_YES, mask=("none", "holes"))
    found += _each(dtype=("float64",), unroll=_EITHER, mask=("none", "right", "holes"))
    found += _each(dtype=("float64",), unroll=_EITHER, mask=("none", "holes"), direction=("both",), **_LAST)
    found += _each(dtype=("float64",), activation=("sigmoid",), unroll=_YES, wrapper=("layer", "RNN(cell)"))
    return found


def _activations(backend: str) -> list[dict[str, Any]]:
    """All of them for the candidate and for the gates, each beside some of the other; and without biases."""
    calm, both = {"unroll": _YES, "initial_state": _YES}, {"dtype": ("float64", "float32")}
    found: list[dict[str, Any]] = [{"kind": "SimpleRNN", "activation": ACTIVATIONS, **both, **calm}]
    few = ("sigmoid",) if backend == "jax" else ("sigmoid", "tanh", "hard_sigmoid", "linear")
    for kind in _KINDS[1:]:
        found.append(dict(kind) | calm | {"activation": ACTIVATIONS, "recurrent_activation": few})
        found.append(dict(kind) | calm | {"activation": ("sigmoid",), "recurrent_activation": ACTIVATIONS})
        found.append(dict(kind) | calm | both | {"activation": ACTIVATIONS, "recurrent_activation": ("sigmoid",)})
        without = {"use_bias": _NO} if kind["kind"] == "LSTM" else {"use_bias": _NO, "use_recurrent_bias": _NO}
        some = {"activation": ("tanh", "relu"), "recurrent_activation": ("sigmoid", "hard_sigmoid")}
        found.append(dict(kind) | without | some | {"unroll": _EITHER, "dtype": ("float64", "float32")})
    return found
