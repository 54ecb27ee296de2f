"""Accuracies, as the metrics of `training`: numbers between 0 and 1.

Outputs are finite float64 or float32, of rank 2 or more, with at least one row. Both raise `InvalidArgument` for
another output, and for a target that does not fit it: another shape, no finite real numbers, no class of the output's.
"""

from __future__ import annotations

from typing import Any

from . import checks
from .arrays import Array
from .errors import InvalidArgument


def binary_accuracy(target: Any, output: Array) -> float:
    """The share of elements whose probability is above one half just where the target is; both have one shape."""
    output = _outputs(output)
    target = checks.real_numbers("target", target, output.shape)
    return float(((output > 0.5) == (target > 0.5)).mean())


def categorical_accuracy(target: Any, output: Array) -> float:
    """The share of rows whose greatest output is the right class; targets are classes, or one-hot rows."""
    output = _outputs(output)
    target = checks.as_array("target", target)
    if target.ndim == output.ndim:
        right = checks.real_numbers("target", target, output.shape).argmax(axis=-1)
    else:
        right = checks.classes("target", target, output.shape[:-1], output.shape[-1])
    return float((output.argmax(axis=-1) == right).mean())


def _outputs(output: Any) -> Array:
    found = checks.floats("output", output, least_rank=2, objects=False)
    if not found.size:
        raise InvalidArgument("output", expected="at least one row", got=checks.described(found))
    return found
