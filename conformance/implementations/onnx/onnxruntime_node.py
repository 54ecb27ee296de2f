"""ONNX Runtime's packages for JavaScript, run in Node: its native binding, and its WebAssembly, as browsers run it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from .. import node
from ..node import as_json, ask_node, from_json
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


def ask_onnxruntime(package: str, model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """The outputs of these names, as the package of npm computes them in a Node that stays."""
    given = {name: as_json(array) for name, array in inputs.items()}
    question = {"model": base64.b64encode(model).decode(), "inputs": given, "outputs": outputs}
    return [from_json(one) for one in ask_node(SERVER, package, question)]


def run_onnxruntime_node(model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """As ``onnxruntime-node`` computes them."""
    return ask_onnxruntime("onnxruntime-node", model, inputs, outputs)


def run_onnxruntime_web(model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """As ``onnxruntime-web`` computes them, in WebAssembly."""
    return ask_onnxruntime("onnxruntime-web", model, inputs, outputs)


class _InNode(OnnxRuntimeKernels):
    """What both packages share: tensors of JavaScript are float32 and float16."""

    imports = f"{node.IMPORTS}\nSERVER = {SERVER!r}"
    helpers = (*node.HELPERS, ask_onnxruntime)
    dtypes: Sequence[str] = ("float32", "float16")
    cells: Sequence[Mapping[str, Any]] = operators.entries(dtypes, operators.PATHS, every_triple_of_activations=False)
    refused = OnnxRuntimeKernels.refused[:2]

    def __init__(self) -> None:
        version = node.installed_version(self.name, f"require({self.name!r}).env.versions.common")
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
