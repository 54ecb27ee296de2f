"""The cells as the frameworks have them, in many sizes: where implementations are compared on equal terms."""

from __future__ import annotations

from .building import ORDINARY, SIZES, Magnitudes, make_case
from .seeded_numbers import GENERATOR, SeededNumbers
from .uncertified import UncertifiedCase, UncertifiedFamily

_BIASES = {  # PyTorch has both or none, Keras one or none; a GRU that resets after has both or none in both
    "simple-rnn": ((True, True), (True, False), (False, False)),
    "lstm": ((True, True), (True, False), (False, False)),
    "gru-after": ((True, True), (False, False)),
    "gru-before": ((True, False), (False, False)),
}
_WORDS = {(True, True): "two-biases", (True, False): "one-bias", (False, False): "no-bias"}
_MAGNITUDES = (ORDINARY, Magnitudes(kernel=0.3, recurrent_kernel=0.3, bias=0.3, x=2.0), Magnitudes(kernel=2.0, x=1.5))
_MORE_SIZES = ((2, 12, 5, 7), (1, 30, 3, 6))


def standard() -> UncertifiedFamily:
    drafts = []
    for kind, biases in _BIASES.items():
        for bias in biases:
            options = {"activation": "tanh", "use_bias": bias[0], "use_recurrent_bias": bias[1]}
            for k, sizes in enumerate(SIZES + _MORE_SIZES):
                name = f"{kind}-{_WORDS[bias]}-{k}"
                case = make_case(
                    kind,
                    options,
                    sizes,
                    SeededNumbers(f"standard/{kind}/{k}"),  # the same numbers for each pair of biases
                    initial=True,
                    cotangents=("outputs", "h", "c"),
                    magnitudes=_MAGNITUDES[k % 3],
                )
                drafts.append(UncertifiedCase(name, case))
    return UncertifiedFamily(
        "standard",
        "tanh and sigmoid, all arrays given, with the biases that frameworks have, in nine sizes: what PyTorch and "
        "Keras can all run.",
        {},
        tuple(drafts),
        f"Numbers from {GENERATOR}; certified in ball arithmetic.",
    )
