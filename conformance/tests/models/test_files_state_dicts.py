"""Files of PyTorch's tensors: the modules that shapes and names tell, run by PyTorch; and what is not read."""

from __future__ import annotations

import json
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from conformance.models.files import checking, drawing, running  # noqa: E402
from conformance.models.files.checking import Check  # noqa: E402
from conformance.models.files.model import CannotRead, Said  # noqa: E402
from conformance.models.files.readers.reading import read  # noqa: E402
from conformance.tests.support import run_forked  # noqa: E402
from conformance.tests.support.readers import read_state_dict  # noqa: E402

MODULES: dict[str, Any] = {
    "encoder.lstm": lambda: torch.nn.LSTM(3, 5, num_layers=2, bidirectional=True),
    "encoder.projected": lambda: torch.nn.LSTM(3, 5, proj_size=4, bidirectional=True),
    "decoder.gru": lambda: torch.nn.GRU(4, 6, num_layers=3),
    "decoder.rnn": lambda: torch.nn.RNN(4, 5, bias=False),
    "step.lstm": lambda: torch.nn.LSTMCell(3, 4),
    "step.gru": lambda: torch.nn.GRUCell(3, 4),
}


@pytest.fixture(autouse=True)
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    forked = run_forked("torch", "conformance.implementations.pytorch.file_runs", running.__name__)
    monkeypatch.setattr(running, "run_kept", forked)


def tensors() -> dict[str, Any]:
    torch.manual_seed(0)
    found = {f"{name}.{key}": value for name, make in MODULES.items() for key, value in make().state_dict().items()}
    return {"embedding.weight": torch.randn(20, 3), **found}


def written(path: Path, content: dict[str, Any]) -> Path:
    """A safetensors file by its plain format."""
    header, data = {}, b""
    for name, value in content.items():
        raw = value.numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def checked(path: Path, **said: Any) -> Check:
    model = read(path, Said(**said))
    return checking.check(model, drawing.drawn(model), (), Said(**said))


def test_modules_of_a_pt_file_agree_whatever_they_are_called(tmp_path: Path) -> None:
    torch.save(OrderedDict(tensors()), tmp_path / "all.pt")
    found = checked(tmp_path / "all.pt", batch_first=True)
    assert found.agrees
    (ran,) = found.runs
    assert ran.verdict is not None
    assert [each.place for each in ran.verdict.layers] == list(MODULES)
    assert [each.verdict for each in ran.verdict.layers] == ["agrees"] * len(MODULES)
    assert any("1 other tensors" in note for note in found.model.notes)
    assert any("--activation says otherwise" in note for note in found.model.notes)


def test_a_safetensors_file_is_the_same_model(tmp_path: Path) -> None:
    torch.save({"model": {"state": tensors()}}, tmp_path / "all.pt")
    one = read(tmp_path / "all.pt")
    other = read(written(tmp_path / "all.safetensors", tensors()))
    assert [f"model.state.{each.name}" for each in other.nodes] == [each.name for each in one.nodes]
    for a, b in zip(one.nodes, other.nodes, strict=True):
        assert a.recurrent is not None and b.recurrent is not None  # noqa: PT018
        assert a.recurrent.cell == b.recurrent.cell
        assert all(np.array_equal(a.recurrent.params[key], b.recurrent.params[key]) for key in b.recurrent.params)


def test_what_a_state_dict_does_not_say_can_be_said(tmp_path: Path) -> None:
    torch.save(torch.nn.RNN(3, 4, nonlinearity="relu").state_dict(), tmp_path / "rnn.pt")
    assert checked(tmp_path / "rnn.pt", activation="relu").agrees
    model = read(tmp_path / "rnn.pt", Said(activation="relu"))
    assert model.nodes[0].recurrent is not None
    assert model.nodes[0].recurrent.cell.activation == "relu"


