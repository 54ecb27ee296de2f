"""Finding an implementation by name, and saying what was expected where there is none."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from conformance.cases.asking import observe
from conformance.contract import NotRun
from conformance.implementations import finding
from conformance.implementations.finding import BUILT_IN, Source, load, offered, source_of
from conformance.implementations.oracle.layers import Oracle

from ..support import HERE, example

PLUG_IN = """
class MyRNN:
    name, versions, dtypes, cells = "my-rnn", {"my-rnn": "1.0"}, ["float64"], [{"kind": "SimpleRNN"}]

    def observe(self, case):
        return {"outputs": case.x}
"""


def saved(folder: Path, source: str, name: str = "") -> Path:
    path = folder / (name or f"plug_in_of_{folder.name}.py")
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)
    return path


def test_a_built_in_is_found_by_its_name() -> None:
    assert isinstance(load("oracle"), Oracle)


def test_an_implementation_is_found_by_module_and_class() -> None:
    assert load("conformance.tests.support.planted_faults:Sound").name == "sound"


def test_an_implementation_is_found_in_a_file_by_class(tmp_path: Path) -> None:
    assert load(f"{saved(tmp_path, PLUG_IN)}:MyRNN").name == "my-rnn"


def test_the_same_file_is_found_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path, PLUG_IN, "relative_plug_in.py")
    monkeypatch.chdir(tmp_path)
    assert load("relative_plug_in.py:MyRNN").name == "my-rnn"


def test_a_plug_in_that_returns_a_plain_mapping_is_observed(tmp_path: Path) -> None:
    case = example("SimpleRNN")
    outputs = observe(load(f"{saved(tmp_path, PLUG_IN)}:MyRNN"), case).values["outputs"]
    assert np.array_equal(outputs, case.x)
    assert not np.shares_memory(outputs, case.x), "what is kept of an answer is ours alone"


@pytest.mark.parametrize("name", ["tensorflow", "keras", "my_rnn.py", ""])
def test_an_unknown_name_is_answered_with_all_that_would_do(name: str) -> None:
    with pytest.raises(ValueError, match=r"^expected one of") as caught:
        source_of(name)
    for expected in (*BUILT_IN, "package.module:Class", "path/to/file.py:Class", repr(name)):
        assert expected in str(caught.value), f"{expected} is not in: {caught.value}"


def test_a_missing_file_is_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="no such file") as caught:
        load("nowhere.py:MyRNN")
    assert str(tmp_path / "nowhere.py") in str(caught.value)


def test_a_file_that_would_hide_a_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"json\.py has the name of the module .*: rename it"):
        load(f"{saved(tmp_path, PLUG_IN, 'json.py')}:MyRNN")


@pytest.mark.parametrize("attribute", ["name", "versions", "dtypes", "cells"])
def test_an_implementation_without_an_attribute_is_told_which(tmp_path: Path, attribute: str) -> None:
    source = f"{PLUG_IN}\nMyRNN.{attribute} = []\n"
    with pytest.raises(ValueError, match=f"expected an attribute '{attribute}' that is not empty"):
        load(f"{saved(tmp_path, source)}:MyRNN")


@pytest.mark.parametrize("where", [str(HERE / "planted_faults.py"), "conformance.tests.support.planted_faults"])
def test_a_missing_class_is_named_with_the_place_where_it_was_sought(where: str) -> None:
    with pytest.raises(ValueError, match="has no 'Sond'") as caught:
        load(f"{where}:Sond")
    assert where in str(caught.value)


def test_a_package_that_is_not_there_is_not_run_and_named() -> None:
    with pytest.raises(NotRun, match=r"^no_such_package_anywhere is not installed$"):
        load("no_such_package_anywhere.rnn:Layer")


@pytest.mark.parametrize("indent", ["", "    def __init__(self): "], ids=["on import", "when it is made"])
def test_a_plug_in_whose_framework_is_absent_is_not_run_and_names_it(indent: str, tmp_path: Path) -> None:
    line = f"{indent}import no_such_framework\n"
    path = saved(tmp_path, PLUG_IN + line if indent else line + PLUG_IN, "")
    with pytest.raises(NotRun, match=r"^no_such_framework is not installed$"):
        load(f"{path}:MyRNN")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A framework's folder, the only one there is."""
    monkeypatch.setattr(finding, "FOLDER", tmp_path)
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


OFFERS = """
extra = "mine"
packages = ["mine"]

[mine]
implementation = "layers:Mine"
timed = "timed:Mine"
seconds = 7

[mine-exported]
packages = ["mine", "exporter"]
implementation = "exported:Mine"
seconds = 9
"""


