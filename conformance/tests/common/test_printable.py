"""Texts of others: nothing in them moves a cursor, and what is too long says how much is left out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.common.printable import ITEMS, bounded, printable, printable_lines


class Untold:
    def __str__(self) -> str:
        raise RuntimeError("no text")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_one_printable_line(text: str) -> None:
    shown = printable(text, 1000)
    assert shown.isprintable()
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("torch", "torch"),
        ("naïve ∂h", "naïve ∂h"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\rc", "a\\nb\\rc"),
        ("\ud800", "\\ud800"),
        ("\u202eleft", "\\u202eleft"),
        (3, "3"),
        (None, "None"),
        (Untold(), "<Untold without a text>"),
    ],
)
def test_what_is_no_text_is_shown_as_one_and_what_is_no_letter_is_escaped(value: object, shown: str) -> None:
    assert printable(value) == shown


def test_what_is_left_out_is_counted() -> None:
    assert printable("x" * 240_000, 10) == f"{'x' * 10}… (239,990 more characters are left out)"
    assert printable("x" * 10, 10) == "x" * 10


def test_lines_stay_lines() -> None:
    assert printable_lines("a\n\tb\x1b", 100) == "a\n\tb\\x1b"


def test_data_is_bounded_at_every_depth() -> None:
    data = {"deep": [{"\x1b": ["y" * 10_000] * (ITEMS + 7)}], "number": 1.5, "none": None, "no": Untold()}
    found = bounded(data)
    assert len(json.dumps(found)) < 250_000
    items = found["deep"][0]["\\x1b"]
    assert (len(items), items[-1]) == (ITEMS + 1, "… and 7 more")
    assert "(8,000 more characters are left out)" in items[0]
    assert (found["number"], found["none"]) == (1.5, None)


def test_a_mapping_says_how_many_of_its_items_are_left_out() -> None:
    found = bounded({str(k): k for k in range(ITEMS + 3)})
    assert (len(found), found["…"]) == (ITEMS + 1, "and 3 more")
