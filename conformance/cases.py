"""The four nouns of the suite: a Case, what is Expected of it, what was Observed, and the Verdict.

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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import refimpl as ri

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
        return self.x.dtype

    @property
    def dtype_name(self) -> str:
        """``float64``, ``float32``, ``float16`` or ``bfloat16``."""
        return self.x.dtype.name

    @property
    def state_names(self) -> tuple[str, ...]:
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
        return "Stack(" + ", ".join(f"{where}{described(each)}" for where, each in cell.named_cells()) + ")"
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


@dataclass(frozen=True)
class Expected:
    """What the oracle says of a case: each quantity's values, the bounds on a faithful deviation, the dtype due.

    Without a dtype, any floating one will do.
    """

    values: Quantities
    bounds: Quantities
    dtype: np.dtype[Any] | None = None


@dataclass(frozen=True)
class Observed:
    """What an implementation returned for a case.

    values    quantity name to array; what the implementation does not expose is left out
    missing   family or quantity to the reason why it is left out
    path      the code path that ran, in the framework's terms
    """

    values: Quantities
    missing: Mapping[str, str] = field(default_factory=dict)
    path: str = ""


def quantities(
    run: ri.AnyRun | ri.rounding.RunBound, gradients: ri.Gradients | None, state_names: tuple[str, ...]
) -> dict[str, Array]:
    """A run and its gradients, or the bounds on them, by quantity name."""
    named = {"outputs": run.outputs}
    named |= {f"state.{n}": part for n, part in zip(state_names, run.state, strict=True)}
    named |= {f"gates.{name}": gate for name, gate in run.gates.items()}
    if gradients is not None:
        named |= {f"d_params.{name}": d for name, d in gradients.params.items()}
        named["d_x"] = gradients.x
        named |= {f"d_initial_state.{n}": d for n, d in zip(state_names, gradients.initial_state, strict=True)}
    return named


def expect(case: Case, precision: Any = None) -> Expected:
    """Asks the oracle, in float64.

    The bounds allow for the rounding of an implementation in ``precision``, by default the case's dtype, and for
    the oracle's own.
    """
    wide = case.in_dtype(np.float64)
    run = run_oracle(wide)
    cotangents = wide.d_outputs, wide.d_state
    gradients = ri.backward(run, *cotangents) if case.wants_gradients else None

    def bounds(dtype: Any) -> dict[str, Array]:
        if gradients is None:
            return quantities(ri.rounding.bound(run, dtype), None, case.state_names)
        return quantities(*ri.rounding.bounds(run, dtype, *cotangents), case.state_names)

    ours, theirs = bounds(np.float64), precision or case.dtype_name
    theirs = ours if theirs == "float64" else bounds(theirs)
    return Expected(
        quantities(run, gradients, case.state_names),
        {name: theirs[name] + ours[name] for name in theirs},
        case.dtype,
    )


def run_oracle(case: Case) -> ri.AnyRun:
    """The oracle's forward run of a case, in the case's own dtype."""
    return ri.forward(
        case.cell,
        case.params,
        case.x,
        case.initial_state,
        case.mask,
        case.lengths,
        case.reverse,
        masked_output=case.masked_output,
        output_order=case.output_order,
        return_sequences=case.return_sequences,
        dropout=case.dropout,
    )


@dataclass(frozen=True)
class Comparison:
    """One quantity of one case: how many numbers were compared, and the worst of them.

    ratio      the greatest ``|got - expected| / bound``; above 1 is a disagreement
    index      where it is
    undecided  numbers whose bound is infinite, so that nothing was compared
    problem    what was wrong before any number could be compared (a shape, a type)
    """

    quantity: str
    numbers: int
    ratio: float
    index: tuple[int, ...] = ()
    expected: float = 0.0
    got: float = 0.0
    bound: float = 0.0
    undecided: int = 0
    problem: str = ""

    @property
    def agrees(self) -> bool:
        return not self.problem and self.ratio <= 1

    def __str__(self) -> str:
        where = self.quantity + (str(list(self.index)) if self.index else "")
        if self.problem:
            return f"{where}: {self.problem}"
        return (
            f"{where}: expected {self.expected!r}, got {self.got!r}, "
            f"off by {abs(self.got - self.expected):.3g}, bound {self.bound:.3g}, ratio {self.ratio:.3g}"
        )


@dataclass(frozen=True)
class Verdict:
    """All comparisons of one case, and what could not be compared and why."""

    comparisons: tuple[Comparison, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    path: str = ""

    @property
    def agrees(self) -> bool:
        """Whether something was compared and all of it agrees."""
        return self.numbers > 0 and all(comparison.agrees for comparison in self.comparisons)

    @property
    def numbers(self) -> int:
        return sum(comparison.numbers for comparison in self.comparisons)

    @cached_property
    def disagreements(self) -> tuple[Comparison, ...]:
        """What does not agree, the worst first."""
        wrong = [comparison for comparison in self.comparisons if not comparison.agrees]
        return tuple(sorted(wrong, key=lambda c: (not c.problem, -c.ratio)))

    def by_family(self) -> Iterator[tuple[str, int, float, int]]:
        """Family, numbers compared, worst ratio, numbers undecided."""
        for family in FAMILIES:
            its = [c for c in self.comparisons if family_of(c.quantity) == family]
            if its:
                yield (
                    family,
                    sum(c.numbers for c in its),
                    max(c.ratio for c in its),
                    sum(c.undecided for c in its),
                )


def compare(quantity: str, expected: Array, bound: Array, got: Any, dtype: Any = None) -> Comparison:
    """Compares one quantity element by element; NaN where a number is due is infinitely wrong.

    With ``dtype``, another dtype is a problem, however good the numbers.
    """
    found = np.asarray(got)
    if found.shape != expected.shape:
        return Comparison(quantity, 0, np.inf, problem=f"expected shape {expected.shape}, got {found.shape}")
    if not (np.issubdtype(found.dtype, np.floating) or found.dtype.name == "bfloat16"):
        return Comparison(quantity, 0, np.inf, problem=f"expected floating-point numbers, got {found.dtype}")
    if dtype is not None and found.dtype != dtype:
        return Comparison(quantity, 0, np.inf, problem=f"expected dtype {dtype}, got {found.dtype}")
    found = found.astype(np.float64)
    decided = np.isfinite(bound) & np.isfinite(expected)
    undecided = int(decided.size - decided.sum())
    if not decided.any():
        return Comparison(quantity, 0, 0.0, undecided=undecided)
    with np.errstate(all="ignore"):
        error = np.abs(found - expected)
        ratio = np.where(error == 0, 0.0, error / bound)
    ratio = np.where(decided, np.nan_to_num(ratio, nan=np.inf, posinf=np.inf), 0.0)
    worst = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    return Comparison(
        quantity,
        int(decided.sum()),
        float(ratio[worst]),
        tuple(int(k) for k in worst),
        float(expected[worst]),
        float(found[worst]),
        float(bound[worst]),
        undecided,
    )


def judge(expected: Expected, observed: Observed) -> Verdict:
    """Compares all that was observed; an observed quantity that nobody knows is a problem too."""
    comparisons = [
        compare(name, value, expected.bounds[name], observed.values[name], expected.dtype)
        for name, value in expected.values.items()
        if name in observed.values
    ]
    known = set(expected.values)
    if not any(family_of(name) == "gradients" for name in known):  # none asked for, some may come
        known |= {name for name in observed.values if family_of(name) == "gradients"}
    comparisons += [
        Comparison(name, 0, np.inf, problem=f"unknown quantity; known: {', '.join(expected.values)}")
        for name in observed.values
        if name not in known
    ]
    missing = {
        name: observed.missing.get(name) or observed.missing.get(family_of(name), "not reported by the implementation")
        for name in expected.values
        if name not in observed.values
    }
    return Verdict(tuple(comparisons), missing, observed.path)
