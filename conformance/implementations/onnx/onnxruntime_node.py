"""ONNX Runtime's packages for JavaScript, run in Node: its native binding, and its WebAssembly, as browsers run it."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from . import operators
from .onnxruntime_kernels import OnnxRuntimeKernels

SERVER = """
const ort = require(process.argv[1]), kinds = { float32: Float32Array, int32: Int32Array, float16: Uint16Array };
ort.env.logLevel = "fatal";
if (ort.env.wasm) ort.env.wasm.numThreads = 1;
async function answer({ model, inputs, outputs }) {
  const session = await ort.InferenceSession.create(Buffer.from(model, "base64"), { intraOpNumThreads: 1 });
  const feeds = {}, found = [];
  for (const [name, { dtype, shape, data }] of Object.entries(inputs)) {
    const bytes = Uint8Array.from(Buffer.from(data, "base64"));
    feeds[name] = new ort.Tensor(dtype, new kinds[dtype](bytes.buffer), shape);
  }
  const results = await session.run(feeds, outputs);
  for (const name of outputs) {
    const { type, dims, data } = results[name];
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    found.push({ dtype: type, shape: dims, data: bytes.toString("base64") });
  }
  await session.release();
  return { found };
}
require("readline").createInterface({ input: process.stdin }).on("line", async (line) =>
  console.log(JSON.stringify(await answer(JSON.parse(line)).catch((error) => ({ error: String(error) })))));
"""
NODES: dict[str, Any] = {}


def ask_node(package: str, model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """The outputs of these names, as the package of npm computes them in a Node that stays."""
    if package not in NODES:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        NODES[package] = subprocess.Popen(["node", "-e", SERVER, package], **pipes)
    given = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
    encoded = {
        name: {"dtype": array.dtype.name, "shape": array.shape, "data": base64.b64encode(array.tobytes()).decode()}
        for name, array in given.items()
    }
    request = {"model": base64.b64encode(model).decode(), "inputs": encoded, "outputs": outputs}
    NODES[package].stdin.write(json.dumps(request) + "\n")
    NODES[package].stdin.flush()
    line = NODES[package].stdout.readline()
    if not line:
        raise RuntimeError(f"Node ended with status {NODES.pop(package).wait()}")
    answer = json.loads(line)
    if "error" in answer:
        raise RuntimeError(answer["error"])
    found = [(base64.b64decode(one["data"]), one["dtype"], one["shape"]) for one in answer["found"]]
    return [np.frombuffer(data, dtype).reshape(shape) for data, dtype, shape in found]


def run_onnxruntime_node(model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """As ``onnxruntime-node`` computes them."""
    return ask_node("onnxruntime-node", model, inputs, outputs)


def run_onnxruntime_web(model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """As ``onnxruntime-web`` computes them, in WebAssembly."""
    return ask_node("onnxruntime-web", model, inputs, outputs)


def installed_version(package: str) -> str:
    """The version of a package of npm that Node finds; `ModuleNotFoundError` where there is no package or no Node."""
    ask = ["node", "-p", f"require({package!r}).env.versions.common"]
    try:
        done = subprocess.run(ask, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ModuleNotFoundError("No module named 'node'", name="node") from None
    if done.returncode:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    return done.stdout.strip()


class _InNode(OnnxRuntimeKernels):
    """What both packages share: tensors of JavaScript are float32 and float16."""

    imports = (
        f"import base64\nimport json\nimport subprocess\nfrom typing import Any\nSERVER = {SERVER!r}\nNODES = {{}}"
    )
    helpers = (ask_node,)
    dtypes: Sequence[str] = ("float32", "float16")
    cells: Sequence[Mapping[str, Any]] = operators.entries(dtypes, operators.PATHS, every_triple_of_activations=False)
    refused = OnnxRuntimeKernels.refused[:2]

    def __init__(self) -> None:
        version = installed_version(self.name)
        self.versions: Mapping[str, str] = {self.name: version, "onnxruntime": version, "onnx": onnx.__version__}


class OnnxRuntimeNode(_InNode):
    """``onnxruntime-node``: the native kernels."""

    name = "onnxruntime-node"
    path = "onnxruntime-node cpu"
    run = staticmethod(run_onnxruntime_node)


class OnnxRuntimeWeb(_InNode):
    """``onnxruntime-web``: the kernels as WebAssembly."""

    name = "onnxruntime-web"
    path = "onnxruntime-web wasm"
    run = staticmethod(run_onnxruntime_web)
