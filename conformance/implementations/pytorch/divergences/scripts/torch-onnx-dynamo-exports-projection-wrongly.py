"""PyTorch: torch.onnx.export(dynamo=True) writes an LSTM with proj_size as ONNX's LSTM, which has no projection.

The exporter with dynamo=False refuses it; this one writes a model that cannot run.
"""

import io

import onnxruntime
import torch

onnxruntime.set_default_logger_severity(4)
layer, x, file = torch.nn.LSTM(2, 3, proj_size=2).eval(), torch.ones(4, 1, 2), io.BytesIO()
torch.onnx.export(layer, (x,), dynamo=True, verbose=False).save(file)
try:
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    got = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
except Exception as error:
    raise SystemExit(f"exported, but does not run: {error}") from None
print(f"error {abs(got - layer(x)[0].detach().numpy()).max()}")
