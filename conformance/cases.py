"""The noun that the suite begins with: a Case, its options by name, and the names of what comes of it.

Every number of a case has a quantity's name and an index. The quantities, in families:

==============  ===================================================================
family          quantities
==============  ===================================================================
outputs         ``outputs``
state           ``state.h``, ``state.c``
gates           ``gates.i`` and so on, by the names in the cell's docstring
gradients       ``d_params.kernel`` and so on, ``d_x``, ``d_initial_state.h``, …
==============  ===================================================================

The gradients are those of ``sum(d_outputs * outputs) + sum(d_state * state)``. In a stack of layers the names after the
family carry the layer's and direction's prefix, as in `refimpl.stack`: ``state.l1.h``, ``d_params.l0_reverse.kernel``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import refimpl as ri
from refimpl.stack import named_cells

Array = NDArray[Any]
Quantities = Mapping[str, Array]

CELLS: dict[str, Any] = {"SimpleRNN": ri.SimpleRNN, "LSTM": ri.LSTM, "GRU": ri.GRU}
FAMILIES = ("outputs", "state", "gates", "gradients")


def family_of(quantity: str) -> str:
    """The family that a quantity belongs to."""
    head = quantity.split(".")[0]
    return "gradients" if head.startswith("d_") else head


@dataclass(frozen=True)
class Case:
    """One run of one recurrent layer, or of a stack of them: its options, and every array that goes in.

    cell            a cell or a `refimpl.Stack`
    params          parameter name to array, in ``cell.parameter_shapes``
    x               ``(batch, time, input)``; its dtype is the case's working precision
    initial_state   a tuple of ``(batch, size)``, or None for the layer's default, zeros
    d_outputs       cotangent of the outputs, in their shape, or None for zeros
    d_state         a tuple of cotangents of the final state, each ``(batch, size)`` or None for zeros
    mask, lengths, reverse, masked_output, output_order, return_sequences, dropout    as in `refimpl.forward`
    how             the implementation's own options: how its layer is built and called, which changes no number
    """

    cell: Any
    params: Quantities
    x: Array
    initial_state: tuple[Array, ...] | None = None
    d_outputs: Array | None = None
    d_state: tuple[Array | None, ...] | None = None
    mask: Array | None = None
    lengths: Array | None = None
    reverse: bool = False
    masked_output: str = "repeat"
    output_order: str = "original"
    return_sequences: bool = True
    dropout: Quantities | None = None
    how: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """``SimpleRNN``, ``LSTM`` or ``GRU``; of a stack, its first cell's."""
        return type(first_cell(self.cell)).__name__

    @property
    def dtype(self) -> np.dtype[Any]:
        """The working precision: that of x."""
        return self.x.dtype

    @property
    def dtype_name(self) -> str:
        """``float64``, ``float32``, ``float16`` or ``bfloat16``."""
        return self.x.dtype.name

    @property
    def state_names(self) -> tuple[str, ...]:
        """The names of the states, in their order."""
        names: tuple[str, ...] = self.cell.state_names
        return names

    @property
    def outputs_shape(self) -> tuple[int, int, int]:
        """The shape of the outputs."""
        batch, time, _ = self.x.shape
        return batch, time if self.return_sequences else 1, self.cell.output_size

    @property
    def wants_gradients(self) -> bool:
        """Whether any cotangent is given."""
        return self.d_outputs is not None or any(d is not None for d in self.d_state or ())

    @property
    def size(self) -> int:
        """How many numbers of the input and of the parameters go in."""
        return self.x.size + sum(array.size for array in self.params.values())

    @property
    def is_plain(self) -> bool:
        """Whether every step of every row counts, first to last, and all of it."""
        options = self.options
        return all(options[name] == value for name, value in PLAIN.items())

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """Every option of the case by name: what coverage and divergences ask for."""
        return options_of(self)

    def initial_state_or_zeros(self) -> tuple[Array, ...]:
        """The initial state, for implementations that have no default of their own."""
        if self.initial_state is not None:
            return self.initial_state
        return tuple(np.zeros((self.x.shape[0], size), self.dtype) for size in self.cell.state_sizes)

    def replace(self, **changes: Any) -> Case:
        """The same case with some fields changed."""
        return dataclasses.replace(self, **changes)

    def map(self, change: Callable[[Array], Array]) -> Case:
        """The same case with every array of numbers put through ``change``; None stays None."""

        def each(arrays: tuple[Array | None, ...] | None) -> Any:
            return None if arrays is None else tuple(None if a is None else change(a) for a in arrays)

        return self.replace(
            params={name: change(value) for name, value in self.params.items()},
            x=change(self.x),
            initial_state=each(self.initial_state),
            d_outputs=None if self.d_outputs is None else change(self.d_outputs),
            d_state=each(self.d_state),
            dropout=None if self.dropout is None else {name: change(f) for name, f in self.dropout.items()},
        )

    def in_dtype(self, dtype: Any) -> Case:
        """The same case rounded to another working precision."""
        with np.errstate(all="ignore"):
            return self.map(lambda array: array.astype(dtype))

    def __repr__(self) -> str:
        batch, time, _ = self.x.shape
        given = [name for name in ("initial_state", "d_outputs", "d_state") if getattr(self, name)
                 is not None]  # fmt: skip
        unusual = {k: v for k, v in self.options.items() if k in PLAIN and v != PLAIN[k]} | dict(self.how)
        more = "".join(f", {name}={value!r}" for name, value in unusual.items())
        return (
            f"{described(self.cell)}, {self.dtype}, batch={batch}, time={time}{more}, "
            f"given: {', '.join(given) or 'neither initial state nor cotangents'}"
        )


