"""An implementation's declared products, as the set of valid combinations, and what is refused of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conformance.cases import option_table as options
from conformance.cases.option_space import call_options_of, space_of
from conformance.tests.support import ROOT, example

DTYPES = ("float64", "float32")


def test_an_entry_is_the_product_of_its_values_and_of_the_defaults_of_what_it_leaves_out() -> None:
    space = space_of([{"kind": "LSTM", "direction": ("forward", "backward"), "use_bias": (False,)}], DTYPES)
    assert len(space.valid) == 2 * 2 * 2, "two directions, two dtypes, and with or without initial state"
    assert {one["dtype"] for one in space.valid} == set(DTYPES)
    assert {one["initial_state"] for one in space.valid} == {False, True}
    fixed = {"kind": "LSTM", "use_bias": False, "layers": 1, "mask": "none", "peepholes": False, "projection": False}
    assert all(one[name] == value for one in space.valid for name, value in fixed.items())


def test_a_combination_has_the_options_of_its_kind_of_cell_only() -> None:
    (one, *_) = space_of([{"kind": "SimpleRNN"}], DTYPES).valid
    assert "recurrent_activation" not in one
    assert "peepholes" not in one
    assert "reset_after" in space_of([{"kind": "GRU"}], DTYPES).valid[0]


def test_every_option_of_a_case_is_in_the_combinations_and_no_other() -> None:
    for kind in ("SimpleRNN", "LSTM", "GRU"):
        (one, *_) = space_of([{"kind": kind}], DTYPES).valid
        assert set(one) == set(example(kind).options) - {"gradients"}, kind


def test_an_option_that_the_oracle_does_not_know_is_the_implementation_s_own() -> None:
    space = space_of([{"kind": "GRU", "unroll": (False, True), "clip": (True,)}], ("float64",))
    assert [call_options_of(one)["unroll"] for one in space.valid] == [False, True, False, True]
    assert all(set(call_options_of(one)) == {"unroll"} for one in space.valid)


def test_a_combination_that_two_entries_have_counts_once() -> None:
    twice: list[Mapping[str, Any]] = [{"kind": "GRU"}, {"kind": "GRU", "layers": (1, 2)}]
    assert len(space_of(twice, DTYPES).valid) == len(space_of(twice[1:], DTYPES).valid)


def test_what_is_refused_leaves_the_valid_set_and_is_kept_with_its_reason() -> None:
    refused = [{"when": {"layers": (2,), "dtype": ("float32",)}, "reason": "no kernel", "message": "not implemented"}]
    space = space_of([{"kind": "GRU", "layers": (1, 2)}], DTYPES, refused)
    ((refusal, its),) = space.refused
    assert (refusal.reason, len(its), len(space.valid)) == ("no kernel", 2, 6)
    assert all(one["layers"] == 2 and one["dtype"] == "float32" for one in its)
    assert not any(one in space for one in its)
    assert all(one in space for one in space.valid)
    assert all(space.refuses(one) for one in its)


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"kind": "QRNN"}, "expected a kind out of SimpleRNN, LSTM, GRU, got 'QRNN'"),
        ({"kind": "GRU", "peepholes": (True,)}, "a GRU has no option 'peepholes'"),
        ({"kind": "GRU", "activation": "tanh"}, "expected a tuple of values, got 'tanh'"),
        ({"kind": "GRU", "layers": ()}, "expected a tuple of values"),
        ({"kind": "GRU", "layers": 2}, "expected a tuple of values, got 2"),
        ({"kind": "GRU", "mask": ("none", "right"), "lengths": ("none", "sorted")}, "mask and lengths at once"),
        ({"kind": "GRU", "merge": ("sum",)}, "merge or a different backward cell with one direction only"),
        ({"kind": "GRU", "backward_cell": ("alike", "different")}, "different backward cell with one direction only"),
        ({"kind": "GRU", "between_dropout": (True,)}, "between_dropout with one layer"),
        ({"kind": "GRU", "layers": (1, 2), "output_order": ("processing",)}, "in a stack"),
        ({"kind": "GRU", "dropout_per_gate": (True,)}, "dropout_per_gate without dropout"),
    ],
    ids=str,
)
def test_nonsense_in_an_entry_is_an_error_that_says_what_is_wrong(entry: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match="cells: ") as caught:
        space_of([entry], DTYPES)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "refusal",
    [
        {"when": {"layers": (3,)}, "reason": "never declared", "message": "no"},
        {"when": {"layer": (2,)}, "reason": "misspelt", "message": "no"},
        {"when": {"layers": (2,)}, "reason": "says nothing", "message": ""},
        {"when": {}, "reason": "everything", "message": "no"},
        {"when": {"layers": (2,)}, "message": "no"},
    ],
    ids=str,
)
def test_a_refusal_that_refuses_nothing_or_says_too_little_is_an_error(refusal: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="refused: "):
        space_of([{"kind": "GRU", "layers": (1, 2)}], DTYPES, [refusal])


def test_the_table_has_every_option_that_a_case_has() -> None:
    table = options.as_markdown()
    for kind in ("SimpleRNN", "LSTM", "GRU"):
        for name in set(example(kind).options) - {"kind"}:
            assert f"| `{name}` |" in table, f"{name} is not documented"


def test_the_page_has_the_table_of_options_as_it_is() -> None:
    page = Path(ROOT / "conformance" / "cases" / "OPTIONS.md")
    assert options.as_markdown() in page.read_text(encoding="utf-8"), "make it anew: python -m conformance docs"
