"""The gate through which every argument passes before any arithmetic.

A check takes the argument's name and what came, and returns it as the oracle computes with it: a plain `int`, `float`,
`bool` or `str`, an array; or it raises `InvalidArgument`. A function calls its checks first. A dataclass lists them in
``__post_init__`` by `fields`, one for each of its fields.
"""

from .arrays import (
    MOST_NUMBERS,
    array,
    as_array,
    carries_its_own_arithmetic,
    classes,
    fits_in_memory,
    floats,
    real_numbers,
    shaped,
    weights,
)
from .collections import mapping, named_floats, names, sequence, shaped_arrays, some_of
from .fields import Check, at_least, between, fields, function, has, instance, integer, optional, word
from .runs import dropout, mask, parameters, state
from .scalars import count, dtype, flag, generator, number, one_of, positive, size, text
from .words import described, described_tuple

__all__ = [
    "MOST_NUMBERS",
    "Check",
    "array",
    "as_array",
    "at_least",
    "between",
    "carries_its_own_arithmetic",
    "classes",
    "count",
    "described",
    "described_tuple",
    "dropout",
    "dtype",
    "fields",
    "fits_in_memory",
    "flag",
    "floats",
    "function",
    "generator",
    "has",
    "instance",
    "integer",
    "mapping",
    "mask",
    "named_floats",
    "names",
    "number",
    "one_of",
    "optional",
    "parameters",
    "positive",
    "real_numbers",
    "sequence",
    "shaped",
    "shaped_arrays",
    "size",
    "some_of",
    "state",
    "text",
    "weights",
    "word",
]
