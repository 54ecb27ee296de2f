"""The script that a failure prints, saved to a file and run elsewhere, shows the difference on its own."""

from __future__ import annotations

import ast
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import refimpl as ri
from conformance.contract import Case, Implementation
from conformance.implementations.finding import load
from conformance.judging.divergences import Disagreement
from conformance.judging.expected import expect
from conformance.judging.reproduction import reproducing_script
from conformance.suite.session import PROFILES, Session

from ..support import Running, example, run_alone, script_in, start

PLUG_IN = """
import numpy as np


class Doubled:
    name, versions, dtypes, cells = "doubled", {"doubled": "1.0"}, ["float64"], [{"kind": "SimpleRNN"}]
    factor = 2

    def observe(self, case):
        (h,) = case.initial_state_or_zeros()
        outputs = []
        for t in range(case.x.shape[1]):
            projected = case.x[:, t] @ case.params["kernel"] + case.params["bias"]
            h = np.tanh(projected + h @ case.params["recurrent_kernel"])
            outputs.append(h)
        return {"outputs": np.stack(outputs, 1), "state.h": self.factor * h}


class Right(Doubled):
    factor = 1
"""


MAKES_A_SCRIPT = """
import sys
from conformance.contract import NotRun
from conformance.implementations.finding import load
from conformance.judging.divergences import divergences_of
from conformance.judging.expected import expect
from conformance.judging.reproduction import reproducing_script
try:
    implementation = load("keras-torch")
except NotRun as reason:
    raise SystemExit(f"not run: {reason}")
entries = [entry for entry in divergences_of(implementation) if entry.effect == "lower precision"]
if not entries:
    raise SystemExit("not run: no divergence of this version is known")
case = entries[0].minimal
open(sys.argv[1], "w").write(reproducing_script(implementation, case, expect(case)))
"""


@pytest.fixture(scope="module", autouse=True)
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    """The script of a real divergence, in the making while other tests run: Keras's backend takes its own process."""
    path = tmp_path_factory.mktemp("real") / "made.py"
    running = start("-c", MAKES_A_SCRIPT, str(path))
    yield running, path
    running.end()


def printed(implementation: Implementation, case: Case) -> str:
    """The script in the message with which a check of that case fails."""
    with pytest.raises(Disagreement) as caught:
        Session(implementation, PROFILES["quick"]).check("agreement", case)
    return script_in(str(caught.value))


def imports(source: str) -> set[str]:
    """The packages that a script imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found |= {name.split(".")[0] for name in names}
    return found - (set(sys.stdlib_module_names) - {"os", "sys", "types"})


def marks(said: str) -> dict[str, str]:
    """Quantity to the last word of its line, "ok" or "DIFFERS"."""
    return {line.split("[")[0]: line.split()[-1] for line in said.splitlines() if "error/bound" in line}


def assert_differs(source: str, folder: Path, quantity: str) -> None:
    ran = run_alone(source, folder)
    assert ran.returncode == 1, f"exit status {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
    assert "Traceback" not in ran.stderr, ran.stderr
    assert marks(ran.stdout).get(quantity) == "DIFFERS", ran.stdout


def assert_agrees(source: str, folder: Path, *quantities: str) -> None:
    ran = run_alone(source, folder)
    assert ran.returncode == 0, f"exit status {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
    assert set(marks(ran.stdout).values()) == {"ok"}, ran.stdout
    assert set(quantities) <= set(marks(ran.stdout)), f"not compared: {set(quantities) - set(marks(ran.stdout))}"


def test_a_faulty_framework_is_shown_without_this_project(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    from ..support.planted_program import GatesExchanged

    source = printed(GatesExchanged(), example("LSTM", use_recurrent_bias=True))
    assert imports(source) == {"numpy", "torch"}
    assert_differs(source, tmp_path, "outputs")


def test_a_sound_framework_is_shown_to_agree_in_every_quantity(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    case = example("GRU", "float32")
    source = reproducing_script(load("torch"), case, expect(case))
    assert imports(source) == {"numpy", "torch"}
    weights = [f"d_weights.{name}_l0" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    assert_agrees(source, tmp_path, "outputs", "h_n", "d_x", "d_h_0", *weights)


@pytest.fixture
def plug_in(tmp_path: Path) -> Path:
    path = tmp_path / f"written_for_{tmp_path.name}.py"
    path.write_text(PLUG_IN)
    return path


def elsewhere(folder: Path) -> Path:
    """Another folder to run in."""
    path = folder / "elsewhere"
    path.mkdir()
    return path


def test_a_faulty_plug_in_from_a_file_is_shown_from_another_folder(plug_in: Path, tmp_path: Path) -> None:
    source = printed(load(f"{plug_in}:Doubled"), example("SimpleRNN"))
    assert_differs(source, elsewhere(tmp_path), "state.h")
    assert imports(source) == {"numpy", "refimpl", "sys", "types"}


def test_a_sound_plug_in_from_a_file_is_shown_to_agree(plug_in: Path, tmp_path: Path) -> None:
    case = example("SimpleRNN").replace(initial_state=None)
    assert_agrees(reproducing_script(load(f"{plug_in}:Right"), case, expect(case)), elsewhere(tmp_path))


def test_a_faulty_plug_in_from_a_package_is_shown_from_another_folder(
    plug_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "somebodys_package"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.move(plug_in, package / "layers.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    source = printed(load("somebodys_package.layers:Doubled"), example("SimpleRNN"))
    assert_differs(source, elsewhere(tmp_path), "state.h")


BY_LAYOUTS = """
import refimpl as ri
from refimpl.layouts import pytorch


