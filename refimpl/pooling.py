"""Variances estimated from few samples, drawn together: what numbers of one array have in common steadies each of them.

The variance of one number from S samples is uncertain by ``sqrt(2/S)``, 40 % from a dozen. The logarithm of such an
estimate is off by nearly the same everywhere (``ψ'(S/2)`` is its variance), so an additive model can be fitted to it: one
term for each row and step, one for each unit. What is left over and is more than the estimates' own variance says how
much the numbers differ in truth; between model and estimate each number then stands where the two uncertainties put it.
That is the empirical Bayes estimate of G. K. Smyth (Statistical Applications in Genetics and Molecular Biology 3,
2004), with a normal prior for the logarithm (as in H. Robbins, Proc. 3rd Berkeley Symposium, 1956).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .activations import Array

_FEW = 4
"""Rows, or units, fewer than which say nothing of one another."""


def together(variances: dict[str, Array], samples: int) -> dict[str, Array]:
    """`pooled` of the quantities of a run, by name; those that have their rows, or their units, in common together.

    A cell's outputs and gates have rows and steps in common; its kernels and biases have units.
    """
    groups: dict[tuple[Any, ...], list[str]] = {}
    for name, variance in variances.items():
        family, _, which = name.partition(".")
        cell = which.rpartition(".")[0]
        shared = variance.shape[-1] if family == "d_params" else variance.shape[:-1]
        groups.setdefault(("gates" if family == "outputs" else family, cell, shared), []).append(name)
    found: dict[str, Array] = {}
    for (family, _, _), names in groups.items():
        axis = 0 if family == "d_params" else 1
        parts = [np.atleast_1d(variances[n]).reshape(-1, variances[n].shape[-1]) for n in names]
        whole = pooled(np.concatenate(parts, axis=axis) if len(parts) > 1 else parts[0], samples)
        cuts = np.cumsum([part.shape[axis] for part in parts])[:-1]
        for name, part in zip(names, np.split(whole, cuts, axis=axis), strict=True):
            found[name] = part.reshape(variances[name].shape)
    return {name: found[name] for name in variances}


def pooled(variance: Array, samples: int) -> Array:
    """Estimates of the same variances, of ``(…, units)``, each from so many samples; 0 and infinity stay what they are."""
    known = (variance > 0) & np.isfinite(variance)
    if samples < 2 or known.sum() < _FEW:
        return variance
    own, bias = _trigamma(samples / 2), _digamma(samples / 2) - math.log(samples / 2)
    log = np.log(np.where(known, variance, 1.0)) - bias
    rows = log.reshape(-1, log.shape[-1]) if log.ndim > 1 else log.reshape(-1, 1)
    weights = known.reshape(rows.shape).astype(np.float64)
    fitted, free = _fitted(rows, weights)
    if free < _FEW:
        return variance
    left = (weights * (rows - fitted) ** 2).sum() / free
    share = own / max(left, own)  # of the model
    found = np.exp(fitted + (1 - share) * (rows - fitted)).reshape(variance.shape)
    return np.where(known, found, variance)


def _fitted(rows: Array, weights: Array) -> tuple[Array, float]:
    """An additive model of rows and columns, by two sweeps of means; and how many numbers it leaves free."""
    fitted, free = np.zeros(rows.shape), float(weights.sum())
    axes = [axis for axis in (0, 1) if rows.shape[axis] >= _FEW]
    if not axes:
        return np.full(rows.shape, (weights * rows).sum() / free), free - 1
    for axis in axes * 2:
        counts = weights.sum(axis=axis, keepdims=True)
        fitted = fitted + (weights * (rows - fitted)).sum(axis=axis, keepdims=True) / np.maximum(counts, 1)
    parameters = sum((weights.sum(axis=axis) > 0).sum() for axis in axes) - (len(axes) - 1)
    return fitted, free - float(parameters)


def _digamma(x: float) -> float:
    """``ψ(x)`` for x from 1, by recurrence and its asymptotic series (NIST DLMF 5.5.2, 5.11.2)."""
    shift = 0.0
    while x < 6:
        shift, x = shift - 1 / x, x + 1
    return shift + math.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4)


def _trigamma(x: float) -> float:
    """``ψ'(x)``, likewise."""
    shift = 0.0
    while x < 6:
        shift, x = shift + 1 / x**2, x + 1
    return shift + 1 / x + 1 / (2 * x**2) + 1 / (6 * x**3) - 1 / (30 * x**5)
