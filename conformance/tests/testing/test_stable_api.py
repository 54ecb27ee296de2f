"""What the tests and plug-ins of others rely on keeps its names, parameters and defaults."""

from __future__ import annotations

import dataclasses

import pytest

from conformance import contract, pytest_plugin, testing
from refimpl.tests.signatures import signature

IF_MEANT = (
    "tests of others rely on it: keep the old form working, or write the new one here, raise the version in "
    "pyproject.toml and tell it in .github/CHANGELOG.md under `Changed`"
)
PROMISED = {
    "cases": "(seeds=3, **options)",
    "recipes": "(seeds=3, **options)",
    "oracle": "(case)",
}
FIELDS = {
    "Case": "cell params x initial_state d_outputs d_state mask lengths reverse masked_output output_order "
    "return_sequences dropout call_options",
    "Observed": "values missing path",
}
OPTIONAL_ATTRIBUTES = (
    "arithmetic device devices empty_batch every_release expensive ignores_nan_padding kernels prepare refused sizes "
    "stateful interface"
)


@pytest.mark.parametrize("name", PROMISED)
def test_a_function_for_tests_is_as_promised(name: str) -> None:
    assert signature(getattr(testing, name)) == PROMISED[name], IF_MEANT


@pytest.mark.parametrize("name", FIELDS)
def test_what_goes_in_and_out_keeps_its_fields_in_order(name: str) -> None:
    found = [field.name for field in dataclasses.fields(getattr(contract, name))]
    promised = FIELDS[name].split()
    assert found[: len(promised)] == promised, IF_MEANT


def test_an_implementation_may_declare_what_it_could() -> None:
    assert set(contract.OPTIONAL_ATTRIBUTES) >= set(OPTIONAL_ATTRIBUTES.split()), IF_MEANT


def test_the_fixtures_keep_their_names() -> None:
    assert callable(pytest_plugin.rnn_case), IF_MEANT
    assert callable(pytest_plugin.rnn_oracle), IF_MEANT