class Doubled:
    name, versions, dtypes, cells = "by-layouts", {"by-layouts": "1.0"}, ["float64"], [{"kind": "LSTM"}]
    factor = 2

    def observe(self, case):
        assert case.options["kind"] == case.kind and case.dtype_name == "float64", "as the suite's case has it"
        params = pytorch.load(case.cell, pytorch.dump(case.cell, case.params))
        run = ri.forward(case.cell, params, case.x, initial_state=case.initial_state, reverse=case.reverse)
        assert run.outputs.shape == case.outputs_shape
        return {"outputs": self.factor * run.outputs}


class Right(Doubled):
    factor = 1
"""


@pytest.mark.parametrize("name", ["22_bad", "with space"])
def test_a_file_whose_name_is_no_identifier_is_shown(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.py"
    path.write_text(PLUG_IN)
    assert_differs(printed(load(f"{path}:Doubled"), example("SimpleRNN")), elsewhere(tmp_path), "state.h")
    case = example("SimpleRNN").replace(initial_state=None)
    assert_agrees(reproducing_script(load(f"{path}:Right"), case, expect(case)), tmp_path / "elsewhere")


@pytest.mark.parametrize("deep", [False, True], ids=["one cell", "a stack of them"])
def test_a_plug_in_that_uses_our_layouts_is_given_our_cells(deep: bool, tmp_path: Path) -> None:
    path = tmp_path / f"by_layouts_{deep}.py"
    path.write_text(BY_LAYOUTS)
    cell = ri.LSTM(2, 3, use_recurrent_bias=True)
    given = ri.Stack((ri.Layer(cell, cell),)) if deep else cell
    rng = np.random.default_rng(0)
    case = Case(given, given.init(rng), rng.standard_normal((4, 5, 2)))
    made = {name: load(f"{path}:{name}") for name in ("Doubled", "Right")}
    folder = elsewhere(tmp_path)
    assert_differs(reproducing_script(made["Doubled"], case, expect(case)), folder, "outputs")
    assert_agrees(reproducing_script(made["Right"], case, expect(case)), folder)


def test_every_number_of_a_script_is_the_number_of_the_case(plug_in: Path) -> None:
    case = example("SimpleRNN", "float32")
    source = reproducing_script(load(f"{plug_in}:Right"), case, expect(case))
    literal = next(line for line in source.splitlines() if line.startswith("    'x': "))
    numbers = ast.literal_eval(literal.partition("np.array(")[2].rpartition(", np.float32")[0])
    assert numbers == case.x.tolist()


def test_a_real_divergence_is_shown_without_this_project(real: tuple[Running, Path], tmp_path: Path) -> None:
    running, path = real
    status, said = running.ended()
    if "not run: " in said:
        pytest.skip(said.strip().splitlines()[-1])
    assert status == 0, said
    source = path.read_text()
    assert imports(source) == {"keras", "numpy", "os", "torch"}
    assert_differs(source, tmp_path, "outputs")


def test_a_mask_is_written_as_numpy_1_knows_it_too() -> None:
    """``np.bool`` is a name of NumPy 2 alone, and a framework's older releases want NumPy 1."""
    case = example().replace(mask=np.array([[True, False, True, True], [True, True, True, False]]))
    printed = reproducing_script(load("oracle"), case, expect(case))
    assert "np.bool_)" in printed
    assert "np.bool)" not in printed
