"""The pytest plug-in ``rnn_conformance``: the fixtures ``rnn_case`` and ``rnn_oracle``, for tests of your own kernel.

    @pytest.mark.rnn_cases(kind="LSTM", mask=["none", "right"])
    def test_my_lstm(rnn_case, rnn_oracle):
        ...

Its entry point loads it into every pytest run of an environment. So it imports nothing but pytest, until a test asks
for a case. `testing` has the same for unittest and plain scripts; `testing.md` shows all three.
"""

from __future__ import annotations

from typing import Any

import pytest

_MARKER = (
    "rnn_cases(seeds=..., **options): the cases of the fixture rnn_case: options of layers by name, each a value or a "
    "list of values, and how many seeds or which (conformance.testing.recipes)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("rnn_seeds", "how many cases rnn_case has for each combination of options (default: 3)", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "rnn_case" not in metafunc.fixturenames:
        return
    from .testing import recipes

    try:
        found = recipes(**_asked_for(metafunc))
    except (TypeError, ValueError) as wrong:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: rnn_cases: {wrong}") from None
    metafunc.parametrize("rnn_case", found, ids=[each.name for each in found], indirect=True)


def _asked_for(metafunc: pytest.Metafunc) -> dict[str, Any]:
    """What the markers say, the function's own over its class's and module's, over the configuration."""
    asked: dict[str, Any] = {}
    if configured := metafunc.config.getini("rnn_seeds"):
        if not configured.isdecimal():
            raise ValueError(f"rnn_seeds: expected how many, got {configured!r}")
        asked["seeds"] = int(configured)
    for marker in reversed(list(metafunc.definition.iter_markers("rnn_cases"))):
        if marker.args:
            raise ValueError(f"expected options by name, got {marker.args[0]!r}")
        asked |= marker.kwargs
    return asked


@pytest.fixture
def rnn_case(request: pytest.FixtureRequest) -> Any:
    """A case: `conformance.contract.Case`. The marker ``rnn_cases`` says which; a failure prints it."""
    case = request.param.case()
    request.node.add_report_section("call", "rnn_case", f"{request.param.name}: {case!r}")
    return case


@pytest.fixture
def rnn_oracle(rnn_case: Any) -> Any:
    """The oracle's run of the case, in float64, as ``refimpl.assert_agrees`` takes it."""
    from .testing import oracle

    return oracle(rnn_case)
