"""What an implementation declares is checked: each nonsense is refused by its name, value and what is known."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from conformance.cases.declarations import MOST_COMBINATIONS, MOST_ENTRIES, MOST_OPTIONS, MOST_VALUES
from conformance.cases.option_space import call_options_of, space_of
from conformance.cases.option_table import LAYER_OPTIONS, OPTIONS

DTYPES = ("float64",)


class _Endless(Mapping[str, Any]):
    """A mapping of options without end."""

    def __getitem__(self, name: str) -> Any:
        return (1,)

    def __iter__(self) -> Iterator[str]:
        return (f"option {k}" for k in itertools.count())

    def __len__(self) -> int:
        return 1


class _EndlessTuple(tuple[Any, ...]):
    """A tuple that says that it is short, and never ends."""

    def __iter__(self) -> Iterator[Any]:
        return itertools.count()


class _Unwilling(str):
    """Text that cannot be hashed, compared or shown."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


def complaint_about(cells: Any, dtypes: Any = DTYPES) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (what it says is the test)
        space_of(cells, dtypes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("entry", "parts"),
    [
        ({"kind": "GRU", "lenghts": ("none", "sorted")}, ("the option 'lenghts'", "did you mean 'lengths'?")),
        ({"kind": "GRU", "layer": (1, 2)}, ("the option 'layer'", "did you mean 'layers'?")),
        ({"kind": "GRU", "msak": ("right",)}, ("the option 'msak'", "did you mean 'mask'?")),
        ({"kind": "GRU", "Initial-State": (True,)}, ("'Initial-State'", "did you mean 'initial_state'?")),
        ({"kind": "LSTM", "peephole": (True,)}, ("'peephole'", "did you mean 'peepholes'?")),
        ({"kind": "GRU", "return_sequence": (True,)}, ("did you mean 'return_sequences'?",)),
        ({"kind": "GRU", "hidden_size": (3,)}, ("'hidden_size' is no option", "`sizes`")),
        ({"kind": "GRU", 3: (1,)}, ("expected the name of an option, got 3",)),
        ({"kind": "GRU", ("a",): (1,)}, ("expected the name of an option, got an object of type tuple",)),
        ({"kind": "GRU", "": (1,)}, ("expected the name of an option, got ''",)),
        ({"kind": "GRU", "\x1b[31mred": (1,)}, (r"got '\x1b[31mred'",)),
        ({"direction": ("forward",)}, ("expected a kind out of SimpleRNN, LSTM, GRU, got None",)),
        ({"kind": "Lstm"}, ("got 'Lstm'; did you mean 'LSTM'?",)),
        ({"kind": ("GRU",)}, ("got an object of type tuple",)),
        ({"kind": ["GRU"]}, ("got an object of type list",)),
        ({"kind": "GRU", "direction": ("forward", "backwards")}, ("direction: 'backwards' is not", "'backward'?")),
        ({"kind": "GRU", "initial_state": ("yes",)}, ("initial_state: 'yes' is not known", "False, True")),
        ({"kind": "GRU", "initial_state": (1,)}, ("initial_state: 1 is not known", "False, True")),
        ({"kind": "GRU", "backward_cell": ("diferent",)}, ("'diferent' is not known", "did you mean 'different'?")),
        ({"kind": "GRU", "layers": (0,)}, ("layers: 0 is not known", "1, 2, 3, …")),
        ({"kind": "GRU", "layers": (True,)}, ("layers: True is not known",)),
        ({"kind": "GRU", "layers": (10**500,)}, ("layers: an integer of very many digits is not known",)),
        ({"kind": "GRU", "layers": (math.nan,)}, ("layers: nan is not known",)),
        ({"kind": "GRU", "activation": ("tnah",)}, ("activation: 'tnah' is not known", "names, as tanh")),
        ({"kind": "GRU", "activation": ("leaky_relu(nan)",)}, ("activation: 'leaky_relu(nan)' is not known",)),
        ({"kind": "GRU", "dtype": ("flaot64",)}, ("dtype: 'flaot64' is not known", "did you mean 'float64'?")),
        ({"kind": "GRU", "direction": ("forward", "forward")}, ("direction: 'forward' is given twice",)),
        ({"kind": "GRU", "unroll": (1, True)}, ("unroll: True is given twice",)),
        ({"kind": "GRU", "unroll": itertools.count()}, ("unroll: expected a tuple", "of type count")),
        ({"kind": "GRU", "unroll": _EndlessTuple((1,))}, (f"unroll: expected at most {MOST_VALUES:,} values",)),
        ({"kind": "GRU", "unroll": {"a": 1}}, ("unroll: expected a tuple of values, got an object of type dict",)),
        ({"kind": "GRU", "unroll": ([1],)}, ("unroll: expected text, finite numbers", "got an object of type list")),
        ({"kind": "GRU", "unroll": (math.nan,)}, ("unroll: expected text, finite numbers", "got nan")),
        ({"kind": "GRU", "unroll": (_Unwilling("a"),)}, ("got an object of type _Unwilling",)),
        ({"kind": "GRU", "direction": (_Unwilling("a"),)}, ("direction: an object of type _Unwilling is not known",)),
        (_Endless(), (f"expected at most {MOST_OPTIONS} options, got more",)),
        ("LSTM", ("expected a mapping of option to values, got 'LSTM'",)),
        (["kind", "LSTM"], ("expected a mapping of option to values, got an object of type list",)),
    ],
    ids=lambda each: f"{each!r:.50}" if isinstance(each, tuple) else "",
)  # fmt: skip
def test_nonsense_is_refused_by_entry_option_and_value_with_what_is_known(entry: Any, parts: tuple[str, ...]) -> None:
    said = complaint_about([{"kind": "LSTM"}, entry])
    assert said.startswith("cells: entry 2"), said
    assert "\n" not in said
    assert len(said) < 1000
    for part in parts:
        assert part in said