PLAIN: Mapping[str, Any] = {
    "layers": 1,
    "direction": "forward",
    "mask": "none",
    "lengths": "none",
    "return_sequences": True,
    "dropout": False,
    "recurrent_dropout": False,
    "between_dropout": False,
}
"""The options of a case in which every step of every row counts, first to last, and all of it."""


def first_cell(cell: Any) -> Any:
    """The cell itself, or the first cell of a stack."""
    return cell.layers[0].cells[0] if isinstance(cell, ri.Stack) else cell


def described(cell: Any) -> str:
    """A cell, or a stack's cells, with the options that are not their defaults."""
    if isinstance(cell, ri.Stack):
        return "Stack(" + ", ".join(f"{where}{described(each)}" for where, each in named_cells(cell)) + ")"
    given = [f for f in dataclasses.fields(cell) if f.name.endswith("put_size") or getattr(cell, f.name) != f.default]
    return f"{type(cell).__name__}({', '.join(f'{f.name}={getattr(cell, f.name)!r}' for f in given)})"


def options_of(case: Case) -> dict[str, Any]:
    """The options of a case by name."""
    layers = case.cell.layers if isinstance(case.cell, ri.Stack) else ()
    cells = layers[0].cells if layers else (case.cell,)
    reversals = layers[0].reversals if layers else (case.reverse,)
    dropout = case.dropout or {}
    return {
        "kind": case.kind,
        "dtype": case.dtype_name,
        **_cell_options(cells[0]),
        "layers": len(layers) or 1,
        "direction": "both" if len(cells) == 2 else "backward" if reversals[0] else "forward",
        "merge": layers[0].merge if len(cells) == 2 else "concat",
        "backward_cell": "alike" if cells[0] == cells[-1] else "different",
        "mask": mask_kind(case.mask),
        "lengths": lengths_kind(case.lengths),
        "masked_output": case.masked_output,
        "output_order": case.output_order,
        "return_sequences": case.return_sequences,
        "initial_state": case.initial_state is not None,
        "dropout": any(name.endswith("input") for name in dropout),
        "recurrent_dropout": any(name.endswith("recurrent") for name in dropout),
        "between_dropout": any(name.endswith("between") for name in dropout),
        "gradients": case.wants_gradients,
        **case.how,
    }


def _cell_options(cell: Any) -> dict[str, Any]:
    """A cell's own options: its fields, where one holds a size or a number whether there is one."""
    options = dict(vars(cell))
    found = {name: options[name] for name in options if name not in ("input_size", "hidden_size", "proj_size")}
    if "proj_size" in options:
        found["projection"] = bool(options["proj_size"])
    for name, without in (("clip", None), ("forget_bias", 0.0)):
        if name in found:
            found[name] = found[name] != without
    return found


def counts_of(case: Case) -> dict[str, str]:
    """How many rows and steps a case has, ``none``, ``one`` or ``many``: some divergences ask for it."""
    return {
        name: ("none", "one")[size] if size < 2 else "many"
        for name, size in zip(("batch", "time"), case.x.shape, strict=False)
    }


def mask_kind(mask: Array | None) -> str:
    """``none``, ``full`` (no step masked), ``rows`` (a row wholly masked), ``right`` (rows end early), ``left`` (rows
    begin late) or ``holes``."""
    if mask is None:
        return "none"
    if mask.all():
        return "full"
    if not mask.any(axis=1).all():
        return "rows"
    if (mask[:, :-1] >= mask[:, 1:]).all():
        return "right"
    return "left" if (mask[:, :-1] <= mask[:, 1:]).all() else "holes"


def lengths_kind(lengths: Array | None) -> str:
    """``none``, ``zero`` (a row of length 0), ``sorted`` (the longest first) or ``unsorted``."""
    if lengths is None:
        return "none"
    if not np.all(lengths):
        return "zero"
    return "sorted" if (np.diff(lengths) <= 0).all() else "unsorted"
