"""Faults in how dropout is drawn; where its factors are given, all of these are right."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import numpy as np

from ....contract import Array, Case
from ..cell_equations import LayerDirection
from ..layer import Textbook


class DropsTheKeptShare(Textbook):
    """The rate is taken for the share that is kept."""

    def draw(self, rng: np.random.Generator, name: str, factors: Array) -> Array:
        scale = factors.max()
        return np.asarray(np.where(rng.random(factors.shape) < 1 - 1 / scale, scale, 0), factors.dtype)


class DropsTooManyByATenth(Textbook):
    """One in three is dropped where it is to be one in four."""

    def draw(self, rng: np.random.Generator, name: str, factors: Array) -> Array:
        scale = factors.max()
        return np.asarray(np.where(rng.random(factors.shape) < 1 / scale - 1 / 12, scale, 0), factors.dtype)


class DrawnWithoutScale(Textbook):
    """What is kept is not multiplied by 1 / (1 - rate)."""

    def draw(self, rng: np.random.Generator, name: str, factors: Array) -> Array:
        return np.asarray(super().draw(rng, name, factors) != 0, factors.dtype)


class DrawnOnce(Textbook):
    """What the first call draws is used in each call: https://github.com/tensorflow/tensorflow/issues/29391"""

    def drawing(self, case: Case, seed: int) -> Callable[[], dict[str, Array]]:
        drawn = {name: self.draw(np.random.default_rng(seed), name, f) for name, f in (case.dropout or {}).items()}
        return lambda: self.observe(case.replace(dropout=drawn))


class DrawnForOneRow(Textbook):
    """All rows share what is drawn for one."""

    def draw(self, rng: np.random.Generator, name: str, factors: Array) -> Array:
        row = -3 if name.endswith("between") else -2
        return np.broadcast_to(super().draw(rng, name, factors).take([0], row), factors.shape).copy()


class DrawnForOneUnit(Textbook):
    """All units share what is drawn for one."""

    def draw(self, rng: np.random.Generator, name: str, factors: Array) -> Array:
        return np.broadcast_to(super().draw(rng, name, factors)[..., :1], factors.shape).copy()


class DrawnForOneGate(Textbook):
    """All gates share what is drawn for one, where each is to have its own."""

    def draw(self, rng: np.random.Generator, name: str, factors: Array) -> Array:
        drawn = super().draw(rng, name, factors)
        shared = drawn.ndim == 3 and not name.endswith("between")
        return np.broadcast_to(drawn[:1], factors.shape).copy() if shared else drawn


class DrawnForOneStep(Textbook):
    """Between layers all steps share what is drawn for one."""

    def draw(self, rng: np.random.Generator, name: str, factors: Array) -> Array:
        drawn = super().draw(rng, name, factors)
        return np.broadcast_to(drawn[:, :1], factors.shape).copy() if name.endswith("between") else drawn


class DrawnForOneLayer(Textbook):
    """Of three layers the second and the third share what is drawn for one."""

    def drawing(self, case: Case, seed: int) -> Callable[[], dict[str, Array]]:
        rng = np.random.default_rng(seed)

        def call() -> dict[str, Array]:
            drawn = {name: self.draw(rng, name, f) for name, f in (case.dropout or {}).items()}
            shared = {name: drawn["l1.between"] if name.endswith("between") else f for name, f in drawn.items()}
            return self.observe(case.replace(dropout=shared))

        return call


class DrawnAnewWithinASequence(Textbook):
    """What is to hold for a whole sequence is drawn for each step: https://github.com/tensorflow/tensorflow/issues/38922"""

    draws = False

    def drawing(self, case: Case, seed: int) -> Callable[[], dict[str, Array]]:
        self.draws = True
        return super().drawing(case, seed)

    def factors(self, at: LayerDirection, t: int, name: str) -> Array | None:
        found = super().factors(at, t, name)
        return np.roll(found, t, axis=-1) if found is not None and self.draws else found


class NeverDrawn(Textbook):
    """The rate is taken and never looked at: https://github.com/keras-team/keras/pull/19397"""

    def drawing(self, case: Case, seed: int) -> Callable[[], dict[str, Array]]:
        return lambda: self.observe(case.replace(dropout=None))


class DrawnFromNoSeed(Textbook):
    """What is drawn does not depend on the seed, but on how often it was drawn before."""

    drawn = count()

    def drawing(self, case: Case, seed: int) -> Callable[[], dict[str, Array]]:
        return super().drawing(case, next(self.drawn))


class DrawnFromOneSeed(Textbook):
    """Whatever the seed is, the same is drawn."""

    def drawing(self, case: Case, seed: int) -> Callable[[], dict[str, Array]]:
        return super().drawing(case, 0)
