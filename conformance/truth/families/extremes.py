"""Families at the edges: large and small magnitudes, many steps, and steps that multiply every error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .building import ORDINARY, Magnitudes, Sizes, make_case
from .seeded_numbers import GENERATOR, SeededNumbers
from .uncertified import UncertifiedCase, UncertifiedFamily

_PROVENANCE = f"Magnitudes chosen for the family, numbers from {GENERATOR}; certified in ball arithmetic."
_KINDS = ("simple-rnn", "lstm", "gru-after", "gru-before")
_SMOOTH = ("tanh", "sigmoid")
_EVERYTHING = ("outputs", "h", "c")


def extreme_families() -> Iterator[UncertifiedFamily]:
    yield saturating()
    yield tiny()
    yield subnormal()
    yield long()
    yield chaotic()


def saturating() -> UncertifiedFamily:
    """Pre-activations up to some hundreds: gates at 0 or 1 to many digits, slopes that all but vanish."""
    pairs = (_SMOOTH, ("sigmoid", "tanh"), ("hard_sigmoid", "hard_sigmoid_keras2"), ("tanh", "hard_sigmoid"))
    magnitudes = (
        Magnitudes(kernel=40.0, recurrent_kernel=40.0, bias=10.0, x=2.0, state=0.9),
        Magnitudes(kernel=6.0, recurrent_kernel=6.0, bias=4.0, x=3.0, state=3.0),
    )
    drafts = [
        _draft(f"{kind}-{'-'.join(names)}-{name}", kind, names, (2, 5, 4, 3), magnitude, flags=("saturating",))
        for kind in _KINDS
        for names in pairs
        for name, magnitude in zip(("far", "near"), magnitudes, strict=True)
    ]
    text = "Gates that are 0 or 1 to many digits, and slopes that all but vanish."
    return UncertifiedFamily(
        "saturating",
        text,
        {"saturating": "Pre-activations are large: a naive exp overflows, 1 - y*y cancels."},
        tuple(drafts),
        _PROVENANCE,
    )


def tiny() -> UncertifiedFamily:
    """Magnitudes at which tanh(x) is x to all digits, and those whose products leave the range of float64."""
    drafts = [
        _draft(
            f"{kind}-{'-'.join(names)}-{power}",
            kind,
            names,
            (2, 4, 1, 3),
            Magnitudes(kernel=m, recurrent_kernel=0.8, bias=m, x=1.0, state=m, cotangent=cotangent),
            flags=("tiny",),
        )
        for kind in _KINDS
        for names in (_SMOOTH, ("linear", "linear"))
        for power, m, cotangent in (("1e-12", 1e-12, 1.0), ("1e-150", 1e-150, 1e-6))
    ]
    text = "Values of 1e-12 and of 1e-150: what is small must not be taken for zero."
    flags = {"tiny": "Some arrays are tiny; products of two of them may round to zero."}
    return UncertifiedFamily("tiny", text, flags, tuple(drafts), _PROVENANCE)


def subnormal() -> UncertifiedFamily:
    """Results that only a subnormal number can hold: by small products, by closed gates, by small cotangents."""
    product = Magnitudes(kernel=3e-155, recurrent_kernel=0.8, x=3e-155, state=2e-309)
    closed = Magnitudes(bias=4.0, bias_centre=-728.0, state=0.7, cotangent=1.0)
    cotangent = Magnitudes(cotangent=3e-309)
    drafts = []
    for kind in _KINDS:
        for activation in ("tanh", "linear"):
            names, biases = (activation, "sigmoid"), {"use_bias": False, "use_recurrent_bias": False}
            drafts.append(_draft(f"{kind}-{activation}-products", kind, names, (2, 4, 1, 3), product, biases))
        names = ("sigmoid", "sigmoid")
        drafts.append(_draft(f"{kind}-closed-gates", kind, names, (2, 4, 1, 3), closed))
        drafts.append(_draft(f"{kind}-cotangents", kind, _SMOOTH, (2, 4, 1, 3), cotangent))
    text = "Results below 2.2e-308, which only subnormal numbers can hold."
    flags = {"subnormal": "Some expected values are subnormal: hardware that flushes them to zero is off."}
    return UncertifiedFamily("subnormal", text, flags, _flagged(drafts, "subnormal"), _PROVENANCE)


def long() -> UncertifiedFamily:
    """200 steps, plain and with a mask in reverse."""
    drafts = []
    for kind in _KINDS:
        drafts.append(_draft(f"{kind}-200", kind, _SMOOTH, (1, 200, 2, 3), ORDINARY))
        values = SeededNumbers(f"long/{kind}/mask")
        mask = np.array([[values.chance(0.8) for _ in range(200)]])
        drafts.append(
            _draft(f"{kind}-200-masked-reverse", kind, _SMOOTH, (1, 200, 2, 3), ORDINARY, mask=mask, reverse=True)
        )
    text = "200 steps: what accumulates over time, plain and with a mask in reverse."
    return UncertifiedFamily("long", text, {"long": "200 steps."}, _flagged(drafts, "long"), _PROVENANCE)


def chaotic() -> UncertifiedFamily:
    """Recurrences that multiply an error at every step, so that few digits or none survive in float64."""
    magnitudes = {
        "simple-rnn": Magnitudes(recurrent_kernel=4.0, bias=0.1, kernel=0.1),
        "lstm": Magnitudes(recurrent_kernel=14.0, bias=0.5, kernel=0.5),
        "gru-after": Magnitudes(recurrent_kernel=10.0, bias=0.5, kernel=0.5),
        "gru-before": Magnitudes(recurrent_kernel=10.0, bias=0.5, kernel=0.5),
    }
    drafts = [
        _draft(f"{kind}-{seed}", kind, _SMOOTH, (1, 100, 2, 8), magnitudes[kind], cotangents=("h",), seed=seed)
        for kind in _KINDS
        for seed in CHAOTIC_SEEDS[kind]
    ]
    text = "Recurrences that multiply every error, step by step: the exact result exists, few digits survive."
    flags = {"chaotic": "An error of one rounding at the first step changes the leading digits of the last."}
    return UncertifiedFamily("chaotic", text, flags, _flagged(drafts, "chaotic"), _PROVENANCE)


CHAOTIC_SEEDS: Mapping[str, tuple[int, ...]] = {
    "simple-rnn": (42, 457),
    "lstm": (37, 28),
    "gru-after": (180, 134),
    "gru-before": (97, 126),
}
"""The most chaotic of some hundreds: a change of the initial state grows more than 1e15 times."""


def _draft(
    name: str,
    kind: str,
    activations: tuple[str, str],
    sizes: Sizes,
    magnitudes: Magnitudes,
    biases: Mapping[str, Any] | None = None,
    *,
    flags: tuple[str, ...] = (),
    cotangents: tuple[str, ...] = _EVERYTHING,
    seed: int = 0,
    **sequence: Any,
) -> UncertifiedCase:
    options = {"activation": activations[0]} | dict(biases or {})
    if kind != "simple-rnn":
        options["recurrent_activation"] = activations[1]
    case = make_case(
        kind,
        options,
        sizes,
        SeededNumbers(f"extremes/{name}/{seed}"),
        initial=True,
        cotangents=cotangents,
        magnitudes=magnitudes,
        **sequence,
    )
    return UncertifiedCase(name.replace("_", "-"), case, flags)


def _flagged(drafts: list[UncertifiedCase], flag: str) -> tuple[UncertifiedCase, ...]:
    return tuple(UncertifiedCase(draft.id, draft.case, (flag,), draft.note) for draft in drafts)
