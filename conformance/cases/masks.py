"""Random masks and lengths of each kind that `option_space` names, and which steps they leave."""

from __future__ import annotations

import numpy as np

from ..contract import Array


def random_mask(kind: str, rng: np.random.Generator, batch: int, time: int) -> Array | None:
    """A mask of exactly that kind, ``(batch, time)``; None for "none".

    full    no step is masked
    right   the last steps of rows are masked: in some row at least one step, in no row all
    left    the same of the first steps
    holes   in some row a step between two others is masked, in no row all are
    rows    some row is masked wholly, but not every row where there are two
    """
    if kind == "none":
        return None
    if kind == "full":
        return np.ones((batch, time), bool)
    steps = np.arange(time)
    lengths = rng.integers(1, time, batch, endpoint=True)
    short = rng.integers(batch)
    if kind in ("right", "left"):
        lengths[short] = rng.integers(1, time)
        right = np.asarray(steps < lengths[:, None])
        return right if kind == "right" else right[:, ::-1].copy()
    mask = rng.random((batch, time)) < 0.6
    for row in np.flatnonzero(~mask.any(axis=1)):
        mask[row, rng.integers(time)] = True
    if kind == "holes":
        first, hole, last = np.sort(rng.choice(time, 3, replace=False))
        mask[short, [first, last]], mask[short, hole] = True, False
    elif kind == "rows":
        mask[short] = False
        mask[(short + 1) % batch, rng.integers(time)] |= batch > 1
    else:
        raise ValueError(f"mask: expected none, full, right, left, holes or rows, got {kind!r}")
    return np.asarray(mask)


def random_lengths(kind: str, rng: np.random.Generator, batch: int, time: int) -> Array | None:
    """Lengths of exactly that kind, ``(batch,)``; None for "none".

    sorted     the longest row comes first; none has length zero
    unsorted   some row is shorter than the next; none has length zero
    zero       some row has length zero, but not every row where there are two
    """
    if kind == "none":
        return None
    lengths = rng.integers(1, time, batch, endpoint=True)
    if kind == "sorted":
        lengths = np.sort(lengths)[::-1].copy()
    elif kind == "unsorted":
        shorter = rng.integers(batch - 1)
        lengths[shorter + 1] = rng.integers(2, time, endpoint=True)
        lengths[shorter] = rng.integers(1, lengths[shorter + 1])
    elif kind == "zero":
        lengths[rng.integers(batch)] = 0
    else:
        raise ValueError(f"lengths: expected none, sorted, unsorted or zero, got {kind!r}")
    return lengths.astype(np.int64)


def unmasked_steps(mask: Array | None, lengths: Array | None, time: int) -> Array | None:
    """Which steps count, ``(batch, time)``; None where all do."""
    if lengths is not None:
        return np.asarray(np.arange(time) < lengths[:, None])
    return mask
