"""Builds a case from a combination of options, with the sizes and magnitudes that a chooser chooses (`choosers`).

One of the choices is a seed; the numbers of all arrays follow from it (`numbers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.stack import named_cells

from ..contract import CELL_KINDS, Array, Case
from . import magnitudes
from .choosers import Chooser
from .classes import extents
from .classes.losses import with_loss
from .classes.values import with_values
from .masks import random_lengths, random_mask, unmasked_steps
from .numbers import distinct_numbers, rounded, with_garbage
from .option_space import Combination, call_options_of

_DROPOUT_RATES = (0.5, 0.75)  # the factors 2 and 4 are exact


@dataclass(frozen=True)
class SizeLimits:
    """The greatest sizes of a case, and whether it may have no row."""

    batch: int = 4
    input: int = 6
    hidden: int = 9
    time: int = 7
    empty_batch: bool = False


def build_case(chooser: Chooser, combination: Combination, limits: SizeLimits | None = None) -> Case:
    """A case with exactly these options, and with the classes that they carry (`classes`)."""
    return CaseBuilder(chooser, combination, limits or SizeLimits()).case()


class CaseBuilder:
    """A case in the making: the choices made so far. Subclasses choose the numbers in another way (`probing`).

    chaotic_too   whether cases whose rounding errors grow past every number are drawn too
    """

    chaotic_too = False

    def __init__(self, chooser: Chooser, combination: Combination, limits: SizeLimits) -> None:
        self.chooser, self.options = chooser, combination
        half_precision = magnitudes.is_half_precision(combination)
        self.sizes = chooser.sizes(self._size_ranges(limits))
        self.rng = np.random.default_rng(chooser.integer(0, 2**32 - 1, "seed"))
        self.few_digits = half_precision or chooser.one_of((True, False), "few digits")

    def _size_ranges(self, limits: SizeLimits) -> dict[str, tuple[int, int]]:
        """The sizes that are possible with these options, from the least to the limit."""
        options = self.options
        masked = options["mask"] != "none" or options["lengths"] != "none"
        least = extents.least_sizes(options)
        if options["dtype"] == "bfloat16":  # it has 128 numbers between two powers of two: no array may need more
            limits = replace(limits, batch=min(limits.batch, 3), input=5, hidden=3, time=min(limits.time, 6))
        least_rows = 0 if limits.empty_batch and not masked and "values" not in options else least["batch"]
        one_row = options.get("layout") == "unbatched" or options.get("extent") == extents.OF_ONE
        return {
            "batch": (1, 1) if one_row else (least_rows, limits.batch),
            "time": (least["time"], limits.time),
            "input": (1, limits.input),
            "hidden": (2 if options.get("projection") else 1, limits.hidden),
        }

    def case(self) -> Case:
        options, batch, time = self.options, self.sizes["batch"], self.sizes["time"]
        cell = self.cell()
        params = {name: self.parameter(cell, name, shape) for name, shape in cell.parameter_shapes.items()}
        x = self.inputs((batch, time, cell.input_size))
        mask = self.mask(batch, time)
        lengths = self.lengths(batch, time)
        case = Case(
            cell,
            params,
            with_garbage(x, unmasked_steps(mask, lengths, time), self.rng, magnitudes.of_garbage(options)),
            initial_state=self.initial_state(cell) if options["initial_state"] else None,
            mask=mask,
            lengths=lengths,
            reverse=options["direction"] == "backward" and not isinstance(cell, ri.Stack),
            masked_output=options["masked_output"],
            output_order=options["output_order"],
            return_sequences=options["return_sequences"],
            dropout=self.dropout(cell),
            call_options=call_options_of(options),
        )
        if "values" in options:
            case = with_values(case, options["values"], self.rng)
        case = self.with_cotangents(case)
        return with_loss(case, options["loss"], self.rng) if "loss" in options else case

    # --- cells ------------------------------------------------------------------------------------

    def cell(self) -> Any:
        """The cell, or the stack of layers, that the options ask for."""
        options, hidden = self.options, self.sizes["hidden"]
        kind = CELL_KINDS[options["kind"]]
        known = {f.name for f in fields(kind)}
        cell_options = {name: value for name, value in options.items() if name in known - {"clip", "forget_bias"}}
        if options.get("projection"):
            cell_options["proj_size"] = self.chooser.integer(1, hidden - 1, "proj_size")
        if options.get("clip"):
            cell_options["clip"] = self.chooser.one_of((0.5, 0.125, 1.5), "clip")
        if forget_bias := options.get("forget_bias"):
            some = self.chooser.one_of((1.0, 0.75), "forget_bias") if forget_bias is True else forget_bias
            cell_options["forget_bias"] = some
        first = kind(self.sizes["input"], hidden, **cell_options)
        if options["layers"] == 1 and options["direction"] != "both":
            return first
        layers: list[Any] = []
        for k in range(options["layers"]):
            cell = replace(first, input_size=layers[-1].output_size) if k else first
            layers.append(self.layer(cell))
        return ri.Stack(tuple(layers))

    def layer(self, cell: Any) -> Any:
        direction, merge = self.options["direction"], self.options["merge"]
        if direction != "both":
            return ri.Layer(**{direction: cell}, merge=merge)
        backward = cell
        if self.options["backward_cell"] == "different":
            backward = replace(cell, activation="tanh" if cell.activation == "sigmoid" else "sigmoid")
        return ri.Layer(forward=cell, backward=backward, merge=merge)

    # --- numbers ----------------------------------------------------------------------------------

    def array(self, shape: Sequence[int], scales: Sequence[float], label: str) -> Array:
        """An array of distinct numbers, of one of these magnitudes."""
        scale = self.chooser.one_of(scales, label)
        return rounded(distinct_numbers(self.rng, shape, scale, self.few_digits), self.options["dtype"])

    def inputs(self, shape: Sequence[int]) -> Array:
        """``x``, before anything is masked."""
        return self.array(shape, magnitudes.of_any_array(self.options), "magnitude of x")

    def mask(self, batch: int, time: int) -> Array | None:
        """Which steps of each row count; None: all, or as the lengths say."""
        return extents.limited_mask(
            random_mask(self.options["mask"], self.rng, batch, time), self.options.get("extent")
        )

    def lengths(self, batch: int, time: int) -> Array | None:
        """How many steps of each row count; None: all."""
        kind, extent = self.options["lengths"], self.options.get("extent")
        return extents.limited_lengths(random_lengths(kind, self.rng, batch, time), extent, kind, self.rng, time)

    def parameter(self, cell: Any, name: str, shape: Sequence[int]) -> Array:
        """The parameter of that name; a recurrent kernel so that what goes from step to step does not overflow."""
        recurrent = name.rpartition(".")[2] == "recurrent_kernel"
        scales = magnitudes.of_recurrent_kernel(self.options) if recurrent else None
        if scales is None:
            every, tame = magnitudes.of_any_array(self.options), magnitudes.of_parameter(self.options, name)
            return self.array(shape, every if self.chaotic_too else tame, f"magnitude of {name}")
        scale = self.chooser.one_of(scales, f"magnitude of {name}")
        numbers = distinct_numbers(self.rng, shape, scale, self.few_digits)
        return rounded(numbers / shape[0], self.options["dtype"])

    def initial_state(self, cell: Any) -> tuple[Array, ...]:
        batch = self.sizes["batch"]
        return tuple(
            self.array((batch, size), (magnitudes.ORDINARY, 2.0, 1e-3), f"magnitude of {name}")
            for name, size in zip(cell.state_names, cell.state_sizes, strict=True)
        )

    def with_cotangents(self, case: Case) -> Case:
        """The case with the cotangents that the options ask for, or that the chooser chooses."""
        cell, wanted = case.cell, self.options.get("gradients")
        scales = (1.0, 1e-2 if magnitudes.is_half_precision(self.options) else 1e-6)
        states = () if self.options.get("return_state") is False else cell.state_names  # what is not returned has none
        names = () if wanted is False else ("outputs", *states)
        given = {name for name in names if self.has_cotangent(name) or "loss" in self.options}
        if (wanted or not len(case.x)) and not given:  # without a row there are no numbers but the weights' gradients
            given = {"outputs"}
        d_outputs = self.array(case.outputs_shape, scales, "d_outputs") if "outputs" in given else None
        d_state = tuple(
            self.array((len(case.x), size), scales, f"d_{name}") if name in given else None
            for name, size in zip(cell.state_names, cell.state_sizes, strict=True)
        )
        return case.replace(d_outputs=d_outputs, d_state=d_state if given - {"outputs"} else None)

    def has_cotangent(self, name: str) -> bool:
        """Whether there is a cotangent of that name, where the options leave it open."""
        return self.chooser.one_of((False, True), f"cotangent of {name}")

    # --- dropout ----------------------------------------------------------------------------------

    def dropout(self, cell: Any) -> dict[str, Array] | None:
        """The factors of every kind of dropout that the options ask for, as `refimpl.forward` takes them."""
        options, batch, time = self.options, self.sizes["batch"], self.sizes["time"]
        factors: dict[str, Array] = {}
        for prefix, each in named_cells(cell):
            gates = (len(each.gate_order),) if options.get("dropout_per_gate") and len(each.gate_order) > 1 else ()
            if options["dropout"]:
                factors[f"{prefix}input"] = self.dropout_factors((*gates, batch, each.input_size), prefix)
            if options["recurrent_dropout"]:
                factors[f"{prefix}recurrent"] = self.dropout_factors((*gates, batch, each.output_size), prefix)
        if options["between_dropout"]:
            rate = self.chooser.one_of(_DROPOUT_RATES, "rate of dropout between layers")  # one for all, as in PyTorch
            for k, layer in enumerate(cell.layers[1:], 1):
                factors[f"l{k}.between"] = self.dropout_factors((batch, time, layer.input_size), "", rate)
        return factors or None

    def dropout_factors(self, shape: tuple[int, ...], prefix: str, rate: float | None = None) -> Array:
        """0 or 1/(1 - rate), some of both where there are two."""
        rate = rate or self.chooser.one_of(_DROPOUT_RATES, f"rate of dropout {prefix}")
        dropped = self.dropped(shape, rate)
        return rounded(np.where(dropped, 0.0, 1 / (1 - rate)), self.options["dtype"])

    def dropped(self, shape: tuple[int, ...], rate: float) -> Array:
        """Which are dropped, some and not all."""
        found = self.rng.random(shape) < rate
        if found.size > 1 and found.all() | (~found).all():
            found.flat[self.rng.integers(found.size)] ^= True
        return found
