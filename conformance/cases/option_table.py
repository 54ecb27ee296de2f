"""The table of options that the oracle knows: their names, the values that each takes, and their defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import refimpl as ri

from ..contract import CELL_KINDS

SWITCH = (False, True)
DTYPES = ("float64", "float32", "float16", "bfloat16")
_MOST_LAYERS = 64


@dataclass(frozen=True)
class Option:
    """One option of the table: its values, what it means, and the values that it takes where an entry leaves it out.

    An option without defaults is then no part of the combination: it is drawn freely, or takes the cell's default.

    choices   the values; empty where they are more than a list can name
    words     such values in words
    allows    whether such a value is one of them
    """

    name: str
    choices: tuple[Any, ...]
    meaning: str
    defaults: tuple[Any, ...] = ()
    words: str = ""
    allows: Callable[[Any], bool] | None = None

    @property
    def values(self) -> str:
        """The values in Markdown."""
        return self.words or ", ".join(f"`{choice}`" for choice in self.choices)

    def takes(self, value: Any) -> bool:
        """Whether this is one of its values: 1 is not True."""
        if self.allows is not None:
            return self.allows(value)
        return any(type(value) is type(choice) and value == choice for choice in self.choices)


def _is_activation(value: Any) -> bool:
    if type(value) is not str:
        return False
    try:
        ri.activations.named(value)
    except ri.InvalidArgument:
        return False
    return True


LAYER_OPTIONS = (
    Option(
        "layers",
        (),
        "layers on top of each other",
        (1,),
        words="1, 2, 3, …",
        allows=lambda value: type(value) is int and 1 <= value <= _MOST_LAYERS,
    ),
    Option("direction", ("forward", "backward", "both"), "in which the steps are processed", ("forward",)),
    Option("merge", ("concat", "sum", "mul", "ave"), "how two directions become one output", ("concat",)),
    Option(
        "backward_cell", ("alike", "different"), "whether the backward cell has the forward one's options", ("alike",)
    ),
    Option(
        "mask",
        ("none", "full", "right", "left", "holes", "rows"),
        "which steps are masked: none (`full`), the last ones, the first ones, some between, all of some row",
        ("none",),
    ),
    Option(
        "lengths",
        ("none", "sorted", "unsorted", "zero"),
        "lengths of the rows, as of packed sequences; `zero`: some row has no step",
        ("none",),
    ),
    Option("masked_output", ("repeat", "zeros"), "what a masked step gives", ("repeat",)),
    Option("output_order", ("original", "processing"), "order of the outputs of a backward run", ("original",)),
    Option("return_sequences", (True, False), "whether there is an output for each step, or the last only", (True,)),
    Option("initial_state", SWITCH, "whether one is given", (False, True)),
    Option("dropout", SWITCH, "given factors on a layer's input, constant over time", (False,)),
    Option("recurrent_dropout", SWITCH, "given factors on h where it meets the recurrent kernel", (False,)),
    Option("between_dropout", SWITCH, "given factors between layers, for every step", (False,)),
    Option("gradients", SWITCH, "whether any are asked for"),
)
CELL_OPTIONS = (
    Option("activation", (), "of the candidate and the output", words="names, as `tanh`", allows=_is_activation),
    Option("recurrent_activation", (), "of the gates", words="names, as `sigmoid`", allows=_is_activation),
    Option(
        "output_activation",
        (),
        "of the LSTM's cell state; `None`: the activation",
        words="`None` or names",
        allows=lambda value: value is None or _is_activation(value),
    ),
    Option("use_bias", SWITCH, "bias of the input's product"),
    Option("use_recurrent_bias", SWITCH, "bias of the recurrent product"),
    Option("reset_after", SWITCH, "where the GRU's reset gate stands"),
    Option("projection", SWITCH, "LSTM with `proj_size`"),
    Option("peepholes", SWITCH, "LSTM whose gates see the cell state"),
    Option("input_forget", SWITCH, "LSTM with f = 1 - i"),
    Option("forget_bias", (*SWITCH, 1.0), "added to the LSTM's forget gate at run time; True: 1 or another number"),
    Option("clip", SWITCH, "whether the activations' arguments are clipped"),
)
"""The fields of the cells; each takes its cell's default where it is left out."""

_DTYPE = Option("dtype", DTYPES, "working precision")
OPTIONS = {option.name: option for option in (*LAYER_OPTIONS, *CELL_OPTIONS, _DTYPE)}
"""Every option that the oracle knows but for the kind, by name."""
SHAPING_CALL_OPTIONS = ("dropout_per_gate", "layout", "return_state")
"""The call options that shape the case too (`conformance.cases.option_space`)."""

CARRIED = ("shape", "values", "loss", "extent")
"""What a combination may carry beside its options, in cases that a run draws (`conformance.cases.classes`)."""
SIZES = ("input_size", "hidden_size", "proj_size")
_SWITCHES = {"proj_size": "projection", "clip": "clip", "forget_bias": "forget_bias"}  # numbers: options say whether


def cell_defaults(kind: str) -> dict[str, Any]:
    """The options of a kind of cell and their defaults; of numbers such as ``clip`` only whether they are given."""
    known = {f.name: f.default for f in fields(CELL_KINDS[kind])}
    found = {name: default for name, default in known.items() if name not in SIZES and name not in _SWITCHES}
    return found | {switch: False for name, switch in _SWITCHES.items() if name in known}


def is_call_option(name: str) -> bool:
    """Whether an option is the implementation's own, a part of ``case.call_options``."""
    return name not in OPTIONS and name not in CARRIED and name != "kind"


def as_markdown() -> str:
    """Every option that the oracle knows, as a Markdown table."""
    rows = ["| option | values | meaning | where it is left out |", "| --- | --- | --- | --- |"]
    for option in (*LAYER_OPTIONS, *CELL_OPTIONS):
        default = ", ".join(f"`{value}`" for value in option.defaults)
        default = default or ("drawn" if option in LAYER_OPTIONS else "the cell's default")
        rows.append(f"| `{option.name}` | {option.values} | {option.meaning} | {default} |")
    rows.append(f"| `dtype` | {_DTYPE.values} | working precision | all of `dtypes` |")
    return "\n".join(rows)