def test_a_folder_offers_what_its_file_says_and_the_slowest_comes_first(folder: Path) -> None:
    (folder / "framework.toml").write_text(OFFERS)
    package = "conformance.implementations.mine"
    assert offered.__wrapped__("implementation") == {
        "mine-exported": Source(f"{package}.exported:Mine", {}, "mine", ("mine", "exporter"), 9),
        "mine": Source(f"{package}.layers:Mine", {}, "mine", ("mine",), 7),
    }
    assert list(offered.__wrapped__("implementation")) == ["mine-exported", "mine"]
    assert offered.__wrapped__("timed") == {"mine": Source(f"{package}.timed:Mine", {}, "mine", ("mine",))}
    assert offered.__wrapped__("training") == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("timed = ", "timd = ", r"\$\.mine: .*'timd' was unexpected"),
        ("[mine]", "[empty]\n[mine]", r"\$\.empty: .* is not valid under any of the schemas"),
        ('"timed:Mine"', '"timed.py:Mine!"', r"\$\.mine\.timed: .* does not match"),
        ("seconds = 7", "seconds = -7", r"\$\.mine\.seconds: -7 is less than the minimum"),
        ('extra = "mine"', "extra = 1", r"\$\.extra: 1 is not of type 'string'"),
    ],
    ids=["misspelt", "offers nothing", "target", "seconds", "shared"],
)
def test_a_file_that_is_out_of_order_is_refused_by_place(old: str, new: str, message: str, folder: Path) -> None:
    (folder / "framework.toml").write_text(OFFERS.replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"^mine/framework\.toml: {message}"):
        offered.__wrapped__("implementation")


def test_a_name_that_two_folders_offer_is_refused(folder: Path) -> None:
    (folder / "framework.toml").write_text(OFFERS)
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "framework.toml").write_text('[mine]\nimplementation = "layers:Other"\n')
    with pytest.raises(ValueError, match=r"^other/framework\.toml: 'mine' is offered by another folder too$"):
        offered.__wrapped__("implementation")


@pytest.mark.parametrize("kind", ["implementation", "timed", "training", "activations", "published_cases"])
def test_every_offer_names_a_module_of_its_folder(kind: str) -> None:
    assert offered(kind), kind
    for name, source in offered(kind).items():
        module, _, attribute = source.target.partition(":")
        path = HERE.parents[2] / f"{module.replace('.', '/')}.py"
        assert path.is_file(), f"{name}: {source.target}"
        assert re.search(rf"^(class|def) {attribute}\b", path.read_text(), re.MULTILINE), f"{name}: {source.target}"


FRAMEWORK_OF = {
    **dict.fromkeys((name for name in BUILT_IN if name.startswith("torch")), "torch"),
    **dict.fromkeys((name for name in BUILT_IN if name.startswith("keras")), "keras"),
}


@pytest.mark.parametrize("name", FRAMEWORK_OF)
def test_a_built_in_whose_framework_is_absent_is_not_run_with_a_hint(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    framework = FRAMEWORK_OF[name]
    monkeypatch.setitem(sys.modules, framework, None)  # what Python itself takes for "not installed"
    for imported in [module for module in sys.modules if re.match(r"conformance\.implementations\.\w+\.", module)]:
        monkeypatch.delitem(sys.modules, imported)
    monkeypatch.setenv("KERAS_BACKEND", "")  # restored afterwards: `load` sets it
    with pytest.raises(NotRun) as caught:
        load(name)
    extra = "torch" if name.startswith("torch") and name != "torch-onnx" else name
    assert str(caught.value) == f"{framework} is not installed (pip install 'rnn-conformance[{extra}]')"


def test_a_device_that_an_implementation_does_not_know_is_not_run() -> None:
    with pytest.raises(NotRun, match=r"^oracle is not checked on cuda$"):
        load("oracle", "cuda")


def test_the_cuda_build_is_refused_where_the_cpu_build_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setenv("RNN_CONFORMANCE_TORCH_BUILD", "cpu")
    with pytest.raises(ValueError, match=r"the CUDA build of PyTorch .* where the CPU build was meant") as caught:
        load("torch")
    assert "--torch-backend cpu" in str(caught.value), "it is not said how to get the other build"


def test_the_cuda_build_is_welcome_where_nothing_was_said_of_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.delenv("RNN_CONFORMANCE_TORCH_BUILD", raising=False)
    assert load("torch").name == "torch"
