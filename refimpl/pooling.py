"""Variances estimated from few samples, drawn together: what numbers have in common steadies each of them.

The variance of one number from S samples is uncertain by ``sqrt(2/S)``, 40 % from a dozen. The logarithm of such an
estimate is off by nearly the same everywhere (``ψ'(S/2)`` is its variance), so an additive model can be fitted to it:
one term for each row and step, one for each unit. What is left over and is more than the estimates' own variance says
how much the numbers differ in truth; between model and estimate each number then stands where the two uncertainties
put it; but never further below its own estimate than `_BELOW` of that estimate's uncertainties, since some numbers are
off by far more than their neighbours: those of which a difference cancels.
That is the empirical Bayes estimate of G. K. Smyth (Statistical Applications in Genetics and Molecular Biology 3,
2004), with a normal prior for the logarithm (as in H. Robbins, Proc. 3rd Berkeley Symposium, 1956), and with the limit
of B. Efron and C. Morris (Journal of the American Statistical Association 67, 1972).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from .arrays import Array

_FEW = 4
"""Rows, or units, fewer than which say nothing of one another."""
_BELOW = 2.0


def together(variances: dict[str, Array], samples: int, of_params: int, unit: float) -> dict[str, Array]:
    """Deviations, in multiples of ``unit``, of a run's quantities, from their variances by name.

    Those that have their rows, or their units, in common are `pooled` together.

    A cell's outputs and gates have rows and steps in common; its kernels and biases have units. ``of_params`` is how
    many samples the gradients of parameters were made of.
    """
    groups: dict[tuple[object, ...], list[str]] = {}
    for name, variance in variances.items():
        family, _, which = name.partition(".")
        shared = variance.shape[-1] if family == "d_params" else variance.shape[:-1]
        family = "gates" if family == "outputs" else family
        groups.setdefault((family, which.rpartition(".")[0], shared), []).append(name)
    found = dict(variances)
    for key, names in groups.items():
        by_unit = key[0] == "d_params"
        parts = [variances[name].reshape(_rows(variances[name].shape), variances[name].shape[-1]) for name in names]
        whole = pooled(
            np.concatenate(parts, axis=0 if by_unit else 1) if len(parts) > 1 else parts[0],
            of_params if by_unit else samples,
        )
        with np.errstate(all="ignore"):
            whole = unit * np.sqrt(whole)
        whole[np.isnan(whole)] = np.inf
        end = 0
        for name, part in zip(names, parts, strict=True):
            begin, end = end, end + part.shape[0 if by_unit else 1]
            its = whole[begin:end] if by_unit else whole[:, begin:end]
            found[name] = its.reshape(variances[name].shape)
    return found


def _rows(shape: tuple[int, ...]) -> int:
    """How many rows an array has, all axes but the last being one; NumPy cannot tell where a size is 0."""
    return math.prod(shape[:-1])


def pooled(variance: Array, samples: int) -> Array:
    """Estimates of the same variances, ``(rows, units)``, each from so many samples; 0 and infinity stay."""
    own, bias = _of_logarithm(samples)
    with np.errstate(all="ignore"):
        log = np.log(variance)
    known = np.isfinite(log)
    count = int(np.count_nonzero(known))
    if count < _FEW:
        return variance
    fitted, free = _fitted(log, None if count == log.size else known)
    if free < _FEW:
        return variance
    rest = log - fitted
    if count < log.size:
        rest[~known] = 0.0
    left = float(np.vdot(rest, rest)) / free
    rest *= 1 - own / max(left, own)  # how much is to be believed of what the model does not say
    rest += fitted
    rest = np.where(known, np.maximum(rest, log - _BELOW * math.sqrt(own)), rest)
    rest -= bias
    found = np.exp(rest)
    return found if count == log.size else np.where(known, found, variance)


def _fitted(log: Array, known: Array | None) -> tuple[Array, float]:
    """An additive model of rows and columns, by sweeps of means; and how many numbers it leaves free."""
    axes = [axis for axis in (0, 1) if log.shape[axis] >= _FEW]
    if known is None:  # one sweep is exact
        means = [np.add.reduce(log, axis=axis, keepdims=True) / log.shape[axis] for axis in axes]
        fitted = sum(means) + (1 - len(axes)) * (np.add.reduce(log, axis=None) / log.size)
        return fitted, float(log.size - sum(log.shape[1 - axis] for axis in axes) + len(axes) - 1)
    weights, total = known.astype(np.float64), float(np.count_nonzero(known))
    rows = np.where(known, log, 0.0)
    fitted = np.full(log.shape, rows.sum() / total)
    for axis in axes * 3:
        counts = weights.sum(axis=axis, keepdims=True)
        fitted = fitted + (weights * (rows - fitted)).sum(axis=axis, keepdims=True) / np.maximum(counts, 1)
    used = sum(int(np.count_nonzero(weights.sum(axis=axis))) for axis in axes)
    return fitted, total - used + len(axes) - 1


@cache
def _of_logarithm(samples: int) -> tuple[float, float]:
    """The variance of the logarithm of an estimated variance, and its mean: ``ψ'(S/2)``, ``ψ(S/2) - ln(S/2)``.

    By recurrence and the asymptotic series (NIST DLMF 5.5.2, 5.11.2, 5.15.8).
    """
    x, digamma, trigamma = samples / 2, 0.0, 0.0
    while x < 6:
        digamma, trigamma, x = digamma - 1 / x, trigamma + 1 / x**2, x + 1
    digamma += math.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4)
    trigamma += 1 / x + 1 / (2 * x**2) + 1 / (6 * x**3) - 1 / (30 * x**5)
    return trigamma, digamma - math.log(samples / 2)
