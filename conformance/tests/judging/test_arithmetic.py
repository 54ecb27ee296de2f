"""Arithmetics are data with a source; an implementation names its own, and nothing else bounds an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import refimpl as ri
from conformance.implementations.finding import offered
from conformance.judging import arithmetic
from conformance.judging.arithmetic import arithmetic_of, known_wrong, measured, models
from conformance.judging.divergences import known_divergences
from conformance.tests.support import ROOT, example
from conformance.tests.support.planted_failures import Small
from conformance.tests.support.planted_faults import Sound
from refimpl.precision import Precision

VANISHING = {("torch-lstm", "sigmoid", "float32"): "torch-lstm-gates-vanish-early-in-float32"}
"""What is off by all of itself where it is tiny, and the entry that says so."""


def test_arithmetic_is_that_of_the_dtype_unless_an_implementation_names_another() -> None:
    assert arithmetic_of(Small(), example("LSTM")).name == "float64"
    named = type(
        "Named", (Sound,), {"arithmetic": {"float32": "float32, products in TF32", "float64": "float64, SLEEF"}}
    )
    assert arithmetic_of(named(), example("LSTM").in_dtype("float32")).factors == 11
    assert arithmetic_of(named(), example("LSTM")).ulps_of("tanh", 8) == 3
    assert arithmetic_of(named(), example("LSTM")).ulps_of("gelu", 8) == 8


def test_an_option_of_a_case_may_decide_the_arithmetic() -> None:
    allowing = type("Allowing", (Sound,), {"arithmetic": {"float32, tf32": "float32, products in TF32"}})()
    case = example("LSTM").in_dtype("float32")
    assert arithmetic_of(allowing, case).name == "float32"
    assert arithmetic_of(allowing, case.replace(call_options={"tf32": False})).name == "float32"
    assert arithmetic_of(allowing, case.replace(call_options={"tf32": True})).factors == 11


def test_the_value_of_an_option_may_decide_the_arithmetic() -> None:
    coarse = type("Coarse", (Sound,), {"arithmetic": {"float32, form=predict": "bfloat16"}})()
    case = example("LSTM").in_dtype("float32")
    assert arithmetic_of(coarse, case.replace(call_options={"form": "eager"})).name == "float32"
    assert arithmetic_of(coarse, case.replace(call_options={"form": "predict"})).name == "bfloat16"
    assert arithmetic_of(coarse, example("LSTM").replace(call_options={"form": "predict"})).name == "float64"


def test_an_unknown_arithmetic_is_told_with_who_named_it() -> None:
    unknown = type("Unknown", (Sound,), {"arithmetic": {"float32": "float31"}})()
    with pytest.raises(ValueError, match=r"sound: arithmetic\['float32'\]: dtype: expected float64 or .*got float31"):
        arithmetic_of(unknown, example("LSTM").in_dtype("float32"))


def test_no_model_allows_less_than_was_measured() -> None:
    """Of PyTorch where it names a model; and of NumPy in every float64 model, as verdicts take for granted."""
    ulps = {(found.framework, found.activation, found.dtype): found.ulps for found in measured()}
    for model in models().values():
        dtype = model.name.partition(",")[0]
        frameworks = {"float64": ("torch", "numpy"), "float32": ("torch", "torch-lstm")}[dtype]
        for framework in frameworks:
            for activation in ("tanh", "sigmoid"):
                if (framework, activation, dtype) not in VANISHING:
                    allowed = model.ulps_of(activation, ri.activations.named(activation).ulps)
                    assert allowed > 1.5 * ulps[framework, activation, dtype], (model.name, framework, activation)


def test_what_is_measured_to_be_wider_than_allowed_is_a_known_divergence() -> None:
    divergent = {
        name for entry in known_divergences() for name in entry.implementations if "lower precision" in entry.effect
    }
    by_script = {entry.id for entry in known_divergences() if entry.effect == "elsewhere"}
    for found in measured():
        stated = ri.activations.named(found.activation).ulps
        if found.ulps > stated:
            entry = VANISHING.get((found.framework, found.activation, found.dtype))
            framework = found.framework.removesuffix("-lstm").removesuffix("-gru")
            assert entry in by_script if entry else framework in divergent, found


MODEL = '[measured]\n[[model]]\nname = "x"\nof = "float64"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose ``*.toml`` stand in for the frameworks' files."""
    monkeypatch.setattr(arithmetic, "files", lambda: sorted(tmp_path.glob("*.toml")))
    cached = arithmetic._read, arithmetic.models
    for each in cached:
        each.cache_clear()
    yield tmp_path
    for each in cached:
        each.cache_clear()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("model = []", "'measured' is a required property"),
        (MODEL + "ulps = { tanh = 1 }", "'source' is a required property"),
        (MODEL + 'ulps = { tanh = 0 }\nsource = "s"', "minimum"),
        ("[measured.torch]\ntanh = { float64 = 1 }", "'versions' is a required property"),
        ('[measured.torch]\nversions = "1"', "has less than 2 properties"),
        ('[measured.torch]\nversions = "1"\ntanh = { float64 = -1 }', "minimum"),
        ('[measured.torch]\nversions = "1"\ntanh = { float8 = 1 }', "'float8' is not one of"),
        ('[measured]\n[wrong.torch]\ntanh = ["float8"]', "'float8' is not one of"),
    ],
)
def test_malformed_data_is_refused(content: str, message: str, folder: Path) -> None:
    (folder / "arithmetic.toml").write_text(content)
    with pytest.raises(ValueError, match=rf"{folder.name}/arithmetic\.toml: .*" + message):
        measured()


def test_two_models_of_one_name_are_refused(folder: Path) -> None:
    for name in "ab":
        (folder / f"{name}.toml").write_text(MODEL + 'ulps = { tanh = 1 }\nsource = "s"')
    with pytest.raises(ValueError, match="two models are named 'x'"):
        models()


def test_what_is_measured_or_wrong_is_an_activation_of_a_framework_that_offers_it() -> None:
    named = {(found.framework, found.activation) for found in measured()} | set(known_wrong())
    for framework, activation in named:
        assert framework in offered("activations"), framework
        ri.activations.named(activation)


NAMED_SO_BY_OTHERS = {
    "conformance/truth/vectors/tolerances.py": "derives the two that ONNX's test data have from proven bounds",
    "conformance/truth/vectors/onnx_files.py": "writes them down for ONNX's runner",
    "conformance/tests/truth/vectors/test_onnx_vectors.py": "holds them to the bounds",
    "conformance/tests/commands/test_readme.py": "shows what a guessed one lets pass",
}
"""The files in which the words stand for something else than a tolerance of ours, with what they stand for."""


def test_no_tolerance_is_written_down_by_hand() -> None:
    word = re.compile(r"\b(rtol|atol|(assert_)?allclose|isclose|approx|assert_almost_equal)\b")
    for path in [*(ROOT / "refimpl").rglob("*.py"), *(ROOT / "conformance").rglob("*.py")]:
        if path != Path(__file__) and path.relative_to(ROOT).as_posix() not in NAMED_SO_BY_OTHERS:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                assert not word.search(line), f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def test_every_arithmetic_that_hardware_has_is_known() -> None:
    for name in ("float16", "bfloat16"):
        assert Precision.of(f"{name}, sums in float32").sums == 24
        assert Precision.of(f"float32, weights in {name}").weights == Precision.of(name).bits
    assert Precision.of("float32, products in TF32").cut == 2.0**-10
