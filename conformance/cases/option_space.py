"""The option space of an implementation: the set of all combinations of options that it declares.

An implementation declares ``cells`` and ``refused`` (`conformance.contract`). `space_of` multiplies the cells out into
*combinations*, flat mappings from option to value with every default filled in, and takes out the refused ones.

The oracle knows the options in `LAYER_OPTIONS` and `CELL_OPTIONS`. An option of any other name is a *call option*: the
implementation's own, which says how its layer is built or called, and travels in ``case.call_options``. Three of them
shape the case too: ``dropout_per_gate`` True (factors of dropout for each gate), ``layout`` "unbatched" (one row) and
``return_state`` False (no cotangents of the state).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import product
from typing import Any

from ..contract import CELL_KINDS

Combination = Mapping[str, Any]
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Option:
    """One option of the table: its values, what it means, and the values that it takes where an entry leaves it out.

    An option without defaults is then no part of the combination: it is drawn freely, or takes the cell's default.
    """

    name: str
    values: str
    meaning: str
    defaults: tuple[Any, ...]


LAYER_OPTIONS = (
    Option("layers", "1, 2, 3, …", "layers on top of each other", (1,)),
    Option("direction", "`forward`, `backward`, `both`", "in which the steps are processed", ("forward",)),
    Option("merge", "`concat`, `sum`, `mul`, `ave`", "how two directions become one output", ("concat",)),
    Option(
        "backward_cell", "`alike`, `different`", "whether the backward cell has the forward one's options", ("alike",)
    ),
    Option(
        "mask",
        "`none`, `full`, `right`, `left`, `holes`, `rows`",
        "which steps are masked: none (`full`), the last ones, the first ones, some between, all of some row",
        ("none",),
    ),
    Option(
        "lengths",
        "`none`, `sorted`, `unsorted`, `zero`",
        "lengths of the rows, as of packed sequences; `zero`: some row has no step",
        ("none",),
    ),
    Option("masked_output", "`repeat`, `zeros`", "what a masked step gives", ("repeat",)),
    Option("output_order", "`original`, `processing`", "order of the outputs of a backward run", ("original",)),
    Option(
        "return_sequences", "`True`, `False`", "whether there is an output for each step, or the last only", (True,)
    ),
    Option("initial_state", "`False`, `True`", "whether one is given", (False, True)),
    Option("dropout", "`False`, `True`", "given factors on a layer's input, constant over time", (False,)),
    Option("recurrent_dropout", "`False`, `True`", "given factors on h where it meets the recurrent kernel", (False,)),
    Option("between_dropout", "`False`, `True`", "given factors between layers, for every step", (False,)),
    Option("gradients", "`False`, `True`", "whether any are asked for", ()),
)
CELL_OPTIONS = (
    Option("activation", "names, as `tanh`", "of the candidate and the output", ()),
    Option("recurrent_activation", "names, as `sigmoid`", "of the gates", ()),
    Option("output_activation", "`None` or names", "of the LSTM's cell state; `None`: the activation", ()),
    Option("use_bias", "`False`, `True`", "bias of the input's product", ()),
    Option("use_recurrent_bias", "`False`, `True`", "bias of the recurrent product", ()),
    Option("reset_after", "`False`, `True`", "where the GRU's reset gate stands", ()),
    Option("projection", "`False`, `True`", "LSTM with `proj_size`", ()),
    Option("peepholes", "`False`, `True`", "LSTM whose gates see the cell state", ()),
    Option("input_forget", "`False`, `True`", "LSTM with f = 1 - i", ()),
    Option("forget_bias", "`False`, `True`", "added to the LSTM's forget gate at run time", ()),
    Option("clip", "`False`, `True`", "whether the activations' arguments are clipped", ()),
)
"""The fields of the cells; each takes its cell's default where it is left out."""

_SIZES = {"input_size", "hidden_size", "proj_size"}
_SWITCHES = {"proj_size": "projection", "clip": "clip", "forget_bias": "forget_bias"}  # numbers: options say whether
_KNOWN = {option.name for option in (*LAYER_OPTIONS, *CELL_OPTIONS)} | {"kind", "dtype"}


