"""Every public function, called with bad values: it refuses them by `InvalidArgument`, or its answer is right.

20,000 calls in all; ``REFIMPL_CALLS=100000 pytest refimpl/tests/test_every_public_function.py`` makes more.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from .. import InvalidArgument, checks
from .. import __name__ as root
from .judged_calls import LARGE, Call, Outcome, outcomes
from .public_functions import INSIDE, modules, public_functions
from .valid_calls import valid_calls

CALLS = int(os.environ.get("REFIMPL_CALLS", "20000"))
VALID = valid_calls()
TRIED = [name for name, calls in VALID.items() if any(call.arguments.keys() - {"self"} for call in calls)]
EACH = -(-CALLS // sum(len(VALID[name]) for name in TRIED))
HOW_TO_ADD = "add a valid call of it to refimpl/tests/valid_calls, or, if it gets checked arguments only, to INSIDE"


def found(call: Call, count: int, seed: int = 0) -> list[Outcome]:
    return list(outcomes(call, count, np.random.default_rng(seed)))


def test_every_public_function_has_a_valid_call() -> None:
    missing = public_functions().keys() - VALID.keys()
    assert not missing, f"{', '.join(sorted(missing))}: {HOW_TO_ADD}"


def test_no_valid_call_is_of_a_function_that_is_gone() -> None:
    assert not VALID.keys() - public_functions().keys()


def test_no_reason_is_given_for_what_is_gone() -> None:
    there: set[str] = set()
    for module in modules():
        where = module.__name__.removeprefix(root).lstrip(".")
        there |= {where} | {f"{where}.{name}".lstrip(".") for name in vars(module)}
        for name, kind in vars(module).items():
            there |= {f"{where}.{name}.{method}".lstrip(".") for method in dir(kind) if isinstance(kind, type)}
    assert not INSIDE.keys() - there


@pytest.mark.parametrize("name", VALID)
def test_a_valid_call_is_answered(name: str) -> None:
    for call in VALID[name]:
        call.answer()


@pytest.mark.parametrize("name", TRIED)
def test_a_bad_value_is_refused_or_answered_right(name: str) -> None:
    seed = zlib.crc32(name.encode())
    for k, call in enumerate(VALID[name]):
        wrong = [outcome for outcome in found(call, EACH, seed + k) if not outcome.holds]
        assert not wrong, f"{name}: {len(wrong)} of {EACH} calls; the first: {wrong[0]}"


# What the test above must notice: functions with faults, each called with what the grammar has for its arguments.


def without_checks(x: Any) -> Any:
    if np.size(x) > LARGE:
        raise InvalidArgument("x", expected="what can be summed before the night", got=np.size(x))
    return x.sum(axis=1)


def with_another_refusal(x: Any) -> Any:
    if np.shape(x) != (2, 3):
        raise ValueError("x")
    return checks.shaped("x", x, (2, 3))


def that_names_nothing(x: Any) -> Any:
    return checks.shaped("this", x, (2, 3))


def that_spoils_its_argument(x: Any) -> Any:
    found = checks.floats("x", x, least_rank=1)
    if found.flags.writeable:
        found[...] = 0
    return found


def that_drops_a_mask(x: Any) -> Any:
    return checks.shaped("x", x.filled(0) if isinstance(x, np.ma.MaskedArray) else x, (2, 3))


def that_drops_an_imaginary_part(x: Any) -> Any:
    is_complex = isinstance(x, np.ndarray) and x.dtype.kind == "c"
    return checks.shaped("x", x.real if is_complex else x, (2, 3))


def that_lets_sizes_broadcast(x: Any) -> Any:
    return checks.floats("x", x, least_rank=2) + np.zeros((2, 3))


def that_takes_floats_for_counts(count: Any) -> Any:
    return int(checks.number("count", count, least=0))


def that_lets_a_number_of_numpy_through(rate: Any) -> Any:
    checks.number("rate", rate)
    return np.float32(2) * rate


def that_takes_any_word(word: Any) -> Any:
    return checks.text("word", word)


def that_ignores_further_names(arrays: Any) -> Any:
    return checks.mapping("arrays", arrays, ("kernel",), others=True)["kernel"]


def that_takes_memory_first(rows: Any) -> Any:
    return np.zeros(checks.count("rows", rows))


X, OTHER, SILENT = {"x": np.arange(6.0).reshape(2, 3) / 8}, "another exception", "a silent answer"
PLANTED: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
    (without_checks, X, SILENT),
    (without_checks, X, OTHER),
    (with_another_refusal, X, OTHER),
    (that_names_nothing, X, "a refusal that names no argument"),
    (that_spoils_its_argument, X, "an argument was changed"),
    (that_drops_a_mask, X, SILENT),
    (that_drops_an_imaginary_part, X, SILENT),
    (that_lets_sizes_broadcast, X, SILENT),
    (that_takes_floats_for_counts, {"count": 3}, SILENT),
    (that_lets_a_number_of_numpy_through, {"rate": 0.5}, "another answer to the same question"),
    (that_takes_any_word, {"word": "keras"}, SILENT),
    (that_ignores_further_names, {"arrays": {"kernel": X["x"]}}, SILENT),
    (that_takes_memory_first, {"rows": 3}, "another exception: MemoryError"),
]


@pytest.mark.parametrize(("function", "arguments", "word"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_fault_is_noticed(function: Callable[..., Any], arguments: dict[str, Any], word: str) -> None:
    call = Call(function, arguments)
    if function is that_spoils_its_argument:
        call = Call(function, {"x": X["x"].copy()})
    words = {outcome.word for outcome in found(call, 200) if not outcome.holds}
    assert any(each.startswith(word) for each in words), words


def test_a_function_with_checks_passes() -> None:
    def checked(x: Any, count: Any, word: Any) -> Any:
        array = checks.shaped("x", x, (2, 3))
        return array * min(checks.size("count", count), 9), checks.one_of("word", word, ("keras", "pytorch"))

    wrong = [each for each in found(Call(checked, {**X, "count": 3, "word": "keras"}), 500) if not each.holds]
    assert not wrong, wrong[0]


def test_a_new_function_is_found() -> None:
    module = ModuleType(f"{root}.planted")
    for name in ("planted", "_hidden"):
        exec(f"def {name}(x): return x", vars(module))
    new = set(public_functions(iter([module])))
    assert new == {"planted.planted"}
    assert not new & VALID.keys()
