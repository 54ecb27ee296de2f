"""Implementations whose every number is well within its tolerance, and whose errors as a whole are not by chance."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from conformance.contract import Case, family_of
from conformance.judging.expected import expect
from conformance.tests.support.planted_faults import Sound


class Erring(Sound):
    """Errs at random in every output, by half a deviation in the mean, as faithful implementations do.

    lean      what all outputs are off beside that, in deviations
    outward   the same, away from 0
    size      how many deviations the error at random is
    """

    name = "erring"
    dtypes = ("float32",)
    lean, outward, size = 0.0, 0.0, 0.5

    def observe(self, case: Case) -> dict[str, Any]:
        expected = expect(case)
        found: dict[str, Any] = {}
        for name, value in expected.values.items():
            if family_of(name) != "outputs":
                continue
            rng = np.random.default_rng(zlib.crc32(value.tobytes()))
            off = self.size * rng.uniform(-(3**0.5), 3**0.5, value.shape)
            off += self.lean + self.outward * np.sign(value)
            off *= not (value.astype(np.float32) == value).all()  # the hand-sized cases are exact
            off *= value != 0  # as relu's are
            found[name] = (value + off * np.nan_to_num(expected.deviations[name], posinf=0.0)).astype(np.float32)
        return found


class Leaning(Erring):
    """All outputs are 0.3 deviations too large."""

    name = "leaning"
    lean = 0.3


class Inflating(Erring):
    """All outputs are 0.3 deviations too far from 0."""

    name = "inflating"
    outward = 0.3


class Coarse(Erring):
    """The errors are half as large again as the declared arithmetic makes them."""

    name = "coarse errors"
    size = 1.5