def cell_defaults(kind: str) -> dict[str, Any]:
    """The options of a kind of cell and their defaults; of numbers such as ``clip`` only whether they are given."""
    known = {f.name: f.default for f in fields(CELL_KINDS[kind])}
    found = {name: default for name, default in known.items() if name not in _SIZES | set(_SWITCHES)}
    return found | {switch: False for name, switch in _SWITCHES.items() if name in known}


def is_call_option(name: str) -> bool:
    """Whether an option is the implementation's own, a part of ``case.call_options``."""
    return name not in _KNOWN


def call_options_of(combination: Combination) -> dict[str, Any]:
    """The call options in a combination."""
    return {name: value for name, value in combination.items() if is_call_option(name)}


def has_dropout(combination: Combination) -> bool:
    """Whether there are factors of any kind of dropout."""
    return any(combination[name] for name in ("dropout", "recurrent_dropout", "between_dropout"))


def with_defaults(entry: Entry, dtypes: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """The entry with the values of every option, defaults filled in; `ValueError` for an unknown kind or option."""
    kind = entry.get("kind")
    if kind not in CELL_KINDS:
        raise ValueError(f"cells: expected a kind out of {', '.join(CELL_KINDS)}, got {kind!r}")
    options = cell_defaults(kind)
    for name, values in entry.items():
        if name == "kind":
            continue
        if isinstance(values, str) or not isinstance(values, Iterable) or not list(values):
            raise ValueError(f"cells: {kind}: {name}: expected a tuple of values, got {values!r}")
        if name in {option.name for option in CELL_OPTIONS} and name not in options:
            raise ValueError(f"cells: a {kind} has no option {name!r}; it has {', '.join(options)}")
    found = {"kind": (kind,), "dtype": tuple(dtypes)} | {name: (default,) for name, default in options.items()}
    found |= {option.name: option.defaults for option in LAYER_OPTIONS if option.defaults}
    return found | {name: tuple(values) for name, values in entry.items() if name != "kind"}


@dataclass(frozen=True)
class Refusal:
    """Combinations that a framework refuses: those that have one of the values of each option in ``when``.

    message   a part of the error's message; an error without it is another error
    """

    when: Mapping[str, tuple[Any, ...]]
    reason: str
    message: str

    @staticmethod
    def of(declared: Mapping[str, Any]) -> Refusal:
        """The entry of ``refused``, checked; `ValueError` where it is incomplete."""
        unknown = set(declared) ^ {"when", "reason", "message"}
        if unknown or not all(declared.values()):
            raise ValueError(f"refused: expected 'when', 'reason' and 'message', none of them empty, got {declared!r}")
        when = {name: tuple(values) for name, values in declared["when"].items()}
        return Refusal(when, declared["reason"], declared["message"])

    def matches(self, combination: Combination) -> bool:
        """Whether the framework refuses the combination."""
        return matches(self.when, combination)


def matches(when: Mapping[str, Sequence[Any]], combination: Combination) -> bool:
    """Whether each of the options has one of its values.

    In a value ``*`` stands for anything; values after ``!`` are excluded; an option that is missing is ``absent``.
    """
    return all(_is_among(combination.get(name, "absent"), values) for name, values in when.items())


def _is_among(value: Any, values: Sequence[Any]) -> bool:
    if value in values:
        return True
    patterns = [each for each in values if isinstance(each, str)]
    excluded = [each[1:] for each in patterns if each.startswith("!")]
    if excluded:
        return not any(fnmatchcase(str(value), each) for each in excluded)
    return isinstance(value, str) and any(fnmatchcase(value, each) for each in patterns if "*" in each)


@dataclass(frozen=True)
class Space:
    """All combinations of an implementation's options, valid and refused.

    entries   the declared products, defaults filled in
    """

    entries: tuple[Mapping[str, tuple[Any, ...]], ...]
    valid: tuple[Combination, ...]
    refused: tuple[tuple[Refusal, tuple[Combination, ...]], ...] = ()

    @cached_property
    def _known(self) -> frozenset[frozenset[tuple[str, Any]]]:
        return frozenset(_key(combination) for combination in self.valid)

    @cached_property
    def _by_common_options(self) -> Mapping[frozenset[tuple[str, Any]], list[Combination]]:
        """Valid combinations by their common options: those under one key differ in call options alone."""
        found: dict[frozenset[tuple[str, Any]], list[Combination]] = {}
        for combination in self.valid:
            found.setdefault(_key(_common(combination)), []).append(combination)
        return found

    @cached_property
    def _looked_up(self) -> dict[frozenset[tuple[str, Any]], list[Combination]]:
        return {}

    def with_options(self, **wanted: Any) -> list[Combination]:
        """The valid combinations with these options. Few questions are asked, each many times: answers are kept."""
        key = _key(wanted)
        if key not in self._looked_up:
            self._looked_up[key] = [one for one in self.valid if wanted.items() <= one.items()]
        return self._looked_up[key]

    def nearest(self, options: Combination) -> Combination | None:
        """The valid combination with the same common options and the most of the call options; None where none has."""
        found = self._by_common_options.get(_key(_common(options)), [])
        return max(found, key=lambda one: len(one.items() & options.items()), default=None)

    def __contains__(self, combination: Combination) -> bool:
        return _key(combination) in self._known

    def refuses(self, combination: Combination) -> bool:
        return any(refusal.matches(combination) for refusal, _ in self.refused)


def space_of(cells: Sequence[Entry], dtypes: Sequence[str], refused: Sequence[Mapping[str, Any]] = ()) -> Space:
    """The option space that an implementation's ``cells``, ``dtypes`` and ``refused`` declare."""
    refusals = [Refusal.of(declared) for declared in refused]
    entries = tuple(with_defaults(entry, dtypes) for entry in cells)
    valid: dict[frozenset[tuple[str, Any]], Combination] = {}
    refused_by: list[dict[frozenset[tuple[str, Any]], Combination]] = [{} for _ in refusals]
    for combination in _combinations(entries):
        by = next((k for k, refusal in enumerate(refusals) if refusal.matches(combination)), None)
        (valid if by is None else refused_by[by])[_key(combination)] = combination
    for refusal, its in zip(refusals, refused_by, strict=True):
        if not its:
            raise ValueError(
                f"refused: no combination in `cells` has {dict(refusal.when)} (or another refusal took it)"
            )
    return Space(
        entries,
        tuple(valid.values()),
        tuple((refusal, tuple(its.values())) for refusal, its in zip(refusals, refused_by, strict=True)),
    )


def _combinations(entries: Iterable[Mapping[str, tuple[Any, ...]]]) -> Iterator[Combination]:
    for entry in entries:
        names = tuple(entry)
        for values in product(*entry.values()):
            combination = dict(zip(names, values, strict=True))
            why = contradiction(combination)
            if why:
                raise ValueError(f"cells: {why}: split the entry, so that its product leaves this out: {combination}")
            yield combination


def contradiction(combination: Combination) -> str:
    """Why no case can have all of these options; empty where one can."""
    option = combination.get
    if option("mask") != "none" and option("lengths") != "none":
        return "mask and lengths at once"
    if option("direction") != "both" and (option("merge") != "concat" or option("backward_cell") != "alike"):
        return "merge or a different backward cell with one direction only"
    if option("layers") == 1 and option("between_dropout"):
        return "between_dropout with one layer"
    if option("output_order") == "processing" and (option("layers") != 1 or option("direction") == "both"):
        return "output_order='processing' in a stack"
    if option("dropout_per_gate") and not (option("dropout") or option("recurrent_dropout")):
        return "dropout_per_gate without dropout"
    return ""


def _common(combination: Combination) -> Combination:
    """The options that the oracle knows, but for ``gradients``, which may be drawn."""
    return {name: value for name, value in combination.items() if not is_call_option(name) and name != "gradients"}


def _key(combination: Combination) -> frozenset[tuple[str, Any]]:
    return frozenset(combination.items())


def as_markdown() -> str:
    """Every option that the oracle knows, as a Markdown table."""
    rows = ["| option | values | meaning | where it is left out |", "| --- | --- | --- | --- |"]
    for option in (*LAYER_OPTIONS, *CELL_OPTIONS):
        default = ", ".join(f"`{value}`" for value in option.defaults)
        default = default or ("drawn" if option in LAYER_OPTIONS else "the cell's default")
        rows.append(f"| `{option.name}` | {option.values} | {option.meaning} | {default} |")
    rows.append("| `dtype` | `float64`, `float32`, `float16`, `bfloat16` | working precision | all of `dtypes` |")
    return "\n".join(rows)
