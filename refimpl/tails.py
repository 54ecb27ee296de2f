"""How improbable a number so many deviations off is, where the deviation is itself an estimate."""

from __future__ import annotations

import math


def two_sided(deviations: float, freedom: float) -> float:
    """``P(|t| >= deviations)`` of Student's t distribution with that many degrees of freedom.

    It is the incomplete beta function ``I_x(ν/2, 1/2)`` at ``x = ν / (ν + t²)`` (NIST DLMF 8.17), by its continued
    fraction (8.17.22).
    """
    if not deviations < math.inf:
        return 0.0
    a, b, x = freedom / 2, 0.5, freedom / (freedom + deviations * deviations)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(b, a, 1 - x)
    return _beta(a, b, x)


def deviations_at(probability: float, freedom: float) -> float:
    """The inverse of `two_sided`, by bisection: how many deviations have that probability."""
    low, high = 0.0, 1.0
    while two_sided(high, freedom) > probability:
        high *= 2
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if two_sided(middle, freedom) > probability else (low, middle)
    return high


def _beta(a: float, b: float, x: float) -> float:
    if x <= 0:
        return 0.0
    log = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return min(1.0, math.exp(log) / a * _fraction(a, b, x))


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction, by the method of W. J. Lentz (Applied Optics 15, 1976)."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / (1 + term * d)
            c = 1 + term / c
            found *= c * d
        if abs(c * d - 1) < 1e-12:
            break
    return found
