"""What an implementation is: a `Case` goes in, an `Observed` comes out.

This file is all that the author of a plug-in reads. An implementation is a class with the attributes of
`Implementation`, whose constructor needs no argument. It inherits from nothing and is registered nowhere::

    class MyRNN:
        name = "my-rnn"
        versions = {"my-rnn": "1.0"}
        dtypes = ["float64"]
        cells = [{"kind": "SimpleRNN", "activation": ["tanh"], "use_recurrent_bias": [False]}]

        def observe(self, case):
            return {"outputs": outputs, "state.h": h}

``python -m conformance run --implementation my_rnn.py:MyRNN`` checks it. ``observe`` returns arrays by the names of the
*quantities* of a run. What it never reports is told as not run; what it leaves out in some cases alone needs a reason
in an `Observed`. The quantities, by family:

outputs, state   ``outputs``; ``state.h``, ``state.c``
gates            ``gates.i`` and so on, by the names in the cell's docstring
gradients        ``d_params.kernel`` and so on, ``d_x``, ``d_initial_state.h``, …

The gradients are those of ``sum(d_outputs * outputs) + sum(d_state * state)``. In a stack of layers the names after the
family carry the layer's and direction's prefix, as in `refimpl.stack`: ``state.l1.h``, ``d_params.l0_reverse.kernel``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import refimpl as ri

from .common.descriptions import BASIC_OPTIONS, described, first_cell, lengths_kind, mask_kind, options_of_cell

Array = NDArray[Any]
Quantities = Mapping[str, Array]

CELL_KINDS: dict[str, Any] = {"SimpleRNN": ri.SimpleRNN, "LSTM": ri.LSTM, "GRU": ri.GRU}
FAMILIES = ("outputs", "state", "gates", "gradients")


def family_of(quantity: str) -> str:
    """The family that a quantity belongs to."""
    return "gradients" if quantity.startswith("d_") else quantity.split(".")[0]


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
    call_options    the implementation's own options: how its layer is built and called, which changes no number
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
    call_options: Mapping[str, Any] = field(default_factory=dict)

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
        return tuple(self.cell.state_names)

    @property
    def outputs_shape(self) -> tuple[int, int, int]:
        """The shape of the outputs."""
        return len(self.x), self.x.shape[1] if self.return_sequences else 1, self.cell.output_size

    @property
    def wants_gradients(self) -> bool:
        """Whether any cotangent is given."""
        return self.d_outputs is not None or any(d is not None for d in self.d_state or ())

    @property
    def size(self) -> int:
        """How many numbers the input and the parameters have together."""
        return self.x.size + sum(array.size for array in self.params.values())

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """Every option of the case by name, as the option space, the coverage and known divergences use them."""
        layers = self.cell.layers if isinstance(self.cell, ri.Stack) else ()
        cells = layers[0].cells if layers else (self.cell,)
        reversals = layers[0].reversals if layers else (self.reverse,)
        dropout = self.dropout or {}
        return {
            "kind": self.kind,
            "dtype": self.dtype_name,
            **options_of_cell(cells[0]),
            "layers": len(layers) or 1,
            "direction": "both" if len(cells) == 2 else "backward" if reversals[0] else "forward",
            "merge": layers[0].merge if len(cells) == 2 else "concat",
            "backward_cell": "alike" if cells[0] == cells[-1] else "different",
            "mask": mask_kind(self.mask),
            "lengths": lengths_kind(self.lengths),
            "masked_output": self.masked_output,
            "output_order": self.output_order,
            "return_sequences": self.return_sequences,
            "initial_state": self.initial_state is not None,
            "dropout": any(name.endswith("input") for name in dropout),
            "recurrent_dropout": any(name.endswith("recurrent") for name in dropout),
            "between_dropout": any(name.endswith("between") for name in dropout),
            "gradients": self.wants_gradients,
            **self.call_options,
        }

    def initial_state_or_zeros(self) -> tuple[Array, ...]:
        """The initial state that an implementation starts from which has no default of its own."""
        return self.initial_state or tuple(np.zeros((len(self.x), size), self.dtype) for size in self.cell.state_sizes)

    def replace(self, **changes: Any) -> Case:
        """The same case with some fields changed."""
        return dataclasses.replace(self, **changes)

    def map_arrays(self, change: Callable[[Array], Array]) -> Case:
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
            return self.map_arrays(lambda array: array.astype(dtype))

    def __repr__(self) -> str:
        batch, time, _ = self.x.shape
        given = [name for name in ("initial_state", "d_outputs", "d_state") if getattr(self, name) is not None]
        unusual = {name: self.options[name] for name, value in BASIC_OPTIONS.items() if self.options[name] != value}
        more = "".join(f", {name}={value!r}" for name, value in (unusual | dict(self.call_options)).items())
        return (
            f"{described(self.cell)}, {self.dtype}, batch={batch}, time={time}{more}, "
            f"given: {', '.join(given) or 'neither initial state nor cotangents'}"
        )


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


class Identified(Protocol):
    """A name and versions, which say what divergences are known: an implementation has them, and a record of one."""

    @property
    def name(self) -> str: ...
    @property
    def versions(self) -> Mapping[str, str]: ...


class Implementation(Identified, Protocol):
    """What every implementation has.

    name, versions   its name, and package to version
    dtypes           the working precisions that it computes in: ``float64``, ``float32``, ``float16``, ``bfloat16``
    cells            the cells that it has, a list of full products: each entry is a kind of cell and the values that it
                     takes for each option. The suite draws cases of these combinations alone. The names of the options
                     are in `conformance.cases.option_table`; one that an entry leaves out takes its default there.
                     Another name is an option of your own, whose value comes in ``case.call_options``: it takes text,
                     numbers, True, False and None, and its name must not look like a misspelt one of the table
    observe(case)    computes the case, and returns quantities by name or an `Observed`

    These attributes are optional (`OPTIONAL_ATTRIBUTES` has their defaults):

    arithmetic           dtype to the arithmetic that it computes in, as ``{"float32": "float32, products in TF32"}``;
                         the key ``"float32, tf32"`` is for cases whose option ``tf32`` is True, and
                         ``"float32, form=predict"`` for those whose ``form`` is "predict". Every bound follows from it
                         (`conformance.judging.arithmetic`)
    case_as_computed(case)  the case that it computes where it rounds what it is given, as weights to 8 bits, and else
                         the case itself: the oracle answers that one. It may call the framework, to see what was
                         rounded on the way (`conformance.implementations.eight_bits`). Where its x is another one, rows
                         may depend on each other: no law is asked
    compiled_anew        option to values, as in ``refused``: each call with these compiles, so that few are repeated
    device, devices      where it computes; what its constructor takes as ``device``, such as ``("cpu", "cuda")``
    drawing(case, seed)  the case's layer in training, whose dropout its framework draws from that seed, as a function
                         without arguments that is called again and again and answers like ``observe``; None where it
                         cannot. The rate of each dropout is that of the case's factors, which are 1 / (1 - rate)
    empty_batch          True: batches without a row are tried too
    every_release        like ``cells``, with the options of every version, where ``cells`` depends on the installed one
    expensive            True: fewer random cases are tried, as where each one compiles anew
    ignores_nan_padding  True: NaN in masked steps changes nothing
    kernels              names of other implementations whose kernels it runs: what is known of them is known of it
    layer(case)          one layer of the case's cell, weights and options, as a function that answers like ``observe``
                         what differs in its inputs, sizes and cotangents alone; None where there is none
    longest_sequence     the most steps that a real size has, where each step is compiled by itself; None: no limit
    prepare(case)        the case with what only the framework knows: the factors of dropout that it will draw
    refused              ``[{"when": {option: values, …}, "reason": …, "message": …}]``: combinations in ``cells`` that
                         the framework refuses. Some of each are tried, and must raise with that message
    sizes                one set of sizes for all combinations, where every other compiles anew; then the few random
                         cases of a run have one other set, which follows from its seed
    threads              False: one thread at a time may call ``observe``
    stateful(case)       a layer that keeps its state, or None where there is none for this case. It has
                         ``call(x, mask=None, initial_state=None)``, which returns outputs and final state by name;
                         ``reset()``, after which the next call starts from zeros; and ``reload()``, which saves the
                         layer, goes on with the loaded one, and returns True where that keeps the state
    interface()          what a user builds against, as data that JSON holds: of each class the ``signature`` (argument
                         to default as source, or "required"), the ``defaults`` and the ``weights`` (names and shapes
                         in order, for input size 2 and hidden size 3); of each operator ``opset``, ``inputs``,
                         ``outputs`` and ``attributes``. It is recorded, and changes nothing that is tried
    """

    @property
    def dtypes(self) -> Sequence[str]: ...
    @property
    def cells(self) -> Sequence[Mapping[str, Any]]: ...

    def observe(self, case: Case) -> Observed | Quantities: ...


OPTIONAL_ATTRIBUTES: Mapping[str, Any] = {
    "arithmetic": {},
    "case_as_computed": None,
    "compiled_anew": {},
    "device": "cpu",
    "devices": ("cpu",),
    "drawing": None,
    "empty_batch": False,
    "every_release": None,
    "expensive": False,
    "ignores_nan_padding": False,
    "kernels": (),
    "layer": None,
    "longest_sequence": None,
    "prepare": None,
    "refused": (),
    "sizes": None,
    "stateful": None,
    "threads": True,
    "interface": dict,
}
"""The value of each attribute that an implementation leaves out."""


def attribute_of(implementation: Any, attribute: str) -> Any:
    """One of the `OPTIONAL_ATTRIBUTES`: the implementation's own, or the default."""
    return getattr(implementation, attribute, OPTIONAL_ATTRIBUTES[attribute])


class NotRun(Exception):
    """Raised where an implementation cannot run here: the reason, and what would help."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"{reason} ({hint})" if hint else reason)
