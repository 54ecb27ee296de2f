"""tract: an RNN whose batch is open and whose initial state is left out ends the whole process by SIGABRT."""

import subprocess
import sys

CHILD = """
import pathlib, sys, tempfile, tract
from onnx import parser
model = parser.parse_model('<ir_version: 8, opset_import: ["": 14]> g (float[time,batch,1] X) => (float[1,batch,1] Y_h)'
    ' <float[1,1,1] W = {1}> { Y, Y_h = RNN <hidden_size = 1> (X, W, W) }')
path = pathlib.Path(tempfile.mkdtemp(), "model.onnx")
path.write_bytes(model.SerializeToString())
tract.onnx().load(path).into_model()
"""
ended = subprocess.run([sys.executable, "-c", CHILD], capture_output=True)
print(f"exit status {ended.returncode}: {ended.stderr.decode()[:200]}")
raise SystemExit(1 if ended.returncode < 0 else 0)