@pytest.mark.parametrize(
    ("cells", "part"),
    [
        ("LSTM", "cells: expected a tuple of entries, got 'LSTM'"),
        ({"kind": "LSTM"}, "cells: expected a tuple of entries, got an object of type dict"),
        (({"kind": "LSTM"} for _ in itertools.count()), "cells: expected a tuple of entries, got an object"),
        (7, "cells: expected a tuple of entries, got 7"),
        ((), "cells: expected a tuple of entries that is not empty, got ()"),
        ([{"kind": "LSTM"}] * (MOST_ENTRIES + 1), f"cells: expected at most {MOST_ENTRIES:,} entries, got more"),
    ],
    ids=("text", "one entry", "endless", "number", "empty", "too many"),  # the same in every process
)  # fmt: skip
def test_cells_that_are_no_list_of_entries_are_refused(cells: Any, part: str) -> None:
    assert complaint_about(cells).startswith(part)


@pytest.mark.parametrize(
    ("dtypes", "part"),
    [
        (("float32", "flaot64"), "dtypes: 'flaot64' is not known; expected out of 'float64', 'float32'"),
        (("float32", "float32"), "dtypes: 'float32' is given twice"),
        ("float32", "dtypes: expected a tuple of values, got 'float32'"),
        ((float,), "dtypes: an object of type type is not known"),
    ],
    ids=str,
)
def test_dtypes_are_checked_too(dtypes: Any, part: str) -> None:
    assert complaint_about([{"kind": "GRU"}], dtypes).startswith(part)


def test_a_product_of_a_thousand_million_is_refused_before_anything_is_multiplied_out() -> None:
    own = {f"switch {k}": tuple(range(1000)) for k in range(3)}
    said = complaint_about([{"kind": "GRU", **own}])
    assert "entry 1 (GRU): the entries up to this one have 2e+09 combinations; expected at most 100,000" in said


def test_many_entries_that_are_each_within_the_limit_are_counted_together() -> None:
    entry = {"kind": "GRU", "switch": tuple(range(1000)), "other": tuple(range(20))}
    assert "cells: entry 3 (GRU)" in complaint_about([entry] * (MOST_COMBINATIONS // 40_000 + 1))


def test_options_of_one_s_own_are_kept_in_any_container_that_has_an_end() -> None:
    (entry,) = space_of(
        [MappingProxyType({"kind": "GRU", "initial_state": [True], "bias_first": {"b", "a"}, "taps": range(2)})], DTYPES
    ).entries
    assert (entry["bias_first"], entry["taps"], entry["initial_state"]) == (("a", "b"), (0, 1), (True,))
    own = {"pair": ((1, 2),), "nothing": (None,), "rate": (0.5,), "idle_dropout": (True,), "backward_layer": (True,)}
    (one,) = space_of([{"kind": "GRU", "initial_state": (True,), **own}], DTYPES).valid
    assert call_options_of(one) == {name: values[0] for name, values in own.items()}


@pytest.mark.parametrize("name", [*(option.name for option in LAYER_OPTIONS), "activation", "dtype"])
def test_each_option_misspelt_by_two_letters_changing_places_is_told_its_name(name: str) -> None:
    place = next(k for k in range(len(name) - 1) if name[k] != name[k + 1])
    misspelt = name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    assert f"did you mean {name!r}?" in complaint_about([{"kind": "LSTM", misspelt: (True,)}])


def test_every_choice_of_the_table_is_a_value_that_it_takes_and_none_of_another_type() -> None:
    for option in OPTIONS.values():
        assert all(option.takes(choice) for choice in option.choices), option.name
        floats = [choice for choice in option.choices if type(choice) is float]
        others = [value for value in (0, 1.0, 1.5, "no such", b"none", ("none",), object()) if value not in floats]
        assert not any(option.takes(value) for value in others), option.name
