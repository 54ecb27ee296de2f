"""What all errors of an answer have in common, beside what those of each sample have (`refimpl.leaning`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from refimpl.leaning import some_of, sums

from ..contract import Array
from .expected import Expected


def in_common(expected: Expected, name: str, got: Any) -> Array | None:
    """The errors' own sums beside those of each sample; None where these say nothing."""
    if name not in expected.many or not expected.many[name].any():
        return None
    value, some = expected.values[name].ravel(), some_of(expected.values[name].size)
    error = np.asarray(got, np.float64).ravel()[some] - value[some]
    (own,) = sums(error[None], value[some], np.square(expected.deviations[name].ravel()[some]))
    return np.concatenate([own, expected.many[name]], axis=1)


def in_common_of(found: Iterable[Array | None]) -> tuple[list[list[float]], int]:
    """The sums over some quantities of a case, and their variances by the samples, ``(2, 3)``; and how many samples.

    found   what `in_common` gave for each
    """
    parts = [each for each in found if each is not None]
    if not parts:
        return [[0.0] * 3, [0.0] * 3], 0
    samples = min(part.shape[1] - 1 for part in parts)  # gradients of large kernels are made of every so manyth
    total = np.zeros((3, 1 + samples))
    for part in parts:
        own, of_samples = part[:, :1], part[:, 1:]
        total += np.concatenate([own, of_samples[:, :: -(-of_samples.shape[1] // samples)][:, :samples]], axis=1)
    return [total[:, 0].tolist(), np.square(total[:, 1:]).mean(axis=1).tolist()], samples
