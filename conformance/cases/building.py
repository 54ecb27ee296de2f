"""Builds a case from a combination of options: one way, whoever chooses its sizes and numbers.

What is chosen is small: sizes, magnitudes, which arrays are given, a seed. Hypothesis chooses so that a failure can be
shrunk (`Drawn`), a seeded generator so that many combinations cost little (`Seeded`). The numbers follow from the seed
(`arrays`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, TypeVar

import numpy as np
from hypothesis import strategies as st

import refimpl as ri
from refimpl.stack import named_cells

from ..contract import CELL_KINDS, Array, Case
from .masks import a_mask, kept, some_lengths
from .numbers import distinct, rounded, with_garbage
from .option_space import Combination, call_options_of

T = TypeVar("T")

_SATURATING = {"tanh", "sigmoid", "softsign", "hard_tanh", "scaled_tanh", "softmax", "relu6"}
_SATURATING |= {"hard_sigmoid", "hard_sigmoid_keras2", "sparse_sigmoid"}
_STEEP = ("exponential",)  # of a large argument it is infinite
_ORDINARY = 0.5
_MAGNITUDES = (_ORDINARY, 2.0, 1e-3, 1e-12, 40.0)  # from shrinking's favourite to tiny and saturating
_TAME = (_ORDINARY, 1e-3, 1e-12)  # where no activation holds the recurrence in bounds
_TINIEST = {"float16": 1e-3, "bfloat16": 1e-3}  # half precision knows nothing much smaller
_RATES = (0.5, 0.75)  # dropout: the factors 2 and 4 are exact


class Choices(Protocol):
    """Who chooses: the least number and the first value are the simplest."""

    def integer(self, low: int, high: int, label: str) -> int:
        """A number from low to high, limits included; the label says of what."""
        ...

    def one_of(self, values: Sequence[T], label: str) -> T:
        """One of the values."""
        ...

    def sizes(self, ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        """A size in each range, limits included."""
        ...


@dataclass(frozen=True)
class Drawn:
    """Hypothesis chooses."""

    draw: st.DrawFn

    def integer(self, low: int, high: int, label: str) -> int:
        return self.draw(st.integers(low, high), label=label)

    def one_of(self, values: Sequence[T], label: str) -> T:
        return self.draw(st.sampled_from(values), label=label)

    def sizes(self, ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        return {name: self.integer(low, high, name) for name, (low, high) in ranges.items()}


class Seeded:
    """A seeded generator chooses; sizes are all different where they can be, and mostly greater than one.

    sizes   those that are chosen already, and are kept where the options allow it
    """

    def __init__(self, *seed: int, sizes: Mapping[str, int] | None = None) -> None:
        self._rng = np.random.default_rng(seed)
        self._sizes = sizes or {}

    def integer(self, low: int, high: int, label: str) -> int:
        return int(self._rng.integers(low, high, endpoint=True))

    def one_of(self, values: Sequence[T], label: str) -> T:
        if label.startswith("cotangent"):  # of many options there is one case: it asks for all gradients
            return values[-1]
        return values[int(self._rng.integers(len(values)))]

    def sizes(self, ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        plain = self._rng.random() < 0.9
        found = {}
        for _ in range(20):
            for name, (low, high) in ranges.items():
                least = max(low, 3 if name == "time" else 2) if plain else low
                found[name] = self.integer(min(least, high), high, name)
            if len(set(found.values())) == len(found):
                break
        limited = {name: min(max(size, ranges[name][0]), ranges[name][1]) for name, size in self._sizes.items()}
        return found | limited


@dataclass(frozen=True)
class Limits:
    """The greatest sizes of a case; and whether it may have no row."""

    batch: int = 4
    input: int = 6
    hidden: int = 9
    time: int = 7
    empty_batch: bool = False


def build(choices: Choices, combination: Combination, limits: Limits | None = None) -> Case:
    """A case with exactly these options."""
    return Builder(choices, combination, limits or Limits()).case()


class Builder:
    """The choices made so far, while a case is built."""

    def __init__(self, choices: Choices, combination: Combination, limits: Limits) -> None:
        self.choices, self.options = choices, combination
        self.coarse = combination["dtype"] in ("float16", "bfloat16")
        self.sizes = choices.sizes(self._ranges(limits))
        self.rng = np.random.default_rng(choices.integer(0, 2**32 - 1, "seed"))
        self.plain = self.coarse or choices.one_of((True, False), "few digits")

    def _ranges(self, limits: Limits) -> dict[str, tuple[int, int]]:
        """The sizes that these options need, from the least to the limit."""
        of = self.options
        masked = of["mask"] != "none" or of["lengths"] != "none"
        two_rows = of["mask"] == "rows" or of["lengths"] in ("unsorted", "zero")
        if of["dtype"] == "bfloat16":  # it has 128 numbers between two powers of two: no array may need more
            limits = replace(limits, batch=min(limits.batch, 3), input=5, hidden=3, time=min(limits.time, 6))
        return {
            "batch": (1, 1)
            if of.get("layout") == "unbatched"
            else (2 if two_rows else 0 if limits.empty_batch and not masked else 1, limits.batch),
            "time": (3 if of["mask"] == "holes" else 2 if masked and of["lengths"] != "sorted" else 1, limits.time),
            "input": (1, limits.input),
            "hidden": (2 if of.get("projection") else 1, limits.hidden),
        }

    def case(self) -> Case:
        of, batch, time = self.options, self.sizes["batch"], self.sizes["time"]
        cell = self.cell()
        params = {name: self.parameter(cell, name, shape) for name, shape in cell.parameter_shapes.items()}
        x = self.inputs((batch, time, cell.input_size))
        mask = self.mask(batch, time)
        lengths = self.lengths(batch, time)
        case = Case(
            cell,
            params,
            with_garbage(x, kept(mask, lengths, time), self.rng, self.garbage),
            initial_state=self.initial_state(cell) if of["initial_state"] else None,
            mask=mask,
            lengths=lengths,
            reverse=of["direction"] == "backward" and not isinstance(cell, ri.Stack),
            masked_output=of["masked_output"],
            output_order=of["output_order"],
            return_sequences=of["return_sequences"],
            dropout=self.dropout(cell),
            call_options=call_options_of(of),
        )
        return self.with_cotangents(case)

    # --- cells ------------------------------------------------------------------------------------

    def cell(self) -> Any:
        of, hidden = self.options, self.sizes["hidden"]
        known = {f.name for f in fields(CELL_KINDS[of["kind"]])}
        options = {name: value for name, value in of.items() if name in known - {"clip", "forget_bias"}}
        if of.get("projection"):
            options["proj_size"] = self.choices.integer(1, hidden - 1, "proj_size")
        if of.get("clip"):
            options["clip"] = self.choices.one_of((0.5, 0.125, 1.5), "clip")
        if of.get("forget_bias"):
            options["forget_bias"] = self.choices.one_of((1.0, 0.75), "forget_bias")
        first = CELL_KINDS[of["kind"]](self.sizes["input"], hidden, **options)
        if of["layers"] == 1 and of["direction"] != "both":
            return first
        layers: list[Any] = []
        for k in range(of["layers"]):
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

    @property
    def anywhere(self) -> Sequence[float]:
        """The magnitudes that anything may have: gates multiply."""
        return self.allowed(is_bounded(self.options.get("recurrent_activation", "sigmoid")) and not self.steep)

    @property
    def holds_in_bounds(self) -> bool:
        """Whether what the recurrence repeats stays in bounds."""
        return is_bounded(self.options.get("output_activation") or self.options["activation"])

    @property
    def garbage(self) -> float:
        """How large the numbers in masked steps are: much larger than any other, but nothing overflows."""
        return 4.0 if self.steep else 300.0 if self.coarse else 1e4

    @property
    def steep(self) -> bool:
        """Whether an activation grows so fast that a recurrence of ordinary size would overflow."""
        return any(str(value).partition("(")[0] in _STEEP for value in self.options.values())

    def allowed(self, bounded: bool) -> Sequence[float]:
        least = _TINIEST.get(self.options["dtype"], 0.0)
        return tuple(size for size in (_MAGNITUDES if bounded else _TAME) if size >= least)

    def array(self, shape: Sequence[int], magnitudes: Sequence[float], label: str) -> Array:
        scale = self.choices.one_of(magnitudes, label)
        return rounded(distinct(self.rng, shape, scale, self.plain), self.options["dtype"])

    def inputs(self, shape: Sequence[int]) -> Array:
        """``x``, before anything is masked."""
        return self.array(shape, self.anywhere, "magnitude of x")

    def mask(self, batch: int, time: int) -> Array | None:
        """Which steps of each row count; None: all, or as the lengths say."""
        return a_mask(self.options["mask"], self.rng, batch, time)

    def lengths(self, batch: int, time: int) -> Array | None:
        """How many steps of each row count; None: all."""
        return some_lengths(self.options["lengths"], self.rng, batch, time)

    def parameter(self, cell: Any, name: str, shape: Sequence[int]) -> Array:
        recurrent = name.rpartition(".")[2] == "recurrent_kernel"
        if not recurrent or (self.holds_in_bounds and self.anywhere == self.allowed(True)):
            return self.array(shape, self.anywhere, f"magnitude of {name}")
        sizes = tuple(size for size in self.allowed(False) if size < _ORDINARY or not self.steep)
        scale = self.choices.one_of(sizes, f"magnitude of {name}")
        return rounded(distinct(self.rng, shape, scale, self.plain) / shape[0], self.options["dtype"])

    def initial_state(self, cell: Any) -> tuple[Array, ...]:
        batch = self.sizes["batch"]
        return tuple(
            self.array((batch, size), (_ORDINARY, 2.0, 1e-3), f"magnitude of {name}")
            for name, size in zip(cell.state_names, cell.state_sizes, strict=True)
        )

    def with_cotangents(self, case: Case) -> Case:
        cell, wanted, sizes = case.cell, self.options.get("gradients"), (1.0, 1e-2 if self.coarse else 1e-6)
        states = () if self.options.get("return_state") is False else cell.state_names  # what is not returned has none
        names = () if wanted is False else ("outputs", *states)
        given = {name for name in names if self.asks_for(name)}
        if (wanted or not len(case.x)) and not given:  # without a row there are no numbers but the weights' gradients
            given = {"outputs"}
        d_outputs = self.array(case.outputs_shape, sizes, "d_outputs") if "outputs" in given else None
        d_state = tuple(
            self.array((len(case.x), size), sizes, f"d_{name}") if name in given else None
            for name, size in zip(cell.state_names, cell.state_sizes, strict=True)
        )
        return case.replace(d_outputs=d_outputs, d_state=d_state if given - {"outputs"} else None)

    def asks_for(self, name: str) -> bool:
        """Whether there is a cotangent of that name, where the options leave it open."""
        return self.choices.one_of((False, True), f"cotangent of {name}")

    # --- dropout ----------------------------------------------------------------------------------

    def dropout(self, cell: Any) -> dict[str, Array] | None:
        of, batch, time = self.options, self.sizes["batch"], self.sizes["time"]
        found: dict[str, Array] = {}
        for prefix, each in named_cells(cell):
            gates = (len(each.gate_order),) if of.get("dropout_per_gate") and len(each.gate_order) > 1 else ()
            if of["dropout"]:
                found[f"{prefix}input"] = self.factors((*gates, batch, each.input_size), prefix)
            if of["recurrent_dropout"]:
                found[f"{prefix}recurrent"] = self.factors((*gates, batch, each.output_size), prefix)
        if of["between_dropout"]:
            rate = self.choices.one_of(_RATES, "rate of dropout between layers")  # one for all, as PyTorch has it
            for k, layer in enumerate(cell.layers[1:], 1):
                found[f"l{k}.between"] = self.factors((batch, time, layer.input_size), "", rate)
        return found or None

    def factors(self, shape: tuple[int, ...], prefix: str, rate: float | None = None) -> Array:
        """0 or 1/(1 - rate), some of both where there are two."""
        rate = rate or self.choices.one_of(_RATES, f"rate of dropout {prefix}")
        dropped = self.dropped(shape, rate)
        return rounded(np.where(dropped, 0.0, 1 / (1 - rate)), self.options["dtype"])

    def dropped(self, shape: tuple[int, ...], rate: float) -> Array:
        """Which are dropped, some and not all."""
        found = self.rng.random(shape) < rate
        if found.size > 1 and found.all() | (~found).all():
            found.flat[self.rng.integers(found.size)] ^= True
        return found


def is_bounded(activation: str) -> bool:
    """Whether the activation keeps what it is applied to in bounds."""
    return activation.partition("(")[0] in _SATURATING
