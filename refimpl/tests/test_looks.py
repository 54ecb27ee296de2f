"""A closer look is taken where it decides something."""

from __future__ import annotations

from .. import LSTM, compare
from ..comparing import LIMIT
from ..looks import CLOSEST, Looks
from ..precision import Precision
from ..sampling import moments
from ..tails import deviations_at
from .support import run
from .test_spread import ordinary


def test_a_number_just_within_its_limit_is_settled_by_more_samples() -> None:
    """The more samples, the nearer the limit: how large a deviation is is less in doubt."""
    e = ordinary(LSTM(6, 9), 0)
    wide = run(e)
    first = sum(Looks(wide, Precision.of("float32"), (None, None), gradients=False).counts[:2])
    found = moments(wide, "float32", gradients=False, samples=CLOSEST, first=first, careful=True)["outputs"]
    limit = deviations_at(LIMIT / wide.outputs.size, CLOSEST)
    for share, agrees in ((0.6, True), (0.98, False)):
        got = wide.outputs.copy()
        got[2, 3, 4] += share * limit * found.deviation[2, 3, 4]
        assert compare(wide, outputs=got).agrees is agrees, share