class Evil:
    """What would run code where it is unpickled."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("never"),))


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    torch.save({"weight_ih_l0": torch.ones(3, 2), "other": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(CannotRead, match="PyTorch would run code out of it"):
        read(tmp_path / "evil.pt")
    torch.save(torch.nn.LSTM(2, 3), tmp_path / "module.pt")
    words = r"would run code out of it; save module.state_dict\(\) \(Unsupported global: GLOBAL torch.nn.modules.rnn"
    with pytest.raises(CannotRead, match=words) as caught:
        read(tmp_path / "module.pt")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("content", ["nothing", "text", "half", "code"])
def test_a_damaged_pt_file_is_said_to_be_damaged(content: str, tmp_path: Path) -> None:
    path = tmp_path / "damaged.pt"
    torch.save({"weight_ih_l0": torch.ones(3, 2)}, path)
    if content == "code":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("damaged/constants.pkl", b"no pickle")
    else:
        whole = path.read_bytes()
        path.write_bytes({"nothing": b"", "text": b"hello world\n" * 9, "half": whole[: len(whole) // 2]}[content])
    with pytest.raises(CannotRead, match="does not read it: it is damaged, or no file of PyTorch's") as caught:
        read(path, Said(trust=True))
    assert "\n" not in str(caught.value)


class Net(torch.nn.Module):  # type: ignore[misc, name-defined]
    """Two recurrent modules, one of each order of axes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.LSTM(3, 4, batch_first=True, bidirectional=True)
        self.second = torch.nn.GRU(8, 5)

    def forward(self, x):  # type: ignore[no-untyped-def]
        return self.second(self.first(x)[0].transpose(0, 1))[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def shared(depth: int) -> dict[str, Any]:
    """A mapping of few bytes that unfolds to 2^depth tensors."""
    content: dict[str, Any] = {"weight": torch.zeros(1)}
    for _ in range(depth):
        content = {"a": content, "b": content}
    return content


def endless() -> dict[str, Any]:
    content: dict[str, Any] = {}
    content["a"] = content
    return content


@pytest.mark.parametrize(
    "content",
    [{"weight_ih_l0": torch.zeros(1, dtype=torch.bfloat16).expand(10**10)}, shared(40), endless()],
    ids=["view", "shared", "endless"],
)
def test_a_file_of_a_kilobyte_is_not_unfolded_without_end(content: dict[str, Any], tmp_path: Path) -> None:
    torch.save(content, tmp_path / "small.pt")
    assert (tmp_path / "small.pt").stat().st_size < 10_000
    with pytest.raises(CannotRead, match=r"small\.pt: .*its tensors are of absurd size"):
        read_state_dict(tmp_path / "small.pt")


def test_torchscript_is_loaded_under_trust_alone_and_its_modules_compute_by_its_own_code(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.jit.script(Net()).save(str(tmp_path / "scripted.pt"))
    with pytest.raises(CannotRead, match=r"a TorchScript file, which holds code: --trust"):
        read(tmp_path / "scripted.pt")
    found = checked(tmp_path / "scripted.pt", trust=True)
    assert found.agrees
    layers = [node.recurrent for node in found.model.nodes]
    assert [layer.options["batch_first"] for layer in layers if layer is not None] == [True, False]


def test_a_file_of_torch_export_is_loaded_under_trust_alone(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.export.save(torch.export.export(Net(), (torch.randn(2, 6, 3),)), tmp_path / "exported.pt2")
    with pytest.raises(CannotRead, match=r"a torch.export file, which holds code: --trust"):
        read(tmp_path / "exported.pt2")
    found = checked(tmp_path / "exported.pt2", trust=True)
    assert found.agrees
    assert [node.name for node in found.model.nodes] == ["first", "second"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}}, "asks for"),
        ({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 400]}}, "does not lie where the header says"),
        ({"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, "has the shape"),
        ({"w": {"dtype": "Q4", "shape": [1], "data_offsets": [0, 4]}}, "is broken"),
        ({"w": 3}, "is broken"),
        ([], "its header is broken"),
        ({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, "no recurrent module among them"),
    ],
)
def test_a_broken_safetensors_file_is_one_clear_line(header: Any, words: str, tmp_path: Path) -> None:
    text = json.dumps(header).encode()
    (tmp_path / "x.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
    with pytest.raises(CannotRead, match=words) as caught:
        read(tmp_path / "x.safetensors")
    assert "\n" not in str(caught.value)


def test_a_header_longer_than_the_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(struct.pack("<Q", 2**60) + b"{}")
    with pytest.raises(CannotRead, match="its header has"):
        read(tmp_path / "x.safetensors")
