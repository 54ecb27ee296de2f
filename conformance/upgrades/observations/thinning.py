"""What a record keeps of answers at real sizes: some hundred numbers of each array, and a digest of every bit."""

from __future__ import annotations

import hashlib

import numpy as np

from ...common.deferred import Deferred
from ...contract import Array, Quantities
from ...judging.expected import Expected

_KEPT = 200  # numbers of an array


def thinned(values: Quantities) -> dict[str, Array]:
    """Some numbers of each array, evenly spread over it, as one dimension."""
    return {name: _thinned(np.asarray(value)) for name, value in values.items()}


def thinned_expectation(expected: Expected) -> Expected:
    """What is expected of the numbers that `thinned` keeps."""

    def of(whole: Quantities) -> Quantities:
        return Deferred(whole, lambda: thinned(whole))

    return Expected(
        thinned(expected.values),
        of(expected.bounds),
        expected.dtype,
        of(expected.deviations),
        of(expected.refined),
        expected.smooth,
        lost=expected.lost,
    )


def digest_of_bits(values: Quantities) -> str:
    """A digest of every array: its name, dtype, shape and bits."""
    found = hashlib.sha256()
    for name, value in sorted(values.items()):
        array = np.ascontiguousarray(value)
        found.update(f"{name} {array.dtype.name} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()[:24]


def _thinned(array: Array) -> Array:
    flat = array.reshape(-1)
    return flat[:: max(1, flat.size // _KEPT)]
