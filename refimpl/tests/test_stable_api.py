"""The stable API is what `stable_api.txt` promises: a changed signature fails, and the message says what to do."""

from __future__ import annotations

import importlib
import inspect

import pytest

from .. import __name__ as root
from .signatures import FILE, as_it_is, lookup, promises, signature

PROMISED = promises(FILE.read_text(encoding="utf-8"))
IF_MEANT = (
    "Callers rely on it: keep the old form working. If the change is meant, write this line into "
    "refimpl/tests/stable_api.txt, raise the version in pyproject.toml (the second number, as long as the first is 0), "
    "and tell it in .github/CHANGELOG.md under `Changed`"
)


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_name_is_as_promised(name: str) -> None:
    found = as_it_is(PROMISED[name])
    assert found == PROMISED[name], f"\npromised: {PROMISED[name]}\nfound:    {found}\n{IF_MEANT}"


def test_every_name_that_the_package_exports_is_promised() -> None:
    promised = {name.split(" has ")[0] for name in PROMISED}
    package, layouts = importlib.import_module(root), importlib.import_module(f"{root}.layouts")
    exported = {*package.__all__, *(f"layouts.{name}" for name in layouts.__all__)}
    exported -= {"AnyRun", "head"}  # a union of two that are promised, and a module whose classes are exported
    missing = sorted(name for name in exported if not any(f"{each}.".startswith(f"{name}.") for each in promised))
    lines = [f"{name}{signature(lookup(name))}" if callable(lookup(name)) else f"{name}.…" for name in missing]
    assert not missing, f"new: write into refimpl/tests/stable_api.txt what callers may rely on: {lines}"


def changed(count: int, *, exact: bool = False, **rest: object) -> None:
    """Stands for a function."""


@pytest.mark.parametrize(
    "other",
    [
        "(number, *, exact=False, **rest)",
        "(count, *, exact=True, **rest)",
        "(count, exact=False, **rest)",
        "(count, *, exact=False)",
        "(count=1, *, exact=False, **rest)",
        "(exact, *, count=False, **rest)",
    ],
)
def test_names_kinds_defaults_and_order_are_all_in_a_line(other: str) -> None:
    assert signature(changed) == "(count, *, exact=False, **rest)" != other
    code = f"def changed{other}: pass"
    scope: dict[str, object] = {}
    exec(code, scope)
    assert inspect.isfunction(scope["changed"])
    assert signature(scope["changed"]) == other


def test_what_is_gone_is_named() -> None:
    assert as_it_is("forwards(cell)") == "forwards is gone"
    assert as_it_is("layouts.caffe.load(cell, weights)") == "layouts.caffe.load is gone"
    assert as_it_is("Run has outputs, outcome, states") == "Run lacks outcome, states"
    assert as_it_is("forward(cell, params)").startswith("forward(cell, params, x, ")


def test_a_name_stands_there_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        promises("# a remark\nforward(cell)\nforward(cell, params)\n")
