"""IREE: ONNX models imported by torch-mlir, compiled for the CPU by LLVM (options: `operators`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import iree.runtime
import numpy as np
import onnx
from iree.compiler import ir, tools
from iree.compiler.extras import onnx_importer

from . import operators


def run_iree(model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """The outputs of these names, as a module that IREE compiles for this CPU computes them."""
    loaded = onnx.shape_inference.infer_shapes(onnx.load_from_string(model))
    info = onnx_importer.ModelInfo(loaded)
    module = info.create_module(context=ir.Context()).operation
    onnx_importer.NodeImporter.define_function(info.main_graph, module).import_all()
    options = ["--iree-llvmcpu-target-cpu=host", "--iree-opt-level=O0"]
    binary = tools.compile_str(str(module), input_type="onnx", target_backends=["llvm-cpu"], extra_args=options)
    called = iree.runtime.load_vm_flatbuffer(binary, driver="local-sync")[loaded.graph.name]
    found = called(*(inputs[one.name] for one in loaded.graph.input))
    return [np.array(each) for each in (found if isinstance(found, tuple | list) else [found])]


ILLEGAL = "that was explicitly marked illegal"


class Iree(operators.OnnxNode):
    """``iree.compiler`` to ``llvm-cpu``, run by ``iree.runtime`` on ``local-sync``."""

    name = "iree"
    versions: Mapping[str, str] = {
        "iree-base-compiler": version("iree-base-compiler"),
        "iree-base-runtime": version("iree-base-runtime"),
        "onnx": onnx.__version__,
    }
    path = "iree llvm-cpu"
    imports = (
        "import iree.runtime\nimport onnx\n"
        "from iree.compiler import ir, tools\nfrom iree.compiler.extras import onnx_importer"
    )
    run = staticmethod(run_iree)
    own_process = True
    expensive = True
    refused: Sequence[Mapping[str, Any]] = [
        {"when": when, "reason": reason, "message": message}
        for when, reason, message in (
            ({"size_attribute": ("omitted",)}, "IREE wants the attribute hidden_size, which is optional", ILLEGAL),
            ({"direction": ("backward",)}, "IREE has no direction reverse", ILLEGAL),
            (
                {"kind": ("SimpleRNN", "GRU"), "direction": ("both",)},
                "IREE has two directions of an LSTM only",
                ILLEGAL,
            ),
            ({"kind": ("GRU", "LSTM"), "clip": (True,)}, "IREE has no clip", ILLEGAL),
            ({"input_forget": (True,)}, "IREE has no input_forget", ILLEGAL),
            ({"layout": (1,), "direction": ("both",)}, "IREE has layout 1 in one direction only", "static_info_cast"),
            ({"kind": ("SimpleRNN", "GRU"), "shapes": ("dynamic",)}, "IREE has open sizes of an LSTM only", "fill"),
        )
    ]
